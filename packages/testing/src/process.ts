import type { Clock, Timer } from "@conclave/base";
import type { Network } from "./cluster/index.ts";

/**
 * The process that a simulated client lives in. While it is stopped no timer of it fires and no message reaches it;
 * then everything comes late, in the order in which it was due. Its clock goes on, as a monotonic clock does.
 */
export class SimulatedProcess implements Clock {
  readonly name: string;
  readonly #clock: Clock;
  readonly #network: Network;
  readonly #checks = new Set<() => void>();

  constructor(name: string, clock: Clock, network: Network) {
    this.name = name;
    this.#clock = clock;
    this.#network = network;
  }

  get isStopped(): boolean {
    return this.#network.isStopped(this.name);
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    let isCancelled = false;
    const fire = (): void => {
      if (isCancelled) return;
      this.#checkAll();
      callback();
    };
    const timer = this.#clock.setTimer(delayMs, () => this.#network.whenRunning(this.name, fire));
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  stop(): void {
    this.#network.stop(this.name);
  }

  goOn(): void {
    this.#checkAll();
    this.#network.goOn(this.name);
  }

  /** As `Runtime.beforeContinuations`: the first to run after a stop. */
  readonly beforeContinuations = (check: () => void): (() => void) => {
    this.#checks.add(check);
    return () => this.#checks.delete(check);
  };

  #checkAll(): void {
    for (const check of [...this.#checks]) check();
  }
}
