import { assert } from "@conclave/base";

/**
 * How long a lease can be proven to be alive.
 *
 * The server restarted the lease's time when our renewal reached it, which is after we sent it and before its answer
 * arrived. Only the send time is safe to count from: every other client counts from the arrival of the answer and so
 * believes too long (failure mode 2 of the peers). The margin makes the local end come before the server's, so that
 * the holder is told before anyone else can be granted.
 */
export class Validity {
  readonly #marginMs: number;
  #provenAtMs: number;
  #ttlMs: number;

  /** Requires: `marginMs < ttlMs`. `sentAtMs` is when the grant was sent, monotonic. */
  constructor(sentAtMs: number, ttlMs: number, marginMs: number) {
    assert(marginMs < ttlMs, "a margin as long as the lease leaves no time to hold anything");
    this.#marginMs = marginMs;
    this.#provenAtMs = sentAtMs;
    this.#ttlMs = ttlMs;
  }

  /** Send time of the last acknowledged renewal. Never goes back. */
  get provenAtMs(): number {
    return this.#provenAtMs;
  }

  get ttlMs(): number {
    return this.#ttlMs;
  }

  /** From here on the lease must not be relied on. Monotonic ms. */
  get deadlineMs(): number {
    return this.#provenAtMs + this.#ttlMs - this.#marginMs;
  }

  /** Before this the server cannot let the lease expire. Monotonic ms. */
  get earliestExpiryMs(): number {
    return this.#provenAtMs + this.#ttlMs;
  }

  isProvenAt(nowMs: number): boolean {
    return nowMs < this.deadlineMs;
  }

  /**
   * A renewal sent at `sentAtMs` was acknowledged with `ttlMs`. Answers may overtake one another (a hedged renewal
   * goes over another connection), so an older one than the last changes nothing.
   */
  onRenewed(sentAtMs: number, ttlMs: number): void {
    if (sentAtMs < this.#provenAtMs) return;
    this.#provenAtMs = sentAtMs;
    this.#ttlMs = ttlMs;
  }
}
