import { type Clock, systemClock } from "@conclave/base";

/** Monotonic time that is the same in all threads of the process, ms. `performance.now()` has an origin in each thread. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A clock of {@link sharedNowMs}. Its timers do not keep the process alive. */
export function sharedClock(): Clock {
  const { setTimer } = systemClock();
  return { nowMs: sharedNowMs, setTimer };
}
