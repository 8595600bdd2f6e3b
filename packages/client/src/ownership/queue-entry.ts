import { ConclaveError } from "../errors.ts";
import { type Comparison, compare } from "../kv/compare.ts";
import type { KeyValue } from "../kv/key-value.ts";
import type { Bytes } from "../kv/keys.ts";
import { type Op, op, type RangeResult } from "../kv/op.ts";
import type { Session } from "../session/session.ts";
import type { Coordination } from "./coordination.ts";
import type { LocalEntry } from "./local-entries.ts";
import type { Claim } from "./queue-order.ts";

/** Which kind of ownership a queue decides about, for the code of its errors. */
export type LossCode = "LOCK_LOST" | "LEADERSHIP_LOST";

/** What is put into the queues. */
export interface Entering {
  /** The queues: one, or several at once, all or none. */
  readonly names: readonly string[];
  readonly claim: Claim;
  /** What the entry says about who waits. */
  readonly value: Bytes;
  readonly session: Session;
  /** Tells entries of one kind from others by their keys. Default: none. */
  readonly suffix?: string;
  /**
   * Its place among those tasks of this client that stand one behind the other in the queue, in the order in which they asked, and
   * take over from each other: of one name, exclusive and without companions. Whoever made it ends it. Default: none.
   */
  readonly local?: LocalEntry | null;
  /** Keys that are created with the entry on leases of their own, and deleted with it. */
  readonly companions?: readonly Companion[];
}

export interface Companion {
  readonly key: string;
  readonly leaseId: bigint;
  readonly value: Bytes;
}

/**
 * One place in the queue of a name: the key `<name>/<lease hex>-<nonce>`, ordered by create revision. With several names it
 * is one such key in each queue, created at one revision: whoever is before it in one queue is before it in all, so
 * that entries never wait for each other in a circle.
 *
 * Any key under the prefix takes part in the queue, which is how Go's `concurrency` package, `etcdctl lock` and
 * `elect`, and the `v3lock` and `v3election` services see it too. The nonce gives each attempt a key of its own, so that
 * two holds on one session are two, and an answer that got lost is settled by looking for the key. Those of entries that
 * are gone for certain are used again: see {@link EntryNonces}.
 */
export interface QueueEntry {
  readonly names: readonly string[];
  readonly claim: Claim;
  /** In each queue, in the order of `names`. */
  readonly keys: readonly string[];
  readonly companionKeys: readonly string[];
  readonly session: Session;
  readonly leaseId: bigint;
  /** In all of its keys; null if it is not to be used again. */
  readonly nonce: string | null;
  /** Orders the queue; the fence of whoever is granted it. */
  readonly createRevision: number;
  /**
   * Whether an attempt to create the keys was answered by silence. Such a request may still be under way somewhere and
   * create them again after they were deleted.
   */
  readonly wasUncertain: boolean;
  /** Whether nothing stood in its way when it was created. */
  readonly wasGranted: boolean;
  /** Tells the task of this client that comes next how it ends. Null: that has to ask the server. */
  readonly local: LocalEntry | null;
  /** Another task of this client that stood directly before it when it was created, if there was one. */
  readonly before: LocalEntry | null;
}

/** What a thief writes into the entries of those whom it robs, before it deletes them. */
export const STOLEN = "stolen";

export const queuePrefix = (name: string): string => `${name}/`;

/** Ends the keys of candidates, which can step back for one another; a lock in the same queue cannot. */
export const CANDIDATE_SUFFIX = "c";

/** The key of an entry on `leaseId`. */
export function entryKey(name: string, leaseId: bigint, nonce: string): string {
  return `${queuePrefix(name)}${leaseId.toString(16)}-${nonce}`;
}

/** True while nobody stands in the queue of a name. */
export function nobodyIn(name: string): Comparison {
  return compare({ prefix: queuePrefix(name) }).leaseId.eq(0n);
}

/**
 * Puts a new entry at the end of its queues, at one revision. On any failure the entry is gone, or will be.
 * @throws ConclaveError (FAILED_PRECONDITION: the claim contradicts those before it), SessionLostError, or the signal's reason
 */
