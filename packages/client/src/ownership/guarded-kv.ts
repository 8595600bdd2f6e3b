import type { Comparison } from "../kv/compare.ts";
import type { Bytes, Target } from "../kv/keys.ts";
import type { CallOptions } from "../kv/limits.ts";
import {
  type DeleteOptions,
  type DeleteResult,
  type Op,
  op,
  type PutOptions,
  type PutResult,
} from "../kv/op.ts";
import type { Results, Txn } from "../kv/txn.ts";
import { isUncertain } from "./queue-entry.ts";

/** What a guard needs of its hold. */
export interface Guarded {
  guards(): readonly Comparison[];
  /** @throws LockLostError if it is known to be lost */
  assert(): void;
  /** The server refused a guarded write: the hold is gone. Returns the error to throw. */
  onGuardFailed(): Error;
}

/**
 * Writes that commit only while the hold is still ours at the server: each is one transaction guarded by the fence, so
 * that a holder that was paused for too long cannot write after its successor (failure mode 1).
 *
 * @throws LockLostError with outcome `"not-applied"` once the hold is lost
 * @example
 * ```ts
 * import { op } from "@conclave/client";
 *
 * await client.locks.request("order/42", async (lock) => {
 *   await lock.kv.put("order/42/state", "paid");
 *   await lock.kv.commit([op.put("order/42/state", "sent"), op.delete("order/42/cart")]);
 *   await lock.kv.deleteAll({ prefix: "order/42/item-" });
 *   const { deleted } = await lock.kv.delete("order/42/note");
 *   console.log(deleted); // 0: there was none
 * });
 * ```
 */
export class GuardedKv {
  readonly #newTxn: () => Txn;
  readonly #hold: Guarded;
  /** Commits of which it is not known what became of them. */
  #open = 0;

  /** @internal */
  constructor(newTxn: () => Txn, hold: Guarded) {
    this.#newTxn = newTxn;
    this.#hold = hold;
  }

  /** Whether every write is known to be applied, or not to be. @internal */
  get isSettled(): boolean {
    return this.#open === 0;
  }

  /** Writes one pair, if the hold is still ours. @throws LockLostError if not; ConclaveError */
  async put(key: Bytes, value: Bytes, options: PutOptions & CallOptions = {}): Promise<PutResult> {
    const [written] = await this.commit([op.put(key, value, options)], options);
    return written;
  }

  /** Deletes one key, if the hold is still ours. @throws LockLostError if not; ConclaveError */
  delete(key: Bytes, options: DeleteOptions & CallOptions = {}): Promise<DeleteResult> {
    return this.deleteAll({ key }, options);
  }

  /** Deletes every key of a range, if the hold is still ours. @throws LockLostError if not; ConclaveError */
  async deleteAll(
    target: Target,
    options: DeleteOptions & CallOptions = {},
  ): Promise<DeleteResult> {
    const [deleted] = await this.commit([op.deleteAll(target, options)], options);
    return deleted;
  }

  /**
   * Several operations at one revision, all or none. Results by position.
   * @throws LockLostError if the hold is not ours any more; ConclaveError, with outcome `"unknown"` if they may be applied
   */
  async commit<const Ops extends readonly Op<unknown>[]>(
    ops: Ops,
    options: CallOptions = {},
  ): Promise<Results<Ops>> {
    this.#hold.assert();
    const committing = this.#newTxn()
      .if(...this.#hold.guards())
      .then(...ops)
      .commit(options);
    this.#open += 1;
    const done = await committing.catch((error: unknown) => {
      if (!isUncertain(error)) this.#open -= 1;
      throw error;
    });
    this.#open -= 1;
    if (!done.succeeded) throw this.#hold.onGuardFailed();
    return done.results;
  }
}
