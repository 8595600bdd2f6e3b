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
  /** Oldest revision that is still read, by whom; a sweep for a later one waits. */
  readonly #holds = new Map<object, number>();
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
    if (this.#isRunning || this.#isStopped || this.#isHeld()) return;
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

  /**
   * Keeps void records that a reader of `revision` sees where they are, until the returned function is called, once.
   * Default: all of them. A reader that began after a compaction does not hold up its sweep.
   */
  hold(revision = Number.NEGATIVE_INFINITY): () => void {
    const reader = {};
    this.#holds.set(reader, revision);
    return () => {
      this.#holds.delete(reader);
      this.wake();
    };
  }

  #isHeld(): boolean {
    const { compactRevision } = this.#machine;
    for (const revision of this.#holds.values()) if (revision < compactRevision) return true;
    return false;
  }

  stop(): void {
    this.#isStopped = true;
  }

  #step(): void {
    this.#isRunning = false;
    if (this.#isStopped || this.#isHeld()) return;
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
