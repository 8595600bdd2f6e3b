import { type ByteString, bytesOf } from "@conclave/base";
import { type Comparison, compare } from "../kv/compare.ts";
import type { KeyValue } from "../kv/key-value.ts";
import { type Op, op } from "../kv/op.ts";
import type { Seen, Snapshot } from "./snapshot-reader.ts";

/** What an attempt has read. */
export class ReadSet {
  readonly pairs = new Map<ByteString, Seen | null>();
  readonly ranges = new Map<string, readonly ByteString[]>();

  /** The first look at a key counts: what it showed is what must not have changed. */
  add(key: ByteString, pair: Seen | null): void {
    if (!this.pairs.has(key)) this.pairs.set(key, pair);
  }

  addRange(prefix: string, keys: readonly ByteString[]): void {
    this.ranges.set(prefix, keys);
  }

  /** Each key that was read is as it was, or as absent as it was. */
  conditions(): Comparison[] {
    return [...this.pairs].map(([key, pair]) =>
      compare({ key: bytesOf(key) }).modRevision.eq(pair?.modRevision ?? 0),
    );
  }

  /**
   * Nothing in the ranges that were read is younger than the snapshot: no key appeared. (That a key went away shows at the
   * condition of that key.)
   */
  phantomConditions(snapshotRevision: number): Comparison[] {
    return [...this.ranges.keys()].map((prefix) =>
      compare({ prefix }).modRevision.lt(snapshotRevision + 1),
    );
  }

  /** Reads all of it again. */
  refresh(): Op<readonly KeyValue[]>[] {
    const keys = [...this.pairs.keys()].map((key) => op.getAll({ key: bytesOf(key) }));
    const ranges = [...this.ranges.keys()].map((prefix) => op.getAll({ prefix }));
    return [...keys, ...ranges].map(itemsOf);
  }

  /** What {@link refresh} came back with at `revision`. */
  refreshed(revision: number, results: readonly (readonly KeyValue[])[]): Snapshot {
    const keys = [...this.pairs.keys()];
    const pairs = new Map(keys.map((key, at) => [key, results[at]?.[0] ?? null]));
    const prefixes = [...this.ranges.keys()];
    const ranges = new Map(prefixes.map((prefix, at) => [prefix, results[keys.length + at] ?? []]));
    return { revision, pairs, ranges };
  }

  /** The first key that is not as it was read, by a later snapshot. */
  changedIn(snapshot: Snapshot): ByteString | null {
    for (const [key, pair] of [...this.pairs].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const now = snapshot.pairs.get(key);
      if (now !== undefined && now?.modRevision !== pair?.modRevision) return key;
    }
    return null;
  }
}

function itemsOf(ranged: ReturnType<typeof op.getAll>): Op<readonly KeyValue[]> {
  return {
    isRead: true,
    request: ranged.request,
    result: (namespace, response, revision) => ranged.result(namespace, response, revision).items,
  };
}
