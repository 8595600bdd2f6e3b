import type { Clock } from "@conclave/base";

/** A rate that may be exceeded for a moment. */
export interface RateLimit {
  /** Events allowed at once. Count. */
  readonly burst: number;
  /** Events allowed in the long run. Count per second. */
  readonly perSecond: number;
}

/** Counts events of a peer against a rate. The clock is read only when the burst is used up. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #limit: RateLimit;
  #tokens: number;
  #filledAtMs: number;

  constructor(limit: RateLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
    this.#tokens = limit.burst;
    this.#filledAtMs = clock.nowMs();
  }

  /** @returns false when the rate is exceeded. */
  take(): boolean {
    if (this.#tokens < 1) this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Gives tokens back: useful work justifies some of the events counted here. */
  earn(tokens: number): void {
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + tokens);
  }

  #refill(): void {
    const nowMs = this.#clock.nowMs();
    this.earn(((nowMs - this.#filledAtMs) / 1000) * this.#limit.perSecond);
    this.#filledAtMs = nowMs;
  }
}
