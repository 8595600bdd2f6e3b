/**
 * Every revision of every key that compaction has not removed, as rows of numbers: forty-eight bytes a
 * revision and no object for the collector to visit. A revision is named by its slot; the revisions of one key are
 * chained from the newest to the oldest.
 */

/** No revision. Slots count from 1. */
export const NO_SLOT = 0;

const CHUNK_BITS = 14;
const CHUNK_SLOTS = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_SLOTS - 1;

/** Slots of the first chunk until they are used up: a state of a few keys takes a few kilobytes. */
const FIRST_SLOTS = 1 << 8;

/** Numbers of 8 bytes, and words of 4, that a row takes: the words come behind the first three numbers. */
const ROW_NUMBERS = 6;
const ROW_WORDS = 2 * ROW_NUMBERS;
/** Places in a row: numbers, counted in numbers. */
const MAIN = 0;
const CREATE = 1;
const VERSION = 2;
/** Places in a row: words, counted in words. */
const SUB = 6;
const BYTES = 7;
const HASH = 8;
const OLDER = 9;
const JUMP = 10;
const DEPTH = 11;

/**
 * Rows, since whoever reads one number of a revision reads others of it: they come from memory together. The table grows by a
 * chunk, never by copying: a doubling array would stall the loop at a million keys.
 */
class Chunk {
  readonly numbers: Float64Array;
  readonly words: Uint32Array;

  constructor(slots: number) {
    this.numbers = new Float64Array(slots * ROW_NUMBERS);
    this.words = new Uint32Array(this.numbers.buffer);
  }

  get slots(): number {
    return this.numbers.length / ROW_NUMBERS;
  }

  /** The same slots, with room for a whole chunk. */
  whole(): Chunk {
    const chunk = new Chunk(CHUNK_SLOTS);
    chunk.words.set(this.words);
    return chunk;
  }
}

export class RevisionTable {
  readonly #chunks: Chunk[] = [new Chunk(FIRST_SLOTS)];
  #nextSlot = 1;
  /** First slot beyond those there is room for. */
  #endSlot = FIRST_SLOTS;
  #freeSlot = NO_SLOT;
  #count = 0;

  /** Revisions held. */
  get count(): number {
    return this.#count;
  }

  /** Revision of the change. */
  main(slot: number): number {
    return this.#number(slot, MAIN);
  }

  /** Order of the change inside its revision. */
  sub(slot: number): number {
    return this.#word(slot, SUB);
  }

  /** Revision that created this generation of the key; 0 for a tombstone. */
  create(slot: number): number {
    return this.#number(slot, CREATE);
  }

  /** Puts since the key was created; 0 for a tombstone. */
  version(slot: number): number {
    return this.#number(slot, VERSION);
  }

  /** Size of the stored record, key included. */
  bytes(slot: number): number {
    return this.#word(slot, BYTES);
  }

  /** Hash of the stored record: what is read back from the disk must have it. Signed 32 bits. */
  hash(slot: number): number {
    return this.#word(slot, HASH) | 0;
  }

  setHash(slot: number, hash: number): void {
    this.#chunks[slot >>> CHUNK_BITS]!.words[(slot & CHUNK_MASK) * ROW_WORDS + HASH] = hash;
  }

  /** The revision of the same key before this one, or {@link NO_SLOT}. */
  older(slot: number): number {
    return this.#word(slot, OLDER);
  }

  isTombstone(slot: number): boolean {
    return this.version(slot) === 0;
  }

  add(
    main: number,
    sub: number,
    create: number,
    version: number,
    bytes: number,
    older: number,
  ): number {
    const slot = this.#takeSlot();
    const { numbers, words } = this.#chunks[slot >>> CHUNK_BITS]!;
    const row = slot & CHUNK_MASK;
    numbers[row * ROW_NUMBERS + MAIN] = main;
    numbers[row * ROW_NUMBERS + CREATE] = create;
    numbers[row * ROW_NUMBERS + VERSION] = version;
    words[row * ROW_WORDS + SUB] = sub;
    words[row * ROW_WORDS + BYTES] = bytes;
    this.#link(slot, older);
    this.#count += 1;
    return slot;
  }

  remove(slot: number): void {
    this.#chunks[slot >>> CHUNK_BITS]!.words[(slot & CHUNK_MASK) * ROW_WORDS + OLDER] =
      this.#freeSlot;
    this.#freeSlot = slot;
    this.#count -= 1;
  }

