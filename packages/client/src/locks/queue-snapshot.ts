import type { KeyValue } from "../kv/key-value.ts";
import { type Claim, type Place, queuePositions } from "../ownership/queue-order.ts";
import { placeOf } from "../ownership/queue-place.ts";

/** An entry as it stands in its queue. */
export interface StandingEntry {
  readonly name: string;
  readonly kv: KeyValue;
  readonly claim: Claim;
  /** Those before it that keep it out; none if it holds the name. */
  readonly waitingOn: readonly KeyValue[];
}

/**
 * The entries of every queue among some keys, each queue in its order. What is no entry is passed over: an entry's last part
 * is the hexadecimal id of the lease it is on, and with ours a nonce after it.
 */
export function standingEntries(pairs: readonly KeyValue[]): StandingEntry[] {
  const queues = new Map<string, KeyValue[]>();
  for (const kv of pairs) {
    const name = nameOfEntry(kv);
    if (name === null) continue;
    const queue = queues.get(name);
    if (queue === undefined) queues.set(name, [kv]);
    else queue.push(kv);
  }
  return [...queues].flatMap(([name, queue]) => standingIn(name, queue));
}

function nameOfEntry({ keyText, leaseId }: KeyValue): string | null {
  const slash = keyText.lastIndexOf("/");
  if (slash <= 0 || leaseId === 0n) return null;
  const [lease] = keyText.slice(slash + 1).split("-");
  return lease === BigInt.asUintN(64, leaseId).toString(16) ? keyText.slice(0, slash) : null;
}

function standingIn(name: string, queue: KeyValue[]): StandingEntry[] {
  queue.sort((a, b) => a.createRevision - b.createRevision);
  const revisions = new Map<number, number>();
  for (const { createRevision } of queue) {
    revisions.set(createRevision, (revisions.get(createRevision) ?? 0) + 1);
  }
  // A lock-delay stands beside its holder, at the same revision, and counts for itself only when the holder is gone.
  const shown = queue.filter((kv) => !(isDelay(kv) && revisions.get(kv.createRevision) !== 1));
  const places: Place[] = shown.map(placeOf);
  return queuePositions(places).map(({ waitsOn }, at) => ({
    name,
    kv: shown[at]!,
    claim: places[at]!.claim,
    waitingOn: waitsOn.map((index) => shown[index]!),
  }));
}

export function isDelay(kv: KeyValue): boolean {
  return kv.text.startsWith('{"delay":');
}

/** What our entries say about who made them; null for a foreign one. */
export function entryFacts(kv: KeyValue): Readonly<Record<string, unknown>> | null {
  try {
    const facts: unknown = JSON.parse(kv.text);
    return typeof facts === "object" && facts !== null ? { ...facts } : null;
  } catch {
    return null;
  }
}
