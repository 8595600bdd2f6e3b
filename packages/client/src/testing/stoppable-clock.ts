import { VirtualClock } from "@conclave/base";

/** Time can pass as it does for a process that was stopped: no timer fires on the way. */
export class StoppableClock extends VirtualClock {
  #stoppedForMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.#stoppedForMs;
  }

  stopFor(ms: number): void {
    this.#stoppedForMs += ms;
  }
}
