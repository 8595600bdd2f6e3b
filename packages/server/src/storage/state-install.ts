import { assert, deferred } from "@conclave/base";
import type { SnapshotMark } from "@conclave/raft";
import type { DurableStateStore } from "./durable-state-store.ts";

/** Records are sealed, and so may go to disk, in portions of this. Count. */
const SEAL_RECORDS = 1000;

/**
 * A snapshot being received: its records go into a store of their own, and take the place of the state in one step. A
 * crash before that leaves the old state, and what was received is removed at the next boot.
 */
export class StateInstall {
  readonly mark: SnapshotMark;
  readonly #store: DurableStateStore;
  readonly #onCommit: (store: DurableStateStore, mark: SnapshotMark) => Promise<void>;
  readonly #onAbort: () => Promise<void>;
  #records = 0;
  readonly #ended = deferred<void>();
  #phase: "receiving" | "committing" | "ended" = "receiving";

  constructor(
    mark: SnapshotMark,
    store: DurableStateStore,
    ends: {
      readonly onCommit: (store: DurableStateStore, mark: SnapshotMark) => Promise<void>;
      readonly onAbort: () => Promise<void>;
    },
  ) {
    this.mark = mark;
    this.#store = store;
    this.#onCommit = ends.onCommit;
    this.#onAbort = ends.onAbort;
  }

  /** The disk does not keep up: {@link whenBelowLimit} tells when to go on. */
  get isFull(): boolean {
    return this.#store.isOverlayFull;
  }

  /** Neither dropped nor being put in place. */
  get isReceiving(): boolean {
    return this.#phase === "receiving";
  }

  get isCommitting(): boolean {
    return this.#phase === "committing";
  }

  /** Resolves when it is the state, or will never be. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  put(key: string, value: Uint8Array): void {
    assert(this.#phase === "receiving", "the install has ended");
    this.#store.put(key, value);
    this.#records += 1;
    if (this.#records % SEAL_RECORDS === 0) this.#store.seal(0);
  }

  whenBelowLimit(callback: () => void): void {
    this.#store.whenBelowLimit(callback);
  }

  /**
   * Makes the received records the state. When it resolves they are, durably. What remains is the log: append `reset`
   * with this mark, together with the Ready that asked for the install. A boot in between does that itself.
   * If it rejects, `onFatal` was called: whether the old state or the new is in force, the next boot will tell.
   */
  async commit(): Promise<void> {
    assert(this.#phase === "receiving", "the install has ended");
    this.#phase = "committing";
    try {
      this.#store.seal(this.mark.index);
      await this.#store.sync();
      await this.#onCommit(this.#store, this.mark);
    } catch (error) {
      await this.#store.close();
      throw error;
    } finally {
      this.#phase = "ended";
      this.#ended.resolve();
    }
  }

  /** Drops what was received. Does nothing once a commit has begun. */
  async abort(): Promise<void> {
    if (this.#phase !== "receiving") return;
    this.#phase = "ended";
    try {
      await this.#store.close();
      await this.#onAbort();
    } finally {
      this.#ended.resolve();
    }
  }
}
