/** Enough digits for every safe integer, so that fences of equal width sort as text. */
const TEXT_DIGITS = 16;

/**
 * The number that makes a lock safe: it grows with every holder of the same name, so a resource that remembers the
 * largest fence it has seen can refuse a former holder that does not know yet that it lost.
 *
 * It is the revision that created the holder's queue entry. `revision` suits a database column; the text form has 16
 * digits and sorts like the number; `<` and `>` compare fences directly.
 */
export class Fence {
  readonly revision: number;

  constructor(revision: number) {
    this.revision = revision;
    Object.freeze(this);
  }

  toString(): string {
    return String(this.revision).padStart(TEXT_DIGITS, "0");
  }

  toJSON(): string {
    return this.toString();
  }

  valueOf(): number {
    return this.revision;
  }
}
