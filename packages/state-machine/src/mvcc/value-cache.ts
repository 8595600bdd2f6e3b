/** Places in the cache, at most. A power of two; slots of the revision table are dealt out over them in turn. */
const PLACES_MAX = 1 << 17;
/** What pairs are expected to take at least: decides about the number of places. Bytes. */
const PAIR_BYTES_MIN = 128;
/** Slabs that the bytes are divided into. The oldest is given up as a whole when the newest is full. Count. */
const SLABS = 8;

/**
 * The stored pairs read or written last, by revision slot. Direct-mapped: a look at one place finds a pair or not. The bytes
 * lie in slabs that are filled one after another, round and round: a hundred thousand objects that live for seconds would
 * each be moved to the old generation, and make the collector go through all of it several times a second.
 */
export class ValueCache {
  /** Places, less one: what is left of a slot's number is its place. */
  readonly #mask: number;
  readonly #slots: Uint32Array;
  /** Where the pair of a place is: its first byte in the ring of all slabs, its length, and the lap in which it was written. */
  readonly #starts: Float64Array;
  readonly #lengths: Uint32Array;
  readonly #laps: Uint32Array;

  readonly #slabBytes: number;
  /** Made when they are come to for the first time. */
  readonly #slabs: (Buffer | null)[] = new Array<Buffer | null>(SLABS).fill(null);
  /** The lap in which each slab was begun last. */
  readonly #slabLaps = new Uint32Array(SLABS);
  /** The slab that is being filled, how far, and in which lap. */
  #slab = 0;
  #end = 0;
  #lap = 1;

  constructor(bytesMax: number) {
    const filled = Math.max(1, Math.ceil(bytesMax / PAIR_BYTES_MIN));
    const places = Math.min(PLACES_MAX, 2 ** Math.ceil(Math.log2(filled)));
    this.#mask = places - 1;
    this.#slots = new Uint32Array(places);
    this.#starts = new Float64Array(places);
    this.#lengths = new Uint32Array(places);
    this.#laps = new Uint32Array(places);
    this.#slabBytes = Math.floor(bytesMax / SLABS);
    this.#slabLaps[0] = 1;
  }

  /** Bytes of the slabs there are. */
  get bytes(): number {
    return this.#slabs.reduce((sum, slab) => sum + (slab?.length ?? 0), 0);
  }

  /** A copy of the pair, or null. */
  get(slot: number): Uint8Array | null {
    const place = slot & this.#mask;
    if (this.#slots[place] !== slot) return null;
    const start = this.#starts[place]!;
    const slab = Math.floor(start / this.#slabBytes);
    if (this.#laps[place] !== this.#slabLaps[slab]) return null; // written over since
    const length = this.#lengths[place]!;
    const from = start - slab * this.#slabBytes;
    const pair = Buffer.allocUnsafe(length);
    this.#slabs[slab]!.copy(pair, 0, from, from + length);
    return pair;
  }

  /** Keeps a copy. A pair that is larger than a slab is not kept. */
  set(slot: number, pair: Uint8Array): void {
    const { length } = pair;
    if (length > this.#slabBytes || length === 0) {
      this.drop(slot);
      return;
    }
    if (this.#end + length > this.#slabBytes) this.#beginSlab();
    this.#slabs[this.#slab] ??= Buffer.allocUnsafeSlow(this.#slabBytes);
    this.#slabs[this.#slab]!.set(pair, this.#end);
    const place = slot & this.#mask;
    this.#slots[place] = slot;
    this.#starts[place] = this.#slab * this.#slabBytes + this.#end;
    this.#lengths[place] = length;
    this.#laps[place] = this.#lap;
    this.#end += length;
  }

  /** Must be called before a slot is given to another revision. */
  drop(slot: number): void {
    const place = slot & this.#mask;
    if (this.#slots[place] === slot) this.#slots[place] = 0;
  }

  clear(): void {
    this.#slots.fill(0);
    this.#slabs.fill(null);
    this.#slab = 0;
    this.#end = 0;
  }

  /** Gives up what the next slab holds. */
  #beginSlab(): void {
    this.#slab = (this.#slab + 1) % SLABS;
    if (this.#slab === 0) this.#lap += 1;
    this.#slabLaps[this.#slab] = this.#lap;
    this.#end = 0;
  }
}
