import type { Clock, Timer, VirtualClock } from "@conclave/base";

/** A wait that is not none takes at least this, as `setTimeout` waits 1 ms: rounding must not make time stand still. ms */
const WAIT_MS_MIN = 0.001;

interface OwnTimer {
  /** By this clock. */
  readonly dueMs: number;
  readonly callback: () => void;
  shared: Timer;
}

export interface ClockTerms {
  /** Milliseconds of this clock in one of the shared one. Default 1. */
  readonly rate?: number;
  /** Now, or when the process of this clock goes on after a stop. Default: now. */
  readonly whenRunning?: (callback: () => void) => void;
}

/**
 * The time of one incarnation of a process: with its end, everything it still meant to do is gone. It may run faster or
 * slower than that of others, and jump forward, as a machine's does that was moved.
 */
export class IncarnationClock implements Clock {
  readonly #clock: VirtualClock;
  readonly #rate: number;
  readonly #whenRunning: (callback: () => void) => void;
  readonly #pending = new Set<OwnTimer>();
  #jumpedMs = 0;
  #isAlive = true;

  constructor(clock: VirtualClock, terms: ClockTerms = {}) {
    this.#clock = clock;
    this.#rate = terms.rate ?? 1;
    this.#whenRunning = terms.whenRunning ?? ((callback) => callback());
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** No timer set here fires any more. */
  kill(): void {
    this.#isAlive = false;
    for (const { shared } of this.#pending) shared.cancel();
    this.#pending.clear();
  }

  nowMs(): number {
    return this.#clock.nowMs() * this.#rate + this.#jumpedMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: OwnTimer = { dueMs: this.nowMs() + delayMs, callback, shared: NO_TIMER };
    if (!this.#isAlive) return NO_TIMER;
    this.#pending.add(timer);
    this.#arm(timer, delayMs);
    return {
      cancel: () => {
        timer.shared.cancel();
        this.#pending.delete(timer);
      },
    };
  }

  /** Waits; for ever if the incarnation ends before. */
  after(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.setTimer(delayMs, resolve);
    });
  }

  /** What falls due on the way is late. */
  jump(byMs: number): void {
    this.#jumpedMs += byMs;
    const nowMs = this.nowMs();
    for (const timer of this.#pending) {
      timer.shared.cancel();
      this.#arm(timer, timer.dueMs - nowMs);
    }
  }

  #arm(timer: OwnTimer, delayMs: number): void {
    const sharedMs = delayMs <= 0 ? 0 : Math.max(WAIT_MS_MIN, delayMs / this.#rate);
    timer.shared = this.#clock.setTimer(sharedMs, () => this.#whenRunning(() => this.#fire(timer)));
  }

  #fire(timer: OwnTimer): void {
    // Cancelled, or dead, while the process was stopped.
    if (!this.#pending.delete(timer)) return;
    timer.callback();
  }
}

const NO_TIMER: Timer = { cancel: () => {} };

/**
 * Resolves when no promise in this process has anything left to do: node runs its tick queue when the microtasks are
 * used up, and not before. No turn of the event loop passes, so nothing from outside the simulation gets in between.
 */
export function microtasksDone(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
