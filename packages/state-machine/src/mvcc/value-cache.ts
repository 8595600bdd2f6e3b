/** Places in the cache, at most. A power of two; slots of the revision table are dealt out over them in turn. */
const PLACES_MAX = 1 << 17;

/** Bytes charged for an entry beyond its own: the view and buffer objects around it. */
const ENTRY_OVERHEAD_BYTES = 128;

/**
 * The stored pairs read or written last, by revision slot. Direct-mapped: one array access finds a pair or not, and the
 * bound in bytes is kept by a hand that goes round and empties places.
 */
export class ValueCache {
  /** Places, less one: what is left of a slot's number is its place. */
  readonly #mask: number;
  readonly #slots: Uint32Array;
  readonly #pairs: (Uint8Array | null)[];
  readonly #bytesMax: number;
  #bytes = 0;
  #hand = 0;

  constructor(bytesMax: number) {
    // No more places than pairs without any bytes would fill.
    const filled = Math.max(1, Math.ceil(bytesMax / ENTRY_OVERHEAD_BYTES));
    const places = Math.min(PLACES_MAX, 2 ** Math.ceil(Math.log2(filled)));
    this.#mask = places - 1;
    this.#slots = new Uint32Array(places);
    this.#pairs = new Array<Uint8Array | null>(places).fill(null);
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(slot: number): Uint8Array | null {
    const place = slot & this.#mask;
    return this.#slots[place] === slot ? this.#pairs[place]! : null;
  }

  set(slot: number, pair: Uint8Array): void {
    const place = slot & this.#mask;
    this.#empty(place);
    const cost = pair.length + ENTRY_OVERHEAD_BYTES;
    if (cost > this.#bytesMax) return;
    while (this.#bytes + cost > this.#bytesMax) {
      this.#empty(this.#hand);
      this.#hand = (this.#hand + 1) & this.#mask;
    }
    this.#slots[place] = slot;
    this.#pairs[place] = pair;
    this.#bytes += cost;
  }

  /** Must be called before a slot is given to another revision. */
  drop(slot: number): void {
    const place = slot & this.#mask;
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
