import { assert } from "@conclave/base";
import type { LogIndex } from "@conclave/raft";
import { MemoryStateStore } from "@conclave/state-machine";
import {
  type DurableStateStore,
  RESERVED_KEYS,
  type StateSnapshot,
} from "./durable-state-store.ts";

const CHUNK_RECORDS_MAX = 1000;

/** The state store of a member without a directory: "durable" is what is sealed, for as long as the process lives. */
export class VolatileStore implements DurableStateStore {
  readonly #records = new MemoryStateStore();
  #appliedIndex: LogIndex = 0;
  /** Nothing waits for a disk here, so nothing piles up. */
  readonly overlayBytes = 0;
  readonly isOverlayFull = false;

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  get durableIndex(): LogIndex {
    return this.#appliedIndex;
  }

  get(key: string): Uint8Array | undefined {
    return this.#records.get(key);
  }

  put(key: string, value: Uint8Array): void {
    assert(key < RESERVED_KEYS, "this key is reserved");
    this.#records.put(key, value);
  }

  delete(key: string): void {
    this.#records.delete(key);
  }

  seal(appliedIndex: LogIndex): void {
    assert(appliedIndex >= this.#appliedIndex, "the applied index never falls");
    this.#appliedIndex = appliedIndex;
    this.#records.seal();
  }

  async sync(): Promise<LogIndex> {
    return this.#appliedIndex;
  }

  whenBelowLimit(callback: () => void): void {
    queueMicrotask(callback);
  }

  /** Copies the keys and references to the values. */
  async snapshot(): Promise<StateSnapshot> {
    return new VolatileSnapshot(new Map(this.#records.entries()), this.#appliedIndex);
  }

  async compactRange(): Promise<void> {}

  async sizeBytes(): Promise<number> {
    let bytes = 0;
    for (const [key, value] of this.#records.entries()) bytes += key.length + value.length;
    return bytes;
  }

  async close(): Promise<void> {}
}

class VolatileSnapshot implements StateSnapshot {
  readonly appliedIndex: LogIndex;
  /** In key order. */
  readonly #records: ReadonlyMap<string, Uint8Array>;

  constructor(records: ReadonlyMap<string, Uint8Array>, appliedIndex: LogIndex) {
    this.#records = records;
    this.appliedIndex = appliedIndex;
  }

  get(key: string): Uint8Array | undefined {
    return this.#records.get(key);
  }

  async *scan(from = "", to = RESERVED_KEYS): AsyncGenerator<[string, Uint8Array][]> {
    let chunk: [string, Uint8Array][] = [];
    for (const record of this.#records) {
      if (record[0] < from || record[0] >= to) continue;
      chunk.push(record);
      if (chunk.length < CHUNK_RECORDS_MAX) continue;
      yield chunk;
      chunk = [];
    }
    if (chunk.length > 0) yield chunk;
  }

  async close(): Promise<void> {}
}
