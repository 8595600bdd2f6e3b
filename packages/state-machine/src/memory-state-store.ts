import { OrderedMap } from "./ordered-map.ts";
import type { StateStore } from "./state-store.ts";

/**
 * The storage seam over an ordered map: memory mode, simulation and tests. What was written since the last `seal` can
 * be dropped, as a crash would.
 */
export class MemoryStateStore implements StateStore {
  readonly #records = new OrderedMap<Uint8Array>();
  /** What the open batch overwrote or deleted, by key; undefined: the key was not there. */
  #before = new Map<string, Uint8Array | undefined>();

  get size(): number {
    return this.#records.size;
  }

  get(key: string): Uint8Array | undefined {
    return this.#records.get(key);
  }

  put(key: string, value: Uint8Array): void {
    const known = this.#records.find(key);
    if (!this.#before.has(key))
      this.#before.set(key, known ? this.#records.foundValue() : undefined);
    if (known) this.#records.setFound(value);
    else this.#records.insertFound(key, value);
  }

  delete(key: string): void {
    if (!this.#before.has(key)) this.#before.set(key, this.#records.get(key));
    this.#records.delete(key);
  }

  /** Closes the open batch: what it holds survives {@link crash}. */
  seal(): void {
    this.#before.clear();
  }

  /** Takes the open batch back, whole: what a crash before its seal leaves behind. */
  crash(): void {
    const before = this.#before;
    this.#before = new Map();
    for (const [key, value] of before) {
      if (value === undefined) this.#records.delete(key);
      else this.#records.set(key, value);
    }
  }

  /** Records in key order, in [start, end); an absent end means to the last. */
  entries(start = "", end: string | null = null): IterableIterator<[string, Uint8Array]> {
    return this.#records.entries(start, end);
  }

  clear(): void {
    this.#records.clear();
    this.#before.clear();
  }
}
