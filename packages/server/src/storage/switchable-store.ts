import type { LogIndex } from "@conclave/raft";
import type { DurableStateStore, StateSnapshot } from "./durable-state-store.ts";

/** The store that the state machine keeps for life, whatever database an installed snapshot puts behind it. */
export class SwitchableStore implements DurableStateStore {
  #store: DurableStateStore;

  constructor(store: DurableStateStore) {
    this.#store = store;
  }

  /** @returns the store that was behind it, for the caller to close. */
  switchTo(store: DurableStateStore): DurableStateStore {
    const before = this.#store;
    this.#store = store;
    return before;
  }

  get appliedIndex(): LogIndex {
    return this.#store.appliedIndex;
  }
  get durableIndex(): LogIndex {
    return this.#store.durableIndex;
  }
  get overlayBytes(): number {
    return this.#store.overlayBytes;
  }
  get isOverlayFull(): boolean {
    return this.#store.isOverlayFull;
  }

  get(key: string): Uint8Array | undefined {
    return this.#store.get(key);
  }
  put(key: string, value: Uint8Array): void {
    this.#store.put(key, value);
  }
  delete(key: string): void {
    this.#store.delete(key);
  }
  seal(appliedIndex: LogIndex): void {
    this.#store.seal(appliedIndex);
  }
  sync(): Promise<LogIndex> {
    return this.#store.sync();
  }
  whenBelowLimit(callback: () => void): void {
    this.#store.whenBelowLimit(callback);
  }
  snapshot(): Promise<StateSnapshot> {
    return this.#store.snapshot();
  }
  compactRange(from: string, to: string): Promise<void> {
    return this.#store.compactRange(from, to);
  }
  sizeBytes(): Promise<number> {
    return this.#store.sizeBytes();
  }
  close(): Promise<void> {
    return this.#store.close();
  }
}
