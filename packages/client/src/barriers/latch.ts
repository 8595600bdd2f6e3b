import { type Event, EventType } from "@conclave/wire";
import { OperationLimit } from "../abort.ts";
import type { KeyValue } from "../kv/key-value.ts";
import { textOf } from "../kv/keys.ts";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import { invalidValueError } from "../kv/value-codec.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { disagreementError } from "../ownership/queue-place.ts";
import { untilSettled } from "../ownership/until-settled.ts";
import { transact } from "../transact/transact.ts";
import type { Transaction } from "../transact/transaction.ts";

/** What {@link Latch.countDown} takes. */
export interface CountDownOptions extends CallOptions {
  /**
   * Who counts: the second time that this name counts down changes nothing, so that a process that crashed and came back is
   * one. Default: every call counts.
   */
  readonly by?: string;
}

/**
 * A number that is counted down to 0, and then stays there: those who wait are let through, and whoever comes later
 * goes through at once. Kept under one key until {@link remove}, and not tied to any session: what was counted
 * counts, whoever dies. Made by {@link Client.latch}.
 */
export interface Latch {
  /**
   * Counts down by one, exactly once, and returns what is left; 0 if nothing was.
   * @throws ConclaveError FAILED_PRECONDITION if the latch was begun with another count, or neither says one
   * @example
   * ```ts
   * const caches = ["prices", "stock"].map(async (cache) => {
   *   // … load it, then
   *   await client.latch("warm", { count: 2 }).countDown({ by: cache });
   * });
   * await client.latch("warm").wait({ timeout: "1m" });
   * await Promise.all(caches);
   * ```
   */
  countDown(options?: CountDownOptions): Promise<number>;
  /**
   * Waits until it is at 0, also before anyone has begun to count. Default: as long as it takes.
   * @throws ConclaveError TIMEOUT, CANCELLED; FAILED_PRECONDITION if it was begun with another count; INVALID_VALUE if its key
   *   holds something else
   */
  wait(options?: CallOptions): Promise<void>;
  /**
   * What is left to count; null if nobody has begun and no count was given.
   * @throws as `wait` does
   * @example
   * ```ts
   * const latch = client.latch("warm", { count: 3 });
   * await latch.countDown({ by: "prices" });
   * console.log(await latch.left()); // 2
   * await latch.remove(); // begin anew, with another count
   * ```
   */
  left(options?: CallOptions): Promise<number | null>;
  /**
   * Deletes it. Who waits goes on waiting, for another count.
   * @throws ConclaveError, with outcome `"unknown"` if it may have been deleted
   */
  remove(options?: CallOptions): Promise<void>;
}

interface LatchState {
  readonly count: number;
  readonly left: number;
  /** Who counted down under a name. */
  readonly by: readonly string[];
}

/** The {@link Latch} of one key. */
export class KeyLatch implements Latch {
  readonly #coordination: Coordination;
  readonly #key: string;
  readonly #count: number | undefined;

  constructor(coordination: Coordination, key: string, count: number | undefined) {
    this.#coordination = coordination;
    this.#key = key;
    this.#count = count;
  }

  async countDown(options: CountDownOptions = {}): Promise<number> {
    using limit = this.#limit("counting down", options);
    const { signal } = limit;
    const body = async (tx: Transaction) => {
      const text = await tx.get(this.#key);
      const before = text === null ? this.#begun() : this.#stateOf(text);
      const after = countedDown(before, options.by);
      if (after !== before) tx.put(this.#key, JSON.stringify(after));
      return after.left;
    };
    const { value } = await transact(this.#coordination, body, { signal });
    return value;
  }

  async wait(options: CallOptions = {}): Promise<void> {
    using limit = this.#limit("waiting for", options);
    const { kv, hub, namespace, windDown } = this.#coordination;
    limit.alsoEndWith(windDown.signal);
    const { signal } = limit;
    for (;;) {
      const { items, revision } = await kv.getAll({ key: this.#key }, { signal });
      if (this.#isOpen(items[0])) return;
      const spec = { ...namespace.rangeOf({ key: this.#key }), startRevision: revision + 1 };
      // Seen in an event, for it may have been removed since, as latches are that have served.
      let hasOpened = false;
      await untilSettled(signal, (resolve, onFailed) => {
        const onEvents = (events: readonly Event[]) => {
          const puts = events.filter(({ type }) => type === EventType.PUT);
          const states = puts.map(({ kv }) => parsed(textOf(kv!.value)));
          hasOpened ||= states.some((state) => state?.left === 0);
          // A look tells what is wrong with a value that cannot be read.
          if (hasOpened || states.includes(null)) resolve();
        };
        return [hub.open(spec, { onEvents, onFailed })];
      });
      if (hasOpened) return;
    }
  }

  async left(options: CallOptions = {}): Promise<number | null> {
    const pair = await this.#coordination.kv.get(this.#key, options);
    return pair === null ? (this.#count ?? null) : this.#stateOf(pair.text).left;
  }

  async remove(options: CallOptions = {}): Promise<void> {
    await this.#coordination.kv.delete(this.#key, options);
  }

  #isOpen(pair: KeyValue | undefined): boolean {
    return pair !== undefined && this.#stateOf(pair.text).left === 0;
  }

  #begun(): LatchState {
    const count = this.#count;
    if (count !== undefined) return { count, left: count, by: [] };
    throw disagreementError(this.#key, "nobody has begun to count, so a count has to be given");
  }

  #stateOf(text: string): LatchState {
    const state = parsed(text);
    if (state === null) throw invalidValueError(this.#key, "it is no latch");
    if (this.#count !== undefined && this.#count !== state.count) {
      throw disagreementError(this.#key, `it counts from ${state.count}, not from ${this.#count}`);
    }
    return state;
  }

  #limit(what: string, options: CallOptions): OperationLimit {
    const { clock } = this.#coordination.runtime;
    return new OperationLimit(clock, `${what} ${JSON.stringify(this.#key)}`, limitsOf(options));
  }
}

function countedDown(state: LatchState, by: string | undefined): LatchState {
  if (state.left === 0 || (by !== undefined && state.by.includes(by))) return state;
  return { ...state, left: state.left - 1, by: by === undefined ? state.by : [...state.by, by] };
}

function parsed(text: string): LatchState | null {
  try {
    const { count, left, by } = JSON.parse(text);
    const isLatch = Number.isSafeInteger(count) && Number.isSafeInteger(left) && Array.isArray(by);
    return isLatch ? { count, left, by } : null;
  } catch {
    return null;
  }
}
