import { ConclaveError, LockLostError } from "../errors.ts";
import { compare } from "../kv/compare.ts";
import type { KeyValue } from "../kv/key-value.ts";
import type { Bytes } from "../kv/keys.ts";
import { op } from "../kv/op.ts";
import { drawNonce } from "../runtime.ts";
import type { Session } from "../session/session.ts";
import type { Coordination } from "./coordination.ts";

/** Which kind of ownership a queue decides about, for the code of its errors. */
export type LossCode = "LOCK_LOST" | "LEADERSHIP_LOST";

/**
 * One place in the queue of a name: the key `<name>/<lease hex>-<nonce>`, ordered by create revision.
 *
 * Any key under the prefix takes part in the queue, which is how Go's `concurrency` package, `etcdctl lock` and
 * `elect`, and the `v3lock` and `v3election` services see it too. The nonce makes each attempt a key of its own, so that
 * two holds on one session are two, and an answer that got lost is settled by looking for the key.
 */
export interface QueueEntry {
  readonly name: string;
  readonly key: string;
  readonly session: Session;
  readonly leaseId: bigint;
  /** Orders the queue; the fence of whoever becomes first with it. */
  readonly createRevision: number;
  /**
   * Whether an attempt to create the key was answered by silence. Such a request may still be under way somewhere and
   * create the key again after it was deleted.
   */
  readonly wasUncertain: boolean;
  /** Whether nobody stood before it when it was created. */
  readonly wasFirst: boolean;
}

const OLDEST = { limit: 1, sort: { by: "create", order: "ascend" }, keysOnly: true } as const;

export const queuePrefix = (name: string): string => `${name}/`;

/** The key of a new entry on `leaseId`. */
export function newEntryKey(coordination: Coordination, name: string, leaseId: bigint): string {
  const nonce = drawNonce(coordination.runtime.prng);
  return `${queuePrefix(name)}${leaseId.toString(16)}-${nonce}`;
}

/**
 * Puts a new entry at the end of the queue. On any failure the entry is gone, or will be.
 * @throws ConclaveError, SessionLostError, or the signal's reason
 */
export async function enterQueue(
  coordination: Coordination,
  session: Session,
  name: string,
  value: Bytes,
  signal: AbortSignal,
): Promise<QueueEntry> {
  const leaseId = await session.open({ signal });
  const key = newEntryKey(coordination, name, leaseId);
  let wasUncertain = false;
  try {
    for (;;) {
      try {
        const created = await createEntry(coordination, key, name, value, leaseId, signal);
        return { name, key, session, leaseId, wasUncertain, ...created };
      } catch (error) {
        if (!isUncertain(error) || signal.aborted) throw error;
        wasUncertain = true;
        const found = await coordination.kv.get(key, { signal });
        if (found === null) continue; // The same key again: creating it twice is not possible.
        const { createRevision } = found;
        return { name, key, session, leaseId, wasUncertain, createRevision, wasFirst: false };
      }
    }
  } catch (error) {
    throw abandoned(coordination, session, key, signal, error);
  }
}

/** Cleans up after an entry that was given up, and returns the error to throw. */
function abandoned(
  coordination: Coordination,
  session: Session,
  key: string,
  signal: AbortSignal,
  error: unknown,
): unknown {
  if (error instanceof ConclaveError && error.code === "LEASE_NOT_FOUND") {
    session.onLeaseNotFound();
    return session.signal.reason;
  }
  coordination.debris.add(session, key, { again: true });
  return signal.aborted ? signal.reason : error;
}

async function createEntry(
  coordination: Coordination,
  key: string,
  name: string,
  value: Bytes,
  leaseId: bigint,
  signal: AbortSignal,
): Promise<Pick<QueueEntry, "createRevision" | "wasFirst">> {
  const oldest = op.getAll({ prefix: queuePrefix(name) }, OLDEST);
  const { revision, succeeded, results } = await coordination
    .txn()
    .if(compare({ key }).absent())
    .then(op.put(key, value, { leaseId }), oldest)
    .else(op.get(key), oldest)
    .commit({ signal });
  const createRevision = succeeded ? revision : (results[0]?.createRevision ?? revision);
  const wasFirst = results[1].items[0]?.keyText === key;
  return { createRevision, wasFirst };
}

