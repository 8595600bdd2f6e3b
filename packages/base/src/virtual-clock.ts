import { assert } from "./assert.ts";
import type { Clock, Timer } from "./clock.ts";
import { Heap } from "./heap.ts";

interface PendingTimer {
  readonly dueMs: number;
  readonly order: number;
  callback: (() => void) | null;
}

/** A clock that moves only when told to; timers fire in order of due time, then of setting. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #timers = new Heap<PendingTimer>((a, b) =>
    a.dueMs === b.dueMs ? a.order < b.order : a.dueMs < b.dueMs,
  );

  nowMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const dueMs = this.#nowMs + Math.max(0, delayMs);
    const pending: PendingTimer = { dueMs, order: this.#order, callback };
    this.#order += 1;
    this.#timers.push(pending);
    return {
      cancel: () => {
        pending.callback = null;
      },
    };
  }

  /** Moves time forward by `byMs`, firing every timer that falls due on the way at its own time. */
  advance(byMs: number): void {
    assert(byMs >= 0, "time does not go back");
    const untilMs = this.#nowMs + byMs;
    while (this.fireNext(untilMs)) {
      // each timer may have set others
    }
    this.#nowMs = untilMs;
  }

  /**
   * Moves time to the next timer due by `untilMs` and fires it alone: what it promised to do in microtasks can be
   * waited for before the next one. @returns false, time unmoved, if none is due
   */
  fireNext(untilMs: number): boolean {
    const next = this.#timers.peek();
    if (next === undefined || next.dueMs > untilMs) return false;
    this.#timers.pop();
    this.#nowMs = next.dueMs;
    next.callback?.();
    return true;
  }
}
