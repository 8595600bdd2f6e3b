import { type ByteString, utf8ByteString } from "@conclave/base";
import { OperationLimit } from "../abort.ts";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import { invalidValueError } from "../kv/value-codec.ts";
import type { Coordination } from "../ownership/coordination.ts";
import type { Seen, Snapshot } from "./snapshot-reader.ts";
import { transact } from "./transact.ts";
import type { Transaction } from "./transaction.ts";

/** Numbers that nobody else will get. */
export interface NumberBlock extends Iterable<number> {
  /** The lowest of them. */
  readonly first: number;
  /** The highest of them. */
  readonly last: number;
}

/**
 * A number that many processes count up together, kept under one key as a decimal text. Every addition takes effect exactly
 * once: a lost answer is settled, not repeated. Numbers are safe integers. Made by {@link Client.counter}.
 *
 * Under contention an addition is a transaction like others: it goes again, and then takes its turn. Those who need many
 * numbers take a block at a time.
 */
export interface Counter {
  /**
   * Adds `amount`, and returns the sum.
   * @throws RangeError if the amount or the sum is no safe integer, after which nothing is changed; ConclaveError
   *   INVALID_VALUE if the key holds something else than a number
   * @example
   * ```ts
   * const views = client.counter("views");
   * await views.add();
   * console.log(await views.add(10), await views.get());
   * ```
   */
  add(amount?: number, options?: CallOptions): Promise<number>;
  /**
   * The sum now, by a linearizable read; 0 before the first addition.
   * @throws ConclaveError UNAVAILABLE, TIMEOUT, CANCELLED; INVALID_VALUE if the key holds something else
   */
  get(options?: CallOptions): Promise<number>;
  /**
   * The next `size` numbers, in one round trip. Those that are not used are lost.
   * @throws as `add` does
   * @example
   * ```ts
   * const ids = await client.counter("ids").block(1000);
   * for (const id of ids) if (id < ids.first + 3) console.log(`order ${id}`);
   * ```
   */
  block(size: number, options?: CallOptions): Promise<NumberBlock>;
}

/** The {@link Counter} of one key. */
export class CounterKey implements Counter {
  readonly #coordination: Coordination;
  readonly #key: string;
  readonly #id: ByteString;
  /** What the key last held as far as this client knows: mostly that saves the read. */
  #known: Snapshot;

  constructor(coordination: Coordination, key: string) {
    this.#coordination = coordination;
    this.#key = key;
    this.#id = utf8ByteString(key);
    this.#known = this.#snapshot(0, null);
  }

  async add(amount = 1, options: CallOptions = {}): Promise<number> {
    if (!Number.isSafeInteger(amount)) throw new RangeError("amount: a safe integer");
    const body = async (tx: Transaction) => {
      const text = await tx.get(this.#key);
      const sum = numberOf(this.#key, text) + amount;
      if (!Number.isSafeInteger(sum)) {
        throw new RangeError(`${this.#key}: ${sum} is beyond the safe integers`);
      }
      tx.put(this.#key, String(sum));
      return sum;
    };
    const done = await this.#inTurn(options, (limits) =>
      transact(this.#coordination, body, limits, this.#known),
    );
    if (done.revision > this.#known.revision) {
      const value = new TextEncoder().encode(String(done.value));
      this.#known = this.#snapshot(done.revision, { value, modRevision: done.revision });
    }
    return done.value;
  }

  async get(options: CallOptions = {}): Promise<number> {
    const pair = await this.#coordination.kv.get(this.#key, options);
    return numberOf(this.#key, pair?.text ?? null);
  }

  async block(size: number, options: CallOptions = {}): Promise<NumberBlock> {
    if (!(Number.isSafeInteger(size) && size >= 1)) {
      throw new RangeError("size: a whole number from 1 on");
    }
    const last = await this.add(size, options);
    const first = last - size + 1;
    return {
      first,
      last,
      *[Symbol.iterator]() {
        for (let number = first; number <= last; number += 1) yield number;
      },
    };
  }

  /** Additions of one client would only run into each other. */
  async #inTurn<Result>(
    options: CallOptions,
    act: (limits: { readonly signal: AbortSignal }) => Promise<Result>,
  ): Promise<Result> {
    const { localQueue, runtime } = this.#coordination;
    using limit = new OperationLimit(runtime.clock, `counting ${this.#key}`, limitsOf(options));
    const leaveTurn = await localQueue.enter(`conclave.counter/${this.#key}`, limit.signal);
    try {
      return await act({ signal: limit.signal });
    } finally {
      leaveTurn();
    }
  }

  #snapshot(revision: number, pair: Pick<Seen, "value" | "modRevision"> | null): Snapshot {
    const seen = pair && { ...pair, keyText: this.#key };
    return { revision, pairs: new Map([[this.#id, seen]]), ranges: new Map() };
  }
}

function numberOf(key: string, text: string | null): number {
  if (text === null) return 0;
  const number = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(number)) {
    throw invalidValueError(key, `${JSON.stringify(text)} is no safe integer`);
  }
  return number;
}
