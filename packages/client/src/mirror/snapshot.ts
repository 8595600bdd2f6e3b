import { KV, type KeyValue as WireKeyValue } from "@conclave/wire";
import type { KeyRange } from "../kv/keys.ts";
import type { Transport } from "../transport/transport.ts";

/** Pairs asked for at once, so that a large range does not come as one message. Count; Go's mirror uses the same. */
const PAGE_PAIRS_MAX = 1_000;

/** All pairs of a range at one revision. */
export interface Snapshot {
  readonly clusterId: bigint;
  /** Store revision of all pages: watch from `revision + 1` to miss nothing. */
  readonly revision: number;
  readonly pairs: readonly WireKeyValue[];
}

/**
 * Reads a range, page by page at the revision of the first one, which is a linearizable read.
 * @throws CompactedError if that revision was compacted before the last page came: start over
 */
export async function readSnapshot(
  transport: Transport,
  range: KeyRange,
  signal: AbortSignal,
): Promise<Snapshot> {
  const request = { ...range, limit: PAGE_PAIRS_MAX };
  let page = await transport.call(KV.Range, request, "read", { signal });
  const { revision = 0, clusterId = 0n } = page.header ?? {};
  const pairs = [...page.kvs];
  while (page.more) {
    const key = keyAfter(pairs.at(-1)!.key);
    page = await transport.call(KV.Range, { ...request, key, revision }, "read", { signal });
    for (const pair of page.kvs) pairs.push(pair);
  }
  return { clusterId, revision, pairs };
}

/** The least key greater than `key`. */
function keyAfter(key: Uint8Array): Uint8Array {
  const after = new Uint8Array(key.length + 1);
  after.set(key);
  return after;
}
