/** Places in the cache. A power of two; slots of the revision table are dealt out over them in turn. */
const PLACES = 1 << 17;

/** Bytes charged for an entry beyond its own: the view and buffer objects around it. */
const ENTRY_OVERHEAD_BYTES = 128;

/**
 * The stored pairs read or written last, by revision slot. Direct-mapped: one array access finds a pair or not, and the
 * bound in bytes is kept by a hand that goes round and empties places.
 */
export class ValueCache {
  readonly #slots = new Uint32Array(PLACES);
  readonly #pairs: (Uint8Array | null)[] = new Array<Uint8Array | null>(PLACES).fill(null);
  readonly #bytesMax: number;
  #bytes = 0;
  #hand = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(slot: number): Uint8Array | null {
    const place = slot & (PLACES - 1);
    return this.#slots[place] === slot ? this.#pairs[place]! : null;
  }

  set(slot: number, pair: Uint8Array): void {
    const place = slot & (PLACES - 1);
    this.#empty(place);
    const cost = pair.length + ENTRY_OVERHEAD_BYTES;
    if (cost > this.#bytesMax) return;
    while (this.#bytes + cost > this.#bytesMax) {
      this.#empty(this.#hand);
      this.#hand = (this.#hand + 1) & (PLACES - 1);
    }
    this.#slots[place] = slot;
    this.#pairs[place] = pair;
    this.#bytes += cost;
  }

  /** Must be called before a slot is given to another revision. */
  drop(slot: number): void {
    const place = slot & (PLACES - 1);
    if (this.#slots[place] === slot) this.#empty(place);
  }

  clear(): void {
    this.#slots.fill(0);
    this.#pairs.fill(null);
    this.#bytes = 0;
  }

  #empty(place: number): void {
    const pair = this.#pairs[place]!;
    if (pair !== null) this.#bytes -= pair.length + ENTRY_OVERHEAD_BYTES;
    this.#pairs[place] = null;
    this.#slots[place] = 0;
  }
}
