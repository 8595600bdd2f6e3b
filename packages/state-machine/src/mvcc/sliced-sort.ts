/** Positions sorted at once: the runs that are then merged, two by two. */
const RUN = 1_024;

/**
 * Sorts the positions 0 … size − 1 a piece at a time, so that a million of them stall nobody: runs first, then merges of
 * runs twice as long each time. Equal ones stay in order.
 */
export class SlicedSort {
  /** Requires: {@link step} said that it is done. */
  order: Uint32Array;
  readonly #compare: (a: number, b: number) => number;
  #spare: Uint32Array;
  /** Length of the runs that are merged now; 0: the first runs are being sorted. */
  #run = 0;
  /** How far this round of merging is. */
  #at = 0;
  /** Inside the merge under way: next of its left run, and of its right one. */
  #left = 0;
  #right = 0;

  constructor(size: number, compare: (a: number, b: number) => number) {
    this.order = new Uint32Array(size);
    for (let i = 0; i < size; i += 1) this.order[i] = i;
    this.#spare = new Uint32Array(size);
    this.#compare = (a, b) => compare(a, b) || a - b;
  }

  /** Goes on for about `workMax` comparisons or more. @returns whether it is done, and the work it took */
  step(workMax: number): { readonly isDone: boolean; readonly work: number } {
    let work = 0;
    while (work < workMax && !this.#isDone()) {
      work += this.#run === 0 ? this.#sortRun() : this.#merge(workMax - work);
    }
    return { isDone: this.#isDone(), work };
  }

  #isDone(): boolean {
    return this.#run >= this.order.length;
  }

  #sortRun(): number {
    const end = Math.min(this.order.length, this.#at + RUN);
    this.order.subarray(this.#at, end).sort(this.#compare);
    const work = (end - this.#at) * 10; // Comparisons of each: the logarithm of a run.
    this.#at = end;
    if (end === this.order.length) this.#beginRound(RUN);
    return work;
  }

  #beginRound(run: number): void {
    this.#run = run;
    this.#beginMerge(0);
  }

  #beginMerge(at: number): void {
    this.#at = at;
    this.#left = at;
    this.#right = Math.min(this.order.length, at + this.#run);
  }

  /** Merges the two runs at `at`, or a part of them. */
  #merge(workMax: number): number {
    const { order } = this;
    const size = order.length;
    const start = this.#at;
    const middle = Math.min(size, start + this.#run);
    const end = Math.min(size, middle + this.#run);
    let left = this.#left;
    let right = this.#right;
    let to = left + right - middle;
    const until = Math.min(end, to + workMax);
    const work = until - to;
    for (; to < until; to += 1) {
      const takesLeft =
        right === end || (left < middle && this.#compare(order[left]!, order[right]!) < 0);
      this.#spare[to] = takesLeft ? order[left]! : order[right]!;
      if (takesLeft) left += 1;
      else right += 1;
    }
    this.#left = left;
    this.#right = right;
    if (to === end) this.#endMerge(end);
    return work;
  }

  #endMerge(end: number): void {
    if (end < this.order.length) {
      this.#beginMerge(end);
      return;
    }
    [this.order, this.#spare] = [this.#spare, this.order];
    this.#beginRound(this.#run * 2);
  }
}