  /** The newest revision of the chain from `newest` down that is not after `at`; logarithmic in the chain's length. */
  atRevision(newest: number, at: number): number {
    let slot = newest;
    while (slot !== NO_SLOT && this.main(slot) > at) {
      const jump = this.#jump(slot);
      slot = jump !== slot && this.main(jump) > at ? jump : this.older(slot);
    }
    return slot;
  }

  /** Up to `countMax` revisions after `revision`, the oldest of them, oldest first. */
  oldestAfter(newest: number, revision: number, countMax: number): number[] {
    const before = this.atRevision(newest, revision);
    const firstDepth = before === NO_SLOT ? 0 : this.#depth(before) + 1;
    const lastDepth = firstDepth + countMax - 1;
    let slot = newest;
    while (slot !== NO_SLOT && this.#depth(slot) > lastDepth) {
      const jump = this.#jump(slot);
      slot = jump !== slot && this.#depth(jump) > lastDepth ? jump : this.older(slot);
    }
    const slots: number[] = [];
    for (; slot !== before; slot = this.older(slot)) slots.push(slot);
    return slots.reverse();
  }

  /** Cuts everything older than `oldest` off the chain that begins at `newest`. The cut slots stay to be removed. */
  cutBelow(newest: number, oldest: number): void {
    const kept: number[] = [];
    for (let slot = newest; slot !== oldest; slot = this.older(slot)) kept.push(slot);
    this.#link(oldest, NO_SLOT);
    let older = oldest;
    for (let i = kept.length - 1; i >= 0; i -= 1) {
      const slot = kept[i]!;
      this.#link(slot, older);
      older = slot;
    }
  }

  clear(): void {
    this.#chunks.length = 1;
    this.#endSlot = this.#chunks[0]!.slots;
    this.#nextSlot = 1;
    this.#freeSlot = NO_SLOT;
    this.#count = 0;
  }

  #number(slot: number, place: number): number {
    const { numbers } = this.#chunks[slot >>> CHUNK_BITS]!;
    return numbers[(slot & CHUNK_MASK) * ROW_NUMBERS + place]!;
  }

  #word(slot: number, place: number): number {
    const { words } = this.#chunks[slot >>> CHUNK_BITS]!;
    return words[(slot & CHUNK_MASK) * ROW_WORDS + place]!;
  }

  #jump(slot: number): number {
    return this.#word(slot, JUMP);
  }

  #depth(slot: number): number {
    return this.#word(slot, DEPTH);
  }

  /**
   * Hangs `slot` before `older`, with a second pointer that jumps far back, chosen so that any ancestor is reached in
   * logarithmic steps: E. Myers, "An applicative random-access stack", 1983.
   */
  #link(slot: number, older: number): void {
    const { words } = this.#chunks[slot >>> CHUNK_BITS]!;
    const at = (slot & CHUNK_MASK) * ROW_WORDS;
    words[at + OLDER] = older;
    if (older === NO_SLOT) {
      words[at + DEPTH] = 0;
      words[at + JUMP] = slot;
      return;
    }
    const depth = this.#depth(older);
    const length = jumpLength(depth);
    const isEven = length === jumpLength(depth - length);
    words[at + DEPTH] = depth + 1;
    words[at + JUMP] = isEven ? this.#jump(this.#jump(older)) : older;
  }

  #takeSlot(): number {
    const free = this.#freeSlot;
    if (free !== NO_SLOT) {
      this.#freeSlot = this.older(free);
      return free;
    }
    const slot = this.#nextSlot;
    this.#nextSlot += 1;
    if (slot === this.#endSlot) this.#grow();
    return slot;
  }

  #grow(): void {
    if (this.#endSlot === FIRST_SLOTS) {
      this.#chunks[0] = this.#chunks[0]!.whole();
      this.#endSlot = CHUNK_SLOTS;
      return;
    }
    this.#chunks.push(new Chunk(CHUNK_SLOTS));
    this.#endSlot += CHUNK_SLOTS;
  }
}

/**
 * How far the jump from a depth goes. It follows from the depth alone, as the last digit of its skew-binary number, so that
 * no other row need be looked at: those of a chain are far apart, and seldom in the processor's cache.
 */
function jumpLength(depth: number): number {
  let left = depth;
  let digit = 0;
  while (left > 0) {
    // The largest 2^n - 1 there is room for.
    digit = (1 << (31 - Math.clz32(left + 1))) - 1;
    left -= digit;
  }
  return digit;
}