export async function enterQueue(
  coordination: Coordination,
  entering: Entering,
  signal: AbortSignal,
): Promise<QueueEntry> {
  const { session, names, claim, suffix = "", local = null } = entering;
  const leaseId = await session.open({ signal });
  const nonce = coordination.nonces.take(session);
  const keys = names.map((name) => entryKey(name, leaseId, nonce) + suffix);
  const companionKeys = (entering.companions ?? []).map(({ key }) => key);
  const entry = { names, claim, keys, companionKeys, session, leaseId, nonce, local };
  let wasUncertain = false;
  try {
    for (;;) {
      try {
        const created = await createInOrder(coordination, entering, entry, signal);
        return { ...entry, wasUncertain, ...created };
      } catch (error) {
        if (!isUncertain(error) || signal.aborted) throw error;
        wasUncertain = true;
        local?.repeat();
        const found = await coordination.kv.get(keys[0]!, { signal });
        if (found === null) continue; // The same keys again: creating them twice is not possible.
        const { createRevision } = found;
        local?.stand(createRevision);
        return { ...entry, wasUncertain, createRevision, wasGranted: false, before: null };
      }
    }
  } catch (error) {
    const wasSent = local === null || local.key !== "";
    if (!wasSent) coordination.nonces.giveBack(session, nonce);
    const everyKey = wasSent ? [...keys, ...companionKeys] : [];
    throw abandoned(coordination, session, everyKey, signal, error);
  }
}

/** Cleans up after an entry that was given up, and returns the error to throw. */
export function abandoned(
  coordination: Coordination,
  session: Session,
  keys: readonly string[],
  signal: AbortSignal,
  error: unknown,
): unknown {
  if (error instanceof ConclaveError && error.code === "LEASE_NOT_FOUND") {
    session.onLeaseNotFound();
    return session.signal.reason;
  }
  for (const key of keys) coordination.debris.add(session, key, { again: true });
  return signal.aborted ? signal.reason : error;
}

type Asked = Pick<QueueEntry, "keys" | "leaseId" | "local">;
type Created = Pick<QueueEntry, "createRevision" | "wasGranted" | "before">;

/** Creates it behind the one that was asked for before it, whatever the order in which the server takes requests. */
async function createInOrder(
  coordination: Coordination,
  entering: Entering,
  asked: Asked,
  signal: AbortSignal,
): Promise<Created> {
  const { localEntries } = coordination;
  const behind = asked.local?.behind ?? null;
  if (behind?.isUnderWay && localEntries.reliesOnOrder()) {
    const created = await createEntry(coordination, entering, asked, behind, signal);
    if (created !== null) return created;
    asked.local?.repeat();
    await behind.untilAnswered(signal);
    if (behind.stoodAtOnce) localEntries.noteDisorder();
  }
  // Without a pause if there is none before it: whoever asks next relies on this request having been made.
  if (behind !== null) await behind.untilAnswered(signal);
  return (await createEntry(coordination, entering, asked, null, signal))!;
}

/** @returns null if `behind` does not stand in the queue */
async function createEntry(
  coordination: Coordination,
  { names, claim, value, companions = [] }: Entering,
  { keys, leaseId, local }: Asked,
  behind: LocalEntry | null,
  signal: AbortSignal,
): Promise<Created | null> {
  const puts = [
    ...keys.map((key) => op.put(key, value, { leaseId })),
    ...companions.map((each) => op.put(each.key, each.value, { leaseId: each.leaseId })),
  ];
  const conditions = keys.map((key) => compare({ key }).absent());
  if (behind !== null) conditions.push(compare({ key: behind.key }).exists());
  // An exclusive claim only has to know who is before it, if anybody; others, what all those before them ask for. Its own keys
  // may all lie in one queue, those of `order` and `order/42` in the first.
  const wanted = claim.kind === "exclusive" ? newest(1 + names.length + companions.length) : {};
  const reads = names.map((name) => op.getAll({ prefix: queuePrefix(name) }, wanted));
  const txn = coordination
    .txn()
    .if(...conditions)
    .then(...(puts as Op<unknown>[]), ...reads)
    .else(op.get(keys[0]!), ...reads);
  local?.send(keys[0]!, coordination.runtime.clock.nowMs());
  const { revision, succeeded, results } = await txn.commit({ signal });
  const found = succeeded ? null : (results[0] as KeyValue | null);
  if (behind !== null && !succeeded && found === null) return null;
  const createRevision = found?.createRevision ?? revision;
  // Now, for the answer for whoever is behind it may have come with this one.
  local?.stand(createRevision);
  const queues = results.slice(-names.length) as RangeResult[];
  // The keys of one entry, companions included, share its revision.
  const ahead = queues.map(({ items }) =>
    items.filter((other) => other.createRevision < createRevision),
  );
  const wasGranted =
    claim.kind === "exclusive"
      ? // Of an entry that was found at a second attempt, the newest may be younger, and hide those before it.
        succeeded && ahead.every(({ length }) => length === 0)
      : (await import("./joint-grant.ts")).isGrantedJointly(names, claim, ahead);
  const [last] = succeeded && local !== null ? ahead[0]! : [];
  const before = last === undefined ? null : coordination.localEntries.find(names[0]!, last);
  return { createRevision, wasGranted, before };
}

function newest(limit: number) {
  return { limit, sort: { by: "create", order: "descend" }, keysOnly: true } as const;
}

export function isUncertain(error: unknown): boolean {
  return error instanceof ConclaveError && error.outcome === "unknown";
}
