import { performance } from "node:perf_hooks";
import type { Clock, Timer } from "./clock.ts";

/** setTimeout overflows beyond 2^31 - 1 ms and then fires at once; longer waits are cut into laps. */
const LAP_MS_MAX = 2 ** 31 - 1;

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout | null = null;
  readonly #keepsProcessAlive: boolean;

  constructor(delayMs: number, callback: () => void, keepsProcessAlive: boolean) {
    this.#keepsProcessAlive = keepsProcessAlive;
    this.#start(Math.max(0, delayMs), callback);
  }

  #start(remainingMs: number, callback: () => void): void {
    const lapMs = Math.min(remainingMs, LAP_MS_MAX);
    this.#handle = setTimeout(() => {
      this.#handle = null;
      if (remainingMs > lapMs) this.#start(remainingMs - lapMs, callback);
      else callback();
    }, lapMs);
    if (!this.#keepsProcessAlive) this.#handle.unref();
  }

  cancel(): void {
    if (this.#handle !== null) clearTimeout(this.#handle);
    this.#handle = null;
  }
}

/** The machine's monotonic clock. Timers do not keep the process alive unless asked to. */
export function systemClock(options: { readonly keepsProcessAlive?: boolean } = {}): Clock {
  const keepsProcessAlive = options.keepsProcessAlive ?? false;
  return {
    nowMs: () => performance.now(),
    setTimer: (delayMs, callback) => new SystemTimer(delayMs, callback, keepsProcessAlive),
  };
}
