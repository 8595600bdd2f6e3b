import { assert, type ByteString } from "@conclave/base";
import { type RangeRequest, type RangeResponseInit, SortOrder, SortTarget } from "@conclave/wire";
import { KeyValueView } from "./key-value.ts";
import type { KeyRange } from "./range-bounds.ts";
import { NO_SLOT } from "./revision.ts";
import { SlicedSort } from "./sliced-sort.ts";
import type { MvccStore } from "./store.ts";

/** A Range answer without its header. Pairs are encoded mvccpb.KeyValue, to be spliced in as they are. */
export interface RangeAnswer extends RangeResponseInit {
  readonly kvs: readonly Uint8Array[];
  readonly more: boolean;
  readonly count: number;
}

type Phase = "select" | "values" | "sort" | "read" | "done";

/** What reading a pair costs, in keys passed over. */
const PAIR_WORK = 8;
/** Bytes that are copied, on their way out, in the time of passing over a key. */
const BYTES_PER_WORK = 256;

/**
 * One Range over many keys, read as the store was when it began, however long that takes: select by the index alone,
 * sort, cut at the limit, and read only the pairs that are left. `count` is of all keys in the range: neither limit nor
 * revision bounds touch it (etcd #11990).
 *
 * Between two steps the store may change. It must not remove what a reader at {@link revision} sees; once it was
 * emptied, {@link isVoid} says that the reading has to begin again.
 */
export class RangeReading {
  /** Revision of the store as it was read; what the header says. */
  readonly storeRevision: number;
  /** Revision of the keys that are read. */
  readonly revision: number;
  /** Of the pairs read so far. */
  pairBytes = 0;
  readonly #store: MvccStore;
  readonly #epoch: number;
  readonly #request: RangeRequest;
  readonly #end: string | null;
  readonly #isBounded: boolean;
  /** Keys that are selected before the answer is sorted and cut. */
  readonly #selectedMax: number;
  /** Where selecting goes on. */
  #nextKey: string;
  #phase: Phase = "select";
  /** Of the step under way. */
  #workLeft = 0;
  #count = 0;
  #keys: ByteString[] = [];
  #slots: number[] = [];
  #values: Uint8Array[] = [];
  #sort: SlicedSort | null = null;
  #kvs: Uint8Array[] = [];

  constructor(store: MvccStore, request: RangeRequest, range: KeyRange, revision: number) {
    this.#store = store;
    this.#epoch = store.epoch;
    this.#request = request;
    this.revision = revision;
    this.storeRevision = store.revision;
    this.#nextKey = range.key;
    this.#end = range.isSingle ? `${range.key}\0` : range.end;
    this.#isBounded = hasRevisionBounds(request);
    this.#selectedMax = selectedMax(request);
  }

  /** Whether the store was emptied since: nothing can be read any more. */
  get isVoid(): boolean {
    return this.#store.epoch !== this.#epoch;
  }

  /**
   * Goes on reading, for about as long as passing over `work` keys takes. Requires: not void.
   * @returns whether the answer is complete
   */
  step(work: number): boolean {
    assert(!this.isVoid, "a reading does not outlive what it reads");
    this.#workLeft = work;
    while (this.#phase !== "done" && this.#workLeft > 0) {
      if (this.#goOn()) this.#phase = this.#nextPhase();
    }
    return this.#phase === "done";
  }

  /** @returns whether the phase is over */
  #goOn(): boolean {
    switch (this.#phase) {
      case "select":
        return this.#select();
      case "values":
        return this.#readValues();
      case "sort": {
        this.#sort ??= new SlicedSort(this.#slots.length, this.#comparison());
        const { isDone, work } = this.#sort.step(this.#workLeft);
        this.#workLeft -= work;
        return isDone;
      }
      default:
        return this.#readPairs();
    }
  }

