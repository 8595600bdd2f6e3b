import { type Deferred, deferred } from "@conclave/base";

/** How fast renewals are, against the time there is for them. */
export interface SessionTiming {
  /** Renewals that were measured: the last ones, at most 100. */
  readonly renewals: number;
  /** How long 99 % of them took at most, from when each was due to its answer, ms; null before the first. */
  readonly p99: number | null;
  /** The session's margin, ms. */
  readonly margin: number;
  /**
   * The margin is less than three times `p99`: the time limits of the session are too short for this network, cluster or
   * process, and it will be lost without anything being broken. Raise `ttl` and `margin`.
   */
  readonly isMarginTight: boolean;
}

/** Renewals that are looked back on. Count. */
const SAMPLES_MAX = 100;
/** A margin that is worth its name holds this many slow renewals (failure mode 14). */
const SLOW_RENEWALS_IN_MARGIN = 3;

/** Measures the renewals of one session. */
export class RenewalTimes {
  readonly #marginMs: number;
  readonly #tookMs: number[] = [];
  #next: Deferred<void> = deferred();

  constructor(marginMs: number) {
    this.#marginMs = marginMs;
  }

  add(tookMs: number): void {
    this.#tookMs.push(tookMs);
    if (this.#tookMs.length > SAMPLES_MAX) this.#tookMs.shift();
    this.wake();
  }

  /** Lets those who wait for the next look at their signal. */
  wake(): void {
    this.#next.resolve();
    this.#next = deferred();
  }

  get timing(): SessionTiming {
    const sorted = [...this.#tookMs].sort((a, b) => a - b);
    const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? null;
    return {
      renewals: sorted.length,
      p99,
      margin: this.#marginMs,
      isMarginTight: this.#marginMs < (p99 ?? 0) * SLOW_RENEWALS_IN_MARGIN,
    };
  }

  /** The timing now, then after each renewal that the reader is fast enough to see, until `lost` aborts. */
  async *read(lost: AbortSignal): AsyncGenerator<SessionTiming, void, undefined> {
    while (!lost.aborted) {
      const next = this.#next.promise;
      yield this.timing;
      await next;
    }
  }
}
