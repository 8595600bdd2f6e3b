/** A timer that was set. Cancelling one that has fired does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Monotonic time, injected wherever something waits. Readings are milliseconds since an arbitrary
 * origin, fractional, never going back, and mean nothing on another machine.
 */
export interface Clock {
  nowMs(): number;
  /** Calls back once, `delayMs` from now or later. `delayMs` below 0 counts as 0. */
  setTimer(delayMs: number, callback: () => void): Timer;
}
