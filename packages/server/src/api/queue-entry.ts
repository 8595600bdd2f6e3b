import {
  CompareResult,
  CompareTarget,
  type EtcdError,
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

export async function leaveQueue(client: LocalClient, entry: QueueEntry): Promise<void> {
  await client.deleteRange({ key: entry.key });
}

/**
 * Waits until every entry under the prefix that is older than `createRevision` is gone, watching only the youngest of
 * them, so that each release wakes one waiter.
 */
export async function waitForTurn(
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
      if (change.value === null) break;
    }
    signal.throwIfAborted();
  }
}

/** The turn has come only if the own key is still there: its lease may have died in the queue (etcd 11456). */
export async function requireOwnKey(
  client: LocalClient,
  entry: QueueEntry,
  error: EtcdError,
): Promise<void> {
  const own = await client.range({ key: entry.key });
  if (own.kvs[0]?.createRevision !== entry.createRevision) throw new EtcdFailure(error);
}