  #nextPhase(): Phase {
    switch (this.#phase) {
      case "select":
        if (this.#request.countOnly) return "done";
        if (this.#order() !== "sorted") return "read";
        return this.#request.sortTarget === SortTarget.VALUE ? "values" : "sort";
      case "values":
        return "sort";
      case "sort":
        return "read";
      default:
        return "done";
    }
  }

  /** Requires: {@link step} returned true. */
  answer(): RangeAnswer {
    assert(this.#phase === "done", "an answer before its end");
    const { limit, countOnly } = this.#request;
    const more = !countOnly && limit > 0 && this.#slots.length > limit;
    return { kvs: this.#kvs, more, count: this.#count };
  }

  /** Collects what the answer is made of, and counts the rest: at the latest revision without visiting it. */
  #select(): boolean {
    const { index } = this.#store;
    const isLatest = index.isLatest(this.revision);
    if (!(isLatest && this.#isSelected())) this.#selectKeys(isLatest);
    if (isLatest && this.#isSelected()) {
      this.#count += index.countLive(this.#nextKey, this.#end);
      return true;
    }
    return this.#workLeft > 0;
  }

  /** Goes over the keys until the work of the step is done, or only counting is left that needs no visit. */
  #selectKeys(isLatest: boolean): void {
    const { index } = this.#store;
    let left = this.#workLeft;
    let lastKey = this.#nextKey;
    index.visitAt(this.#nextKey, this.#end, this.revision, (key, newest) => {
      left -= 1; // A key that is gone costs as much as one that is there.
      lastKey = key;
      const slot = index.live(newest, this.revision);
      if (slot === NO_SLOT) return left > 0;
      this.#count += 1;
      if (!this.#isSelected() && this.#isWithinBounds(slot)) {
        this.#keys.push(key);
        this.#slots.push(slot);
      }
      return left > 0 && !(isLatest && this.#isSelected());
    });
    this.#workLeft = left;
    this.#nextKey = `${lastKey}\0`;
  }

  /** Whether no more keys are wanted, but for their number. */
  #isSelected(): boolean {
    return this.#request.countOnly || this.#slots.length >= this.#selectedMax;
  }

  #isWithinBounds(slot: number): boolean {
    if (!this.#isBounded) return true;
    const { revisions } = this.#store.index;
    const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = this.#request;
    const mod = revisions.main(slot);
    const create = revisions.create(slot);
    if (maxModRevision !== 0 && mod > maxModRevision) return false;
    if (minModRevision !== 0 && mod < minModRevision) return false;
    if (maxCreateRevision !== 0 && create > maxCreateRevision) return false;
    return minCreateRevision === 0 || create >= minCreateRevision;
  }

  #readValues(): boolean {
    const view = new KeyValueView();
    const end = this.#readTo(this.#values.length, this.#slots.length);
    for (let at = this.#values.length; at < end; at += 1) {
      this.#values.push(view.read(this.#store.pairAt(this.#slots[at]!)).value());
    }
    return end === this.#slots.length;
  }

  #readPairs(): boolean {
    const { limit, keysOnly } = this.#request;
    const found = this.#slots.length;
    // What was selected may be cut already; `found` then is the limit plus one.
    const taken = limit > 0 ? Math.min(limit, found) : found;
    for (let i = this.#kvs.length; i < taken; i += 1) {
      if (this.#workLeft <= 0) return false;
      const at = this.#position(i);
      const slot = this.#slots[at]!;
      const pair = keysOnly
        ? this.#store.keyOnlyAt(this.#keys[at]!, slot)
        : this.#store.pairAt(slot);
      this.pairBytes += pair.length;
      this.#workLeft -= PAIR_WORK + pair.length / BYTES_PER_WORK;
      this.#kvs.push(pair);
    }
    return true;
  }

  /** How far pairs may be read in this step. */
  #readTo(from: number, to: number): number {
    const end = Math.min(to, from + Math.ceil(this.#workLeft / PAIR_WORK));
    this.#workLeft -= (end - from) * PAIR_WORK;
    return end;
  }

  /** Which of the selected keys is the i-th of the answer. */
  #position(i: number): number {
    const order = this.#order();
    if (order === "asc") return i;
    return order === "desc" ? this.#slots.length - 1 - i : this.#sort!.order[i]!;
  }

  /** Keys were selected in ascending order: by key there is nothing to sort. */
  #order(): "asc" | "desc" | "sorted" {
    const { sortTarget, sortOrder } = this.#request;
    if (!isByKey(sortTarget)) return "sorted";
    return sortOrder === SortOrder.DESCEND ? "desc" : "asc";
  }

  /** Ties stay in key order, whichever the direction. */
  #comparison(): (a: number, b: number) => number {
    const sign = this.#request.sortOrder === SortOrder.DESCEND ? -1 : 1;
    const { revisions } = this.#store.index;
    const slots = this.#slots;
    const values = this.#values;
    switch (this.#request.sortTarget) {
      case SortTarget.VERSION:
        return (a, b) => sign * (revisions.version(slots[a]!) - revisions.version(slots[b]!));
      case SortTarget.CREATE:
        return (a, b) => sign * (revisions.create(slots[a]!) - revisions.create(slots[b]!));
      case SortTarget.MOD:
        return (a, b) => sign * (revisions.main(slots[a]!) - revisions.main(slots[b]!));
      default:
        return (a, b) => sign * Buffer.compare(values[a]!, values[b]!);
    }
  }
}

export function hasRevisionBounds(request: RangeRequest): boolean {
  return (
    request.minModRevision !== 0 ||
    request.maxModRevision !== 0 ||
    request.minCreateRevision !== 0 ||
    request.maxCreateRevision !== 0
  );
}

/**
 * How many keys, in their order, a limit lets through to the sorting: one more than it, which tells whether there are more.
 * Like etcd, a sort target without a sort order sorts only these, unless there are revision bounds.
 */
function selectedMax(request: RangeRequest): number {
  const { limit, sortOrder } = request;
  const isUnsorted = sortOrder === SortOrder.NONE && !hasRevisionBounds(request);
  const isCut = limit > 0 && (isKeyOrder(request) || isUnsorted);
  return isCut ? limit + 1 : Number.POSITIVE_INFINITY;
}

/** Targets that are unknown do not come this far. */
function isByKey(target: SortTarget): boolean {
  return target < SortTarget.VERSION || target > SortTarget.VALUE;
}

/** Sorting by another target than the key without saying how means ascending; by key it means as it is. */
function isKeyOrder(request: RangeRequest): boolean {
  return request.sortTarget === SortTarget.KEY && request.sortOrder !== SortOrder.DESCEND;
}
