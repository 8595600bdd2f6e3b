import type { Change } from "../mvcc/store.ts";

/** Changes remembered for watchers that fall a little behind. Count; a power of two. */
export const CHANGES_MAX = 1 << 14;
/** Bytes of pairs that the memory may keep alive. */
const BYTES_MAX = 16 * 1024 * 1024;

/** The latest changes in order, so that a watcher a little behind is not sent through the whole index. */
export class RecentChanges {
  readonly #ring: (Change | null)[] = new Array<Change | null>(CHANGES_MAX).fill(null);
  /** Count of all changes ever dropped, and ever added: positions in the ring, modulo its size. */
  #dropped = 0;
  #added = 0;
  #bytes = 0;
  #completeFrom = 0;

  /** Every change from this revision on is here. */
  get completeFrom(): number {
    return this.#completeFrom;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(change: Change): void {
    if (this.#added - this.#dropped === CHANGES_MAX) this.#dropOldest();
    this.#ring[this.#added & (CHANGES_MAX - 1)] = change;
    this.#added += 1;
    this.#bytes += change.pair.length;
    while (this.#bytes > BYTES_MAX) this.#dropOldest();
  }

  /**
   * Visits the changes from `revision` on, in order, until `visit` returns false. Requires: `revision` is not below
   * {@link completeFrom}.
   */
  visitFrom(revision: number, visit: (change: Change) => boolean): void {
    let low = this.#dropped;
    let high = this.#added;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#at(middle).revision < revision) low = middle + 1;
      else high = middle;
    }
    while (low < this.#added && visit(this.#at(low))) low += 1;
  }

  /** Remembers nothing up to `revision`, the last there is, and what it held. */
  pass(revision: number): void {
    if (this.#added > this.#dropped) this.clear(revision);
    this.#completeFrom = revision + 1;
  }

  /** Forgets everything: the next change comes after `revision`. */
  clear(revision: number): void {
    this.#ring.fill(null);
    this.#dropped = 0;
    this.#added = 0;
    this.#bytes = 0;
    this.#completeFrom = revision + 1;
  }

  #at(position: number): Change {
    return this.#ring[position & (CHANGES_MAX - 1)]!;
  }

  #dropOldest(): void {
    const oldest = this.#at(this.#dropped);
    this.#bytes -= oldest.pair.length;
    this.#completeFrom = oldest.revision + 1;
    this.#ring[this.#dropped & (CHANGES_MAX - 1)] = null;
    this.#dropped += 1;
  }
}
