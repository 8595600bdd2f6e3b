import type { Clock, Timer, VirtualClock } from "@conclave/base";

/** The time of one incarnation of a member: with its end, everything it still meant to do is gone. */
export class IncarnationClock implements Clock {
  readonly #clock: VirtualClock;
  #isAlive = true;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** No timer set here fires any more. */
  kill(): void {
    this.#isAlive = false;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return this.#clock.setTimer(delayMs, () => {
      if (this.#isAlive) callback();
    });
  }

  /** Waits; for ever if the incarnation ends before. */
  after(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.setTimer(delayMs, resolve);
    });
  }
}

/**
 * Resolves when no promise in this process has anything left to do: node runs its tick queue when the microtasks are
 * used up, and not before. No turn of the event loop passes, so nothing from outside the simulation gets in between.
 */
export function microtasksDone(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
