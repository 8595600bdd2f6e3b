/** Enough digits for every safe integer, so that fences of equal width sort as text. */
const TEXT_DIGITS = 16;

/**
 * The number that makes a lock safe: it grows with every holder of the same name, so a resource that remembers the
 * largest fence it has seen can refuse a former holder that does not know yet that it lost.
 *
 * It is the revision that created the holder's queue entry. `revision` suits a database column; the text form has 16
 * digits and sorts like the number; `<` and `>` compare fences directly.
 *
 * @example
 * ```ts
 * const first = await client.locks.request("job", async (lock) => lock.fence);
 * const second = await client.locks.request("job", async (lock) => lock.fence);
 * console.log(second > first, `${second}` > `${first}`); // true true
 * console.log(JSON.stringify({ fence: first })); // the 16 digits
 * console.log(first.revision); // for a column of numbers
 * ```
 */
export class Fence {
  /** As a number: a positive safe integer. */
  readonly revision: number;

  constructor(revision: number) {
    this.revision = revision;
    Object.freeze(this);
  }

  /** 16 digits, which sort as the numbers do. */
  toString(): string {
    return String(this.revision).padStart(TEXT_DIGITS, "0");
  }

  /** The text form. */
  toJSON(): string {
    return this.toString();
  }

  /** The number, so that `<` and `>` compare fences. */
  valueOf(): number {
    return this.revision;
  }
}
