import type { Logger } from "../observe/logger.ts";

/** Later than this, renewals and heartbeats are late as well. Milliseconds. */
export const LATE_MS = 200;
/** Between two lines about it. Milliseconds. */
const LOGGED_EVERY_MS = 10_000;

/**
 * Looks whether this process comes to run when it wants to. A command that takes long, a machine with too much to do and a
 * process that was stopped look the same from inside: what was due is late. It is counted and logged, and nothing else: a
 * leader that was silent for an election timeout has lost its office already, and to hand over one that it still has would
 * cost a second election wherever all members are late together.
 */
export class LoopWatchdog {
  readonly #logger: Logger;
  #dueMs: number | null = null;
  #loggedMs = Number.NEGATIVE_INFINITY;
  /** Times that it was late by more than {@link LATE_MS}. Count. */
  lateCount = 0;
  /** The latest that it ever was. Milliseconds. */
  lateMsMax = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Called by a timer, with the time that it is and how long from now the timer is to run again. */
  onTick(nowMs: number, nextInMs: number): void {
    const lateMs = this.#dueMs === null ? 0 : nowMs - this.#dueMs;
    this.#dueMs = nowMs + nextInMs;
    this.lateMsMax = Math.max(this.lateMsMax, lateMs);
    if (lateMs <= LATE_MS) return;
    this.lateCount += 1;
    if (nowMs - this.#loggedMs < LOGGED_EVERY_MS) return;
    this.#loggedMs = nowMs;
    this.#logger.warn("this process was kept from running: too much to do, or stopped", {
      lateMs: Math.round(lateMs),
      times: this.lateCount,
    });
  }
}
