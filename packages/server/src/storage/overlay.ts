/**
 * Records that are not on disk yet, for reads in front of the database; null: deleted. Most are written once, each under a
 * key after all others (the records of revisions): those lie in order, and cost no hash, nor the tables that a map outgrows.
 */
export class Overlay {
  readonly #keys: string[] = [];
  readonly #values: Uint8Array[] = [];
  /** The rest. They win over those in order: they were written after them. */
  readonly #others = new Map<string, Uint8Array | null>();
  #lastKey = "";
  #lastOther = "";

  /** The last of all keys; empty: there is none. */
  get lastKey(): string {
    if (this.#lastOther > this.#lastKey) return this.#lastOther;
    return this.#lastKey;
  }

  get isEmpty(): boolean {
    return this.#keys.length === 0 && this.#others.size === 0;
  }

  /** The value written last; null: deleted, undefined: not here. */
  get(key: string): Uint8Array | null | undefined {
    const other = this.#others.get(key);
    if (other !== undefined || key > this.#lastKey) return other;
    const at = this.#placeOf(key);
    return this.#keys[at] === key ? this.#values[at] : undefined;
  }

  put(key: string, value: Uint8Array): void {
    if (key <= this.#lastKey || key <= this.#lastOther) this.#setOther(key, value);
    else {
      this.#keys.push(key);
      this.#values.push(value);
      this.#lastKey = key;
    }
  }

  delete(key: string): void {
    this.#setOther(key, null);
  }

  #setOther(key: string, value: Uint8Array | null): void {
    this.#others.set(key, value);
    if (key > this.#lastOther) this.#lastOther = key;
  }

  /** The first place whose key is `key` or after it. */
  #placeOf(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
