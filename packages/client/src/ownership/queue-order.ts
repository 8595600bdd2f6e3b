import type { ByteString } from "@conclave/base";

/**
 * What an entry of a queue asks for. The order of the queue, by create revision, is the order of asking; nobody overtakes.
 * - `exclusive`: nobody else. Also what entries of other clients ask for (Go, `etcdctl`, `v3lock`), whatever their value
 * - `shared`: nobody who asked before for anything but `shared`
 * - `permits`: so many out of `of`, which everybody in the queue has to agree on
 */
export type Claim =
  | { readonly kind: "exclusive" }
  | { readonly kind: "shared" }
  | { readonly kind: "permits"; readonly permits: number; readonly of: number };

export const EXCLUSIVE: Claim = { kind: "exclusive" };

/** An entry as others see it. */
export interface Place {
  /** Without the namespace; a foreign key may be no text. */
  readonly key: ByteString;
  readonly createRevision: number;
  readonly claim: Claim;
}

/** Reads the claim out of an entry's value. What is not ours to understand is exclusive, which is always safe. */
export function claimOf(value: string): Claim {
  if (!value.startsWith("{")) return EXCLUSIVE;
  let said: unknown;
  try {
    said = JSON.parse(value);
  } catch {
    return EXCLUSIVE;
  }
  const { mode, permits, of } = said as Record<string, unknown>;
  if (mode === "shared") return { kind: "shared" };
  if (isCount(permits) && isCount(of) && permits <= of) return { kind: "permits", permits, of };
  return EXCLUSIVE;
}

/** What an entry's value says of its claim. */
export function claimFields(claim: Claim): Readonly<Record<string, unknown>> {
  if (claim.kind === "shared") return { mode: "shared" };
  if (claim.kind === "permits") return { permits: claim.permits, of: claim.of };
  return {};
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/**
 * Those before us, oldest first, of whom one at least has to go before `claim` is granted; none if it is granted. Of
 * several that all have to go, it is the last: a waiter watches one key and is woken once (failure mode 16).
 */
export function obstacles(claim: Claim, ahead: readonly Place[]): readonly Place[] {
  if (claim.kind === "exclusive") return ahead.slice(-1);
  const excluding = ahead.findLast((place) => isExcluding(claim, place.claim));
  if (excluding !== undefined) return [excluding];
  if (claim.kind === "shared") return [];
  // Those who still wait count as well, or a small claim could overtake a large one for ever.
  const taken = ahead.reduce((sum, place) => sum + permitsOf(place.claim), claim.permits);
  return taken <= claim.of ? [] : ahead;
}

/**
 * Why `claim` cannot stand in one queue with those before it, or null. The oldest of them that is not exclusive decides:
 * one that contradicts it is being refused itself.
 */
export function disagreement(claim: Claim, ahead: readonly Place[]): string | null {
  const other = ahead.find(({ claim: each }) => each.kind !== "exclusive")?.claim;
  if (other === undefined || claim.kind === "exclusive") return null;
  if (other.kind !== claim.kind) return "others in the queue ask for permits of it, or share it";
  if (other.kind === "permits" && claim.kind === "permits" && other.of !== claim.of) {
    return `others in the queue ask for permits out of ${other.of}, not out of ${claim.of}`;
  }
  return null;
}

function isExcluding(claim: Claim, before: Claim): boolean {
  return claim.kind === "shared" ? before.kind !== "shared" : before.kind === "exclusive";
}

function permitsOf(claim: Claim): number {
  return claim.kind === "permits" ? claim.permits : 0;
}

/** Where each entry of a whole queue stands: the positions of all that keep it out, none if it is granted. */
export function queuePositions(
  queue: readonly Place[],
): readonly { readonly waitsOn: readonly number[] }[] {
  return queue.map(({ claim }, at) => {
    const ahead = queue.slice(0, at);
    if (obstacles(claim, ahead).length === 0) return { waitsOn: [] };
    const keepsOut = ({ claim: other }: Place) => {
      return claim.kind === "exclusive" || claim.kind === "permits" || isExcluding(claim, other);
    };
    return { waitsOn: [...ahead.keys()].filter((index) => keepsOut(ahead[index]!)) };
  });
}
