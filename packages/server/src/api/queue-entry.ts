import {
  CompareResult,
  CompareTarget,
  type EtcdError,
  type ResponseHeader,
  SortOrder,
  SortTarget,
} from "@conclave/wire";
import { EtcdFailure } from "./errors.ts";
import { type LocalClient, prefixEnd, toBytes } from "./local-client.ts";

/** A place in the queue of all keys under a prefix, ordered by create revision. */
export interface QueueEntry {
  readonly key: Uint8Array;
  readonly createRevision: number;
  readonly lease: bigint;
}

/**
 * Creates the entry `<prefix><lease in hex>`, or finds it: the same lease twice is the same place (etcd's lock is
 * re-entrant by lease).
 */
export async function joinQueue(
  client: LocalClient,
  place: { readonly prefix: string; readonly lease: bigint; readonly value: Uint8Array },
): Promise<QueueEntry & { readonly existed: boolean }> {
  const key = toBytes(place.prefix + BigInt.asUintN(64, place.lease).toString(16));
  const isAbsent = {
    result: CompareResult.EQUAL,
    target: CompareTarget.CREATE,
    key,
    createRevision: 0,
  };
  const answer = await client.txn({
    compare: [isAbsent],
    success: [{ requestPut: { key, value: place.value, lease: place.lease } }],
    failure: [{ requestRange: { key } }],
  });
  const existing = answer.responses[0]?.responseRange?.kvs[0];
  const createRevision = existing?.createRevision ?? answer.header?.revision ?? 0;
  return { key, createRevision, lease: place.lease, existed: existing !== undefined };
}

/** This entry only: another of the same lease, which came later, has the same key. */
async function leaveQueue(client: LocalClient, entry: QueueEntry): Promise<void> {
  const { key, createRevision } = entry;
  const isThisEntry = {
    result: CompareResult.EQUAL,
    target: CompareTarget.CREATE,
    key,
    createRevision,
  };
  await client.txn({
    compare: [isThisEntry],
    success: [{ requestDeleteRange: { key } }],
  });
}

/**
 * Waits until every entry under the prefix that is older than `createRevision` is gone, watching only the youngest of
 * them, so that each release wakes one waiter.
 */
async function waitForTurn(
  client: LocalClient,
  prefix: string,
  createRevision: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const older = await client.range({
      key: toBytes(prefix),
      rangeEnd: toBytes(prefixEnd(prefix)),
      limit: 1,
      maxCreateRevision: createRevision - 1,
      sortOrder: SortOrder.DESCEND,
      sortTarget: SortTarget.CREATE,
      keysOnly: true,
    });
    const predecessor = older.kvs[0];
    if (predecessor === undefined) return;
    const startRevision = (older.header?.revision ?? 0) + 1;
    for await (const change of client.watch({ key: predecessor.key, startRevision }, signal)) {
      if (change.kv === null) break;
    }
    signal.throwIfAborted();
  }
}

/** What a caller without a lease gets: one of this many seconds, as in etcd, which nobody renews. */
const ORPHAN_LEASE_TTL_SECONDS = 60;

/**
 * The lease whose entry is in the queue: keys are named by it, so callers without one must not share the name "0".
 */
export function leaseOrNew(client: LocalClient, lease: bigint): Promise<bigint> {
  return lease === 0n ? client.grantLease(ORPHAN_LEASE_TTL_SECONDS) : Promise.resolve(lease);
}

/**
 * Waits until the entry is first and proves that it is still there. A caller that goes away meanwhile leaves nothing
 * behind that others would wait for.
 * @returns the header of the proof: at its revision the entry was first, which it need not be any more
 * @throws EtcdFailure with `lostError` if the entry is gone
 */
export async function waitInQueue(
  client: LocalClient,
  prefix: string,
  entry: QueueEntry & { readonly existed: boolean },
  lostError: EtcdError,
  signal: AbortSignal,
): Promise<ResponseHeader> {
  try {
    await waitForTurn(client, prefix, entry.createRevision, signal);
    const header = await requireOwnKey(client, entry, lostError);
    if (!entry.existed) signal.throwIfAborted();
    return header;
  } catch (error) {
    // An entry that was there before may be held by another call, unless it was seen to wait.
    const isOurs = !entry.existed || error === signal.reason;
    if (signal.aborted && isOurs) await leaveQueue(client, entry);
    throw error;
  }
}

/** The turn has come only if the own key is still there: its lease may have died in the queue (etcd 11456). */
async function requireOwnKey(
  client: LocalClient,
  entry: QueueEntry,
  error: EtcdError,
): Promise<ResponseHeader> {
  const own = await client.range({ key: entry.key });
  if (own.kvs[0]?.createRevision !== entry.createRevision) throw new EtcdFailure(error);
  return own.header ?? client.header();
}
