import { type ByteString, bytesOf } from "@conclave/base";
import { pause } from "../abort.ts";
import { textOf } from "../kv/keys.ts";
import { type Lock, Locks } from "../locks/locks.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { Backoff } from "../runtime.ts";
import type { TransactTerms } from "./options.ts";

/** The first pause, ms. The first repetition comes without one. */
const PAUSE_MIN_MS = 4;
/** Longest wait for the lock, ms: it is there for fairness alone, so it is not worth more. */
const LOCK_WAIT_MAX_MS = 5_000;
const LOCK_PREFIX = "conclave.transact/turn/";

/**
 * What a transaction does about conflicts: goes again at once, then after growing pauses, then in turn with the others
 * that met too many.
 */
export class Contention implements AsyncDisposable {
  readonly #coordination: Coordination;
  readonly #terms: TransactTerms;
  readonly #backoff: Backoff;
  #conflicts = 0;
  #lock: Lock | null = null;

  constructor(coordination: Coordination, terms: TransactTerms) {
    this.#coordination = coordination;
    this.#terms = terms;
    const { prng } = coordination.runtime;
    const chance = terms.isJittered ? prng : { nextUint32: () => 0xffff_ffff };
    this.#backoff = new Backoff(chance, PAUSE_MIN_MS, terms.pauseMaxMs);
  }

  /**
   * Waits as long as is good after a conflict over `key`.
   * @returns whether it did not wait, so that what is known of the store is still fresh
   */
  async afterConflict(key: ByteString | null, signal: AbortSignal): Promise<boolean> {
    this.#conflicts += 1;
    if (this.#conflicts === 1 || this.#lock !== null) return true;
    if (this.#conflicts > this.#terms.escalateAfter) {
      await this.#queueUp(key, signal);
      return false;
    }
    await pause(this.#coordination.runtime.clock, this.#backoff.nextDelayMs(), signal);
    return false;
  }

  async #queueUp(key: ByteString | null, signal: AbortSignal): Promise<void> {
    const name = this.#terms.lockName ?? `${LOCK_PREFIX}${key === null ? "" : nameOf(key)}`;
    const locks = new Locks(this.#coordination);
    try {
      this.#lock = await locks.acquire(name, { signal, timeout: LOCK_WAIT_MAX_MS });
    } catch (error) {
      if (signal.aborted) throw error;
      // Without its turn the transaction is as safe as before: it pauses once more.
      await pause(this.#coordination.runtime.clock, this.#backoff.nextDelayMs(), signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock?.release();
  }
}

/** Without a slash: a lock named `a` waits for `a/b` too. */
function nameOf(key: ByteString): string {
  return encodeURIComponent(textOf(bytesOf(key)));
}
