/**
 * What the lock protects: anything that can remember the largest fence it has seen, and compare it in the same step as it
 * writes. In SQL: `UPDATE account SET balance = ?, fence = ? WHERE id = ? AND fence <= ?`.
 */
export class FencedResource {
  value = null;
  #fenceMax = "";

  /** @returns whether the write was accepted */
  write(fence, value) {
    if (fence < this.#fenceMax) return false; // The text of a fence sorts like the fence.
    this.#fenceMax = fence;
    this.value = value;
    return true;
  }
}