/**
 * Puts an entry into the queue of `name` if it is empty: one transaction, which writes nothing otherwise.
 * @returns null if the queue was not empty
 */
export async function enterEmptyQueue(
  coordination: Coordination,
  session: Session,
  name: string,
  value: Bytes,
  signal: AbortSignal,
): Promise<QueueEntry | null> {
  const leaseId = await session.open({ signal });
  const key = newEntryKey(coordination, name, leaseId);
  const entryOf = (createRevision: number, wasUncertain: boolean): QueueEntry => {
    return { name, key, session, leaseId, createRevision, wasUncertain, wasFirst: true };
  };
  try {
    const { succeeded, revision } = await coordination
      .txn()
      .if(compare({ prefix: queuePrefix(name) }).absent())
      .then(op.put(key, value, { leaseId }))
      .commit({ signal });
    return succeeded ? entryOf(revision, false) : null;
  } catch (error) {
    if (!isUncertain(error) || signal.aborted) {
      throw abandoned(coordination, session, key, signal, error);
    }
    const found = await settle(coordination, session, key, signal);
    return found === null ? null : entryOf(found.createRevision, true);
  }
}

/** Looks whether the key was created after all. If not, whatever may still create it is cleaned away. */
async function settle(
  coordination: Coordination,
  session: Session,
  key: string,
  signal: AbortSignal,
): Promise<KeyValue | null> {
  let found: KeyValue | null = null;
  try {
    found = await coordination.kv.get(key, { signal });
    return found;
  } finally {
    if (found === null) coordination.debris.add(session, key, { again: true });
  }
}

/**
 * Waits until nobody stands before the entry, and proves it by a linearizable read that finds the entry itself: a
 * waiter whose own key went away must not take the lead (failure mode 4, the phantom leader).
 * On any failure the entry is gone, or will be.
 * @returns the revision of that read
 * @throws LockLostError if the entry is gone; the signal's reason
 */
export async function waitUntilFirst(
  coordination: Coordination,
  entry: QueueEntry,
  code: LossCode,
  signal: AbortSignal,
): Promise<number> {
  try {
    for (;;) {
      const { revision, predecessor } = await lookAhead(coordination, entry, code, signal);
      if (predecessor === null) return revision;
      await untilEitherGoes(coordination, predecessor.key, entry.key, revision + 1, signal);
    }
  } catch (error) {
    coordination.debris.add(entry.session, entry.key, { again: entry.wasUncertain });
    throw signal.aborted ? signal.reason : error;
  }
}

async function lookAhead(
  coordination: Coordination,
  entry: QueueEntry,
  code: LossCode,
  signal: AbortSignal,
): Promise<{ readonly revision: number; readonly predecessor: KeyValue | null }> {
  const ahead = {
    maxCreateRevision: entry.createRevision - 1,
    limit: 1,
    sort: { by: "create", order: "descend" },
    keysOnly: true,
  } as const;
  const { revision, results } = await coordination
    .txn()
    .then(op.get(entry.key), op.getAll({ prefix: queuePrefix(entry.name) }, ahead))
    .commit({ signal });
  const [own, predecessors] = results as [KeyValue | null, { items: readonly KeyValue[] }];
  if (own?.createRevision !== entry.createRevision) {
    throw new LockLostError(code, "not-applied", entry.name, "deleted");
  }
  return { revision, predecessor: predecessors.items[0] ?? null };
}

/** Resolves when one of two keys is deleted at or after a revision, or the answer may have been compacted away. */
function untilEitherGoes(
  coordination: Coordination,
  predecessorKey: Uint8Array,
  ownKey: string,
  startRevision: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stops: (() => void)[] = [];
    const settle = (act: () => void) => () => {
      for (const stop of stops.splice(0)) stop();
      act();
    };
    for (const key of [predecessorKey, ownKey]) {
      const subscription = coordination.onDeleted(key, startRevision, settle(resolve), (error) =>
        error.code === "COMPACTED" ? settle(resolve)() : settle(() => reject(error))(),
      );
      stops.push(() => subscription.close());
    }
    const onAbort = settle(() => reject(signal.reason));
    stops.push(() => signal.removeEventListener("abort", onAbort));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function isUncertain(error: unknown): boolean {
  return error instanceof ConclaveError && error.outcome === "unknown";
}
