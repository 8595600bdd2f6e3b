import type { ByteString } from "@conclave/base";
import { type RangeRequest, type RangeResponseInit, SortOrder, SortTarget } from "@conclave/wire";
import { KeyValueView } from "./key-value.ts";
import { type KeyRange, keyRangeOf } from "./range-bounds.ts";
import { NO_SLOT } from "./revision.ts";
import type { MvccStore } from "./store.ts";

/** Why a read at a revision is refused; null if it is not. */
export type ReadRefusal = "compacted" | "futureRevision";

/** A Range answer without its header. Pairs are encoded mvccpb.KeyValue, to be spliced in as they are. */
export interface RangeAnswer extends RangeResponseInit {
  readonly kvs: readonly Uint8Array[];
  readonly more: boolean;
  readonly count: number;
}

/** Whether a read asking for `revision` is refused. 0 and less ask for the latest. */
export function checkReadRevision(store: MvccStore, revision: number): ReadRefusal | null {
  if (revision <= 0) return null;
  if (revision > store.readRevision) return "futureRevision";
  if (revision < store.compactRevision) return "compacted";
  return null;
}

/** Answers a Range. Requires: {@link checkReadRevision} does not refuse its revision. */
export function evaluateRange(store: MvccStore, request: RangeRequest): RangeAnswer {
  const range = keyRangeOf(request.key, request.rangeEnd);
  const at = request.revision > 0 ? request.revision : store.readRevision;
  if (range.isSingle && !hasRevisionBounds(request)) return readOne(store, request, range.key, at);
  if (request.countOnly) return { kvs: [], more: false, count: countLive(store, range, at) };
  return new RangeEvaluation(store, request, range, at).run();
}

/** Visits the keys of a range that existed at `at`, in order, until `visit` returns false. */
export function visitRange(
  store: MvccStore,
  range: KeyRange,
  at: number,
  visit: (key: ByteString, slot: number) => boolean,
): void {
  if (!range.isSingle) {
    store.index.visitLive(range.key, range.end, at, visit);
    return;
  }
  const slot = store.index.liveAt(range.key, at);
  if (slot !== NO_SLOT) visit(range.key, slot);
}

function countLive(store: MvccStore, range: KeyRange, at: number): number {
  let count = 0;
  visitRange(store, range, at, () => {
    count += 1;
    return true;
  });
  return count;
}

function readOne(
  store: MvccStore,
  request: RangeRequest,
  key: ByteString,
  at: number,
): RangeAnswer {
  const slot = store.index.liveAt(key, at);
  if (slot === NO_SLOT) return { kvs: [], more: false, count: 0 };
  if (request.countOnly) return { kvs: [], more: false, count: 1 };
  const pair = request.keysOnly ? store.keyOnlyAt(key, slot) : store.pairAt(slot);
  return { kvs: [pair], more: false, count: 1 };
}

function hasRevisionBounds(request: RangeRequest): boolean {
  return (
    request.minModRevision !== 0 ||
    request.maxModRevision !== 0 ||
    request.minCreateRevision !== 0 ||
    request.maxCreateRevision !== 0
  );
}

/**
 * One Range over many keys: select by the index alone, sort, cut at the limit, and read only the pairs that are left.
 * `count` is of all keys in the range: neither limit nor revision bounds touch it (etcd #11990).
 */
class RangeEvaluation {
  readonly #store: MvccStore;
  readonly #request: RangeRequest;
  readonly #range: KeyRange;
  readonly #at: number;
  readonly #keys: ByteString[] = [];
  readonly #slots: number[] = [];

  constructor(store: MvccStore, request: RangeRequest, range: KeyRange, at: number) {
    this.#store = store;
    this.#request = request;
    this.#range = range;
    this.#at = at;
  }

  run(): RangeAnswer {
    const { limit, keysOnly } = this.#request;
    const count = this.#select();
    const order = this.#order();
    const found = this.#slots.length;
    // What was selected may be cut already; `found` then is the limit plus one.
    const taken = limit > 0 ? Math.min(limit, found) : found;
    const kvs: Uint8Array[] = new Array(taken);
    for (let i = 0; i < taken; i += 1) {
      const at = order === null ? i : order[i]!;
      const slot = this.#slots[at]!;
      kvs[i] = keysOnly ? this.#store.keyOnlyAt(this.#keys[at]!, slot) : this.#store.pairAt(slot);
    }
    return { kvs, more: limit > 0 && found > limit, count };
  }

  /**
   * Collects what the answer is made of. Like etcd, a sort target without a sort order sorts only what the limit let
   * through in key order, unless there are revision bounds.
   * @returns the count of all keys in the range
   */
  #select(): number {
    const { limit, sortOrder } = this.#request;
    const isBounded = hasRevisionBounds(this.#request);
    const isCut = isKeyOrder(this.#request) || (sortOrder === SortOrder.NONE && !isBounded);
    const selectedMax = limit > 0 && isCut ? limit + 1 : Number.POSITIVE_INFINITY;
    let count = 0;
    visitRange(this.#store, this.#range, this.#at, (key, slot) => {
      count += 1;
      if (this.#slots.length >= selectedMax) return true;
      if (isBounded && !this.#isWithinBounds(slot)) return true;
      this.#keys.push(key);
      this.#slots.push(slot);
      return true;
    });
    return count;
  }

  #isWithinBounds(slot: number): boolean {
    const { revisions } = this.#store.index;
    const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = this.#request;
    const mod = revisions.main(slot);
    const create = revisions.create(slot);
    if (maxModRevision !== 0 && mod > maxModRevision) return false;
    if (minModRevision !== 0 && mod < minModRevision) return false;
    if (maxCreateRevision !== 0 && create > maxCreateRevision) return false;
    return minCreateRevision === 0 || create >= minCreateRevision;
  }

  /** Positions of the selected keys in the order asked for; null: as they are. Ties stay in key order. */
  #order(): Uint32Array | null {
    if (isKeyOrder(this.#request)) return null;
    const order = Uint32Array.from(this.#slots, (_, i) => i);
    const sign = this.#request.sortOrder === SortOrder.DESCEND ? -1 : 1;
    const compare = this.#comparison();
    return order.sort((a, b) => sign * compare(a, b) || a - b);
  }

  #comparison(): (a: number, b: number) => number {
    const { revisions } = this.#store.index;
    const slots = this.#slots;
    switch (this.#request.sortTarget) {
      case SortTarget.VERSION:
        return (a, b) => revisions.version(slots[a]!) - revisions.version(slots[b]!);
      case SortTarget.CREATE:
        return (a, b) => revisions.create(slots[a]!) - revisions.create(slots[b]!);
      case SortTarget.MOD:
        return (a, b) => revisions.main(slots[a]!) - revisions.main(slots[b]!);
      case SortTarget.VALUE: {
        const view = new KeyValueView();
        const values = slots.map((slot) => view.read(this.#store.pairAt(slot)).value());
        return (a, b) => Buffer.compare(values[a]!, values[b]!);
      }
      default:
        return (a, b) => a - b;
    }
  }
}

/** Sorting by another target than the key without saying how means ascending; by key it means as it is. */
function isKeyOrder(request: RangeRequest): boolean {
  return request.sortTarget === SortTarget.KEY && request.sortOrder !== SortOrder.DESCEND;
}
