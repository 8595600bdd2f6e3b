import type { ByteString } from "@conclave/base";
import type { KeyValue } from "../kv/key-value.ts";
import { type Op, op } from "../kv/op.ts";
import type { Encoded } from "../kv/value-codec.ts";
import type { Coordination } from "../ownership/coordination.ts";

/** A pair as a transaction has seen it. */
export interface Seen extends Encoded {
  readonly modRevision: number;
}

/** What the store held at one revision, as far as it was read. */
export interface Snapshot {
  readonly revision: number;
  /** Pairs by key; null for an absent key. */
  readonly pairs: ReadonlyMap<ByteString, Seen | null>;
  /** Pairs by prefix, each list in the order of its keys. */
  readonly ranges: ReadonlyMap<string, readonly KeyValue[]>;
}

/** Operations of one read request. Count; etcd's default of `--max-txn-ops`. */
const OPS_PER_READ = 128;

/** Reads for one attempt: at the revision of its first read, or each at the latest. */
export class SnapshotReader {
  readonly #coordination: Coordination;
  readonly #isSnapshot: boolean;
  readonly #signal: AbortSignal;
  /** The first read, which finds the revision; the others wait for it. */
  #first: Promise<number> | null = null;

  constructor(
    coordination: Coordination,
    isSnapshot: boolean,
    signal: AbortSignal,
    known: Snapshot | null,
  ) {
    this.#coordination = coordination;
    this.#isSnapshot = isSnapshot;
    this.#signal = signal;
    if (known !== null) this.#first = Promise.resolve(known.revision);
  }

  /**
   * The pairs of single keys, position by position.
   * @throws CompactedError if the revision of the attempt is gone
   */
  async keys(keys: readonly Uint8Array[]): Promise<readonly (KeyValue | null)[]> {
    const found: (KeyValue | null)[] = [];
    for (let from = 0; from < keys.length; from += OPS_PER_READ) {
      const some = keys.slice(from, from + OPS_PER_READ);
      const pairs = await this.#read((at) => some.map((key) => op.get(key, at)));
      found.push(...pairs);
    }
    return found;
  }

  /** @throws CompactedError if the revision of the attempt is gone */
  async range(prefix: string): Promise<readonly KeyValue[]> {
    const [range] = await this.#read((at) => [op.getAll({ prefix }, at)]);
    return range!.items;
  }

  /** The revision that the reads were of; null if there was none, or each was of the latest. */
  async revision(): Promise<number | null> {
    return this.#isSnapshot ? this.#first : null;
  }

  async #read<Result>(
    opsAt: (at: { readonly revision?: number }) => readonly Op<Result>[],
  ): Promise<readonly Result[]> {
    if (!this.#isSnapshot) return (await this.#send(opsAt({}))).results;
    if (this.#first !== null) {
      // Linearizable, so that a member that is behind catches up instead of refusing (etcd#11963).
      return (await this.#send(opsAt({ revision: await this.#first }))).results;
    }
    const sent = this.#send(opsAt({}));
    // The header's revision: the keys' own would be too old for all but the oldest (npm etcd3's STM).
    this.#first = sent.then(({ revision }) => revision);
    this.#first.catch(() => {
      this.#first = null;
    });
    return (await sent).results;
  }

  async #send<Result>(ops: readonly Op<Result>[]) {
    const { revision, results } = await this.#coordination
      .txn()
      .then(...ops)
      .commitAs("read", { signal: this.#signal });
    return { revision, results: results as readonly Result[] };
  }
}
