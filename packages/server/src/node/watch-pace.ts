import type { Clock, Timer } from "@conclave/base";
import type { WatchHub } from "@conclave/state-machine";

/** Keys and events that lagging watchers are given in one turn. Count. */
const CATCH_UP_BUDGET = 2_000;

export interface WatchPaceOptions {
  readonly hub: WatchHub;
  readonly clock: Clock;
  /** Runs a callback at the end of this turn of the event loop. */
  readonly defer: (callback: () => void) => void;
  readonly progressIntervalMs: number;
}

/** When watchers are served that are not served by a change: those that lag, and those that want to hear of progress. */
export class WatchPace {
  readonly #o: WatchPaceOptions;
  #progressTimer: Timer | null = null;
  #isCatchingUp = false;
  #isStopped = false;

  constructor(options: WatchPaceOptions) {
    this.#o = options;
  }

  start(): void {
    this.#progressTimer = this.#o.clock.setTimer(this.#o.progressIntervalMs, () => {
      if (this.#isStopped) return;
      this.start();
      this.#o.hub.notifyProgress();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#progressTimer?.cancel();
  }

  /** Lets late watchers catch up, a slice in each turn. */
  catchUp(): void {
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    this.#o.defer(() => {
      this.#isCatchingUp = false;
      if (this.#isStopped) return;
      if (this.#o.hub.catchUp(CATCH_UP_BUDGET)) this.catchUp();
    });
  }
}
