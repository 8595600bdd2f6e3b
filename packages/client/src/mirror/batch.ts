import type { ConclaveError } from "../errors.ts";

/**
 * What changed in a mirror since the batch before. Applying every batch to an empty map makes the mirror.
 *
 * @example
 * ```ts
 * const prices = new Map<string, number>(); // kept up to date from batches
 * await client.kv.put("prices/tea", "3");
 * await using mirror = await client.mirror("prices/", ({ text }) => Number(text));
 * for await (const { puts, deletes, invalid, revision, resync } of mirror.changes()) {
 *   for (const key of deletes) prices.delete(key);
 *   for (const [key, price] of puts) prices.set(key, price);
 *   for (const error of invalid.values()) console.log(error.message);
 *   console.log(`${prices.size} prices as of ${revision}`, resync ? "read anew" : "changed");
 *   break;
 * }
 * ```
 */
export interface MirrorBatch<T> {
  /** Keys written, with their values now. */
  readonly puts: ReadonlyMap<string, T>;
  /** Keys gone. It may name some that no batch has put. */
  readonly deletes: ReadonlySet<string>;
  /** Keys that were written with a value that is not valid, and why; the mirror keeps the last good one, if any. */
  readonly invalid: ReadonlyMap<string, ConclaveError>;
  /** Store revision that the mirror shows with this batch. */
  readonly revision: number;
  /**
   * The prefix was read anew, at the start or because the watch could not go on: puts and deletes are the difference, and
   * what happened in between is not known.
   */
  readonly resync: boolean;
}

/** Changes that a reader has not taken yet, the later ones over the earlier: it holds each key at most once. */
export class PendingBatch<T> implements MirrorBatch<T> {
  readonly puts = new Map<string, T>();
  readonly deletes = new Set<string>();
  readonly invalid = new Map<string, ConclaveError>();
  revision = 0;
  resync = false;

  merge(batch: MirrorBatch<T>): void {
    for (const key of batch.deletes) {
      this.puts.delete(key);
      this.invalid.delete(key);
      this.deletes.add(key);
    }
    for (const [key, value] of batch.puts) {
      this.deletes.delete(key);
      this.invalid.delete(key);
      this.puts.set(key, value);
    }
    for (const [key, error] of batch.invalid) this.invalid.set(key, error);
    this.revision = batch.revision;
    this.resync ||= batch.resync;
  }
}
