import type { StateMachine } from "@conclave/state-machine";
import type { DurableStateStore } from "../storage/durable-state-store.ts";

/** Keys and records removed in one turn: well below a millisecond, so that nobody waits for a compaction. Count. */
const SWEEP_BUDGET = 500;

/**
 * Removes what compactions made void, a little in each turn of the event loop, so that a million keys never stall it. The
 * sweep changes nothing that can be read, and goes on after a restart where it was.
 */
export class CompactionSweeper {
  readonly #machine: StateMachine;
  readonly #store: DurableStateStore;
  readonly #defer: (callback: () => void) => void;
  #isRunning = false;
  #holds = 0;
  #isStopped = false;
  #whenSwept: (() => void)[] = [];

  constructor(options: {
    machine: StateMachine;
    store: DurableStateStore;
    defer: (callback: () => void) => void;
  }) {
    this.#machine = options.machine;
    this.#store = options.store;
    this.#defer = options.defer;
  }

  /** Starts sweeping if there is something to sweep. Called after entries were applied. */
  wake(): void {
    if (this.#isRunning || this.#isStopped || this.#holds > 0) return;
    if (!this.#machine.needsCompaction) {
      this.#settle();
      return;
    }
    this.#isRunning = true;
    this.#defer(() => this.#step());
  }

  /** Calls back once nothing void is left in the store. */
  whenSwept(callback: () => void): void {
    this.#whenSwept.push(callback);
    this.wake();
  }

  /** Keeps the store's void records where they are until the returned function is called, once. */
  hold(): () => void {
    this.#holds += 1;
    return () => {
      this.#holds -= 1;
      this.wake();
    };
  }

  stop(): void {
    this.#isStopped = true;
  }

  #step(): void {
    this.#isRunning = false;
    if (this.#isStopped || this.#holds > 0) return;
    if (this.#store.isOverlayFull) {
      this.#isRunning = true;
      this.#store.whenBelowLimit(() => this.#step());
      return;
    }
    this.#machine.compactStep(SWEEP_BUDGET);
    this.#store.seal(this.#machine.appliedIndex);
    this.wake();
  }

  #settle(): void {
    const waiting = this.#whenSwept;
    this.#whenSwept = [];
    for (const callback of waiting) callback();
  }
}
