/**
 * Every revision of every key that compaction has not removed, as columns of numbers: fifty-two bytes a
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

/** Columns grow by a chunk, never by copying: a doubling array would stall the loop at a million keys. */
class Chunk {
  readonly main: Float64Array;
  readonly create: Float64Array;
  readonly version: Float64Array;
  readonly sub: Uint32Array;
  readonly bytes: Uint32Array;
  readonly hash: Int32Array;
  readonly older: Uint32Array;
  readonly jump: Uint32Array;
  readonly depth: Uint32Array;

  constructor(slots: number) {
    this.main = new Float64Array(slots);
    this.create = new Float64Array(slots);
    this.version = new Float64Array(slots);
    this.sub = new Uint32Array(slots);
    this.bytes = new Uint32Array(slots);
    this.hash = new Int32Array(slots);
    this.older = new Uint32Array(slots);
    this.jump = new Uint32Array(slots);
    this.depth = new Uint32Array(slots);
  }

  /** The same slots, with room for a whole chunk. */
  whole(): Chunk {
    const chunk = new Chunk(CHUNK_SLOTS);
    chunk.main.set(this.main);
    chunk.create.set(this.create);
    chunk.version.set(this.version);
    chunk.sub.set(this.sub);
    chunk.bytes.set(this.bytes);
    chunk.hash.set(this.hash);
    chunk.older.set(this.older);
    chunk.jump.set(this.jump);
    chunk.depth.set(this.depth);
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
    return this.#chunks[slot >>> CHUNK_BITS]!.main[slot & CHUNK_MASK]!;
  }

  /** Order of the change inside its revision. */
  sub(slot: number): number {
    return this.#chunks[slot >>> CHUNK_BITS]!.sub[slot & CHUNK_MASK]!;
  }

  /** Revision that created this generation of the key; 0 for a tombstone. */
  create(slot: number): number {
    return this.#chunks[slot >>> CHUNK_BITS]!.create[slot & CHUNK_MASK]!;
  }

  /** Puts since the key was created; 0 for a tombstone. */
  version(slot: number): number {
    return this.#chunks[slot >>> CHUNK_BITS]!.version[slot & CHUNK_MASK]!;
  }

  /** Size of the stored record, key included. */
  bytes(slot: number): number {
    return this.#chunks[slot >>> CHUNK_BITS]!.bytes[slot & CHUNK_MASK]!;
  }

  /** Hash of the stored record: what is read back from the disk must have it. Signed 32 bits. */
  hash(slot: number): number {
    return this.#chunks[slot >>> CHUNK_BITS]!.hash[slot & CHUNK_MASK]!;
  }

  setHash(slot: number, hash: number): void {
    this.#chunks[slot >>> CHUNK_BITS]!.hash[slot & CHUNK_MASK] = hash;
  }

  /** The revision of the same key before this one, or {@link NO_SLOT}. */
  older(slot: number): number {
    return this.#chunks[slot >>> CHUNK_BITS]!.older[slot & CHUNK_MASK]!;
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
    const chunk = this.#chunks[slot >>> CHUNK_BITS]!;
    const at = slot & CHUNK_MASK;
    chunk.main[at] = main;
    chunk.sub[at] = sub;
    chunk.create[at] = create;
    chunk.version[at] = version;
    chunk.bytes[at] = bytes;
    this.#link(slot, older);
    this.#count += 1;
    return slot;
  }

  remove(slot: number): void {
    this.#chunks[slot >>> CHUNK_BITS]!.older[slot & CHUNK_MASK] = this.#freeSlot;
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
    this.#endSlot = this.#chunks[0]!.main.length;
    this.#nextSlot = 1;
    this.#freeSlot = NO_SLOT;
    this.#count = 0;
  }

  #jump(slot: number): number {
    return this.#chunks[slot >>> CHUNK_BITS]!.jump[slot & CHUNK_MASK]!;
  }

  #depth(slot: number): number {
    return this.#chunks[slot >>> CHUNK_BITS]!.depth[slot & CHUNK_MASK]!;
  }

  /**
   * Hangs `slot` before `older`, with a second pointer that jumps far back, chosen so that any ancestor is reached in
   * logarithmic steps: E. Myers, "An applicative random-access stack", 1983.
   */
  #link(slot: number, older: number): void {
    const chunk = this.#chunks[slot >>> CHUNK_BITS]!;
    const at = slot & CHUNK_MASK;
    chunk.older[at] = older;
    if (older === NO_SLOT) {
      chunk.depth[at] = 0;
      chunk.jump[at] = slot;
      return;
    }
    const jump = this.#jump(older);
    const farJump = this.#jump(jump);
    const depth = this.#depth(older);
    const isEven = depth - this.#depth(jump) === this.#depth(jump) - this.#depth(farJump);
    chunk.depth[at] = depth + 1;
    chunk.jump[at] = isEven ? farJump : older;
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
