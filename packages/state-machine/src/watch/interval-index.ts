import { assert, type ByteString } from "@conclave/base";
import type { KeyRange } from "../mvcc/range-bounds.ts";
import type { Watcher } from "./watcher.ts";

/** A node of the treap of ranges. Ordered by start, then end; a null end lies behind all others. */
class RangeNode {
  /** The range, and the first of its watchers. */
  first: Watcher;
  readonly priority: number;
  left: RangeNode | null = null;
  right: RangeNode | null = null;
  /** Greatest end in this subtree; null: one of them is open. */
  maxEnd: ByteString | null;

  constructor(first: Watcher, priority: number) {
    this.first = first;
    this.priority = priority;
    this.maxEnd = first.end;
  }
}

/**
 * Finds the watchers of a key. Single keys, which are nearly all of them, are in a hash map; ranges are in a treap that
 * knows the greatest end below each node. What a lookup costs does not depend on watchers of other keys.
 *
 * Watchers of the same range are a list, known by its first: a range is looked up, and its events are encoded, once for
 * all of them, and one that is alone needs no object beside its own.
 */
export class IntervalIndex {
  readonly #singles = new Map<ByteString, Watcher>();
  #root: RangeNode | null = null;
  #rangeCount = 0;
  #priorityState = 0x9e3779b9;

  /** Distinct ranges, single keys included. */
  get rangeCount(): number {
    return this.#singles.size + this.#rangeCount;
  }

  add(watcher: Watcher): void {
    if (watcher.isSingle) {
      putBefore(watcher, this.#singles.get(watcher.key) ?? null);
      this.#singles.set(watcher.key, watcher);
      return;
    }
    const node = this.#find(watcher);
    if (node === null) {
      this.#root = this.#insertNode(this.#root, new RangeNode(watcher, this.#nextPriority()));
      this.#rangeCount += 1;
      return;
    }
    putBefore(watcher, node.first);
    node.first = watcher;
  }

  remove(watcher: Watcher): void {
    const { nextOfRange: next, previousOfRange: previous } = watcher;
    watcher.nextOfRange = null;
    watcher.previousOfRange = null;
    if (next !== null) next.previousOfRange = previous;
    if (previous !== null) previous.nextOfRange = next;
    else if (watcher.isSingle) this.#replaceSingle(watcher, next);
    else this.#replaceInNode(watcher, next);
  }

  /** Visits every range that holds `key`, in the shape of the first of its watchers. */
  visit(key: ByteString, visit: (first: Watcher) => void): void {
    const single = this.#singles.get(key);
    if (single !== undefined) visit(single);
    if (this.#root !== null) visitNode(this.#root, key, visit);
  }

  #replaceSingle(first: Watcher, next: Watcher | null): void {
    const { key } = first;
    assert(this.#singles.get(key) === first, "removal of a watcher that is not in the index");
    if (next === null) this.#singles.delete(key);
    else this.#singles.set(key, next);
  }

  #replaceInNode(first: Watcher, next: Watcher | null): void {
    const node = this.#find(first);
    assert(node?.first === first, "removal of a watcher that is not in the index");
    if (next !== null) {
      node.first = next;
      return;
    }
    this.#root = this.#removeNode(this.#root, first);
    this.#rangeCount -= 1;
  }

  #find(range: KeyRange): RangeNode | null {
    let node = this.#root;
    while (node !== null) {
      const order = compareRanges(range, node.first);
      if (order === 0) return node;
      node = order < 0 ? node.left : node.right;
    }
    return null;
  }

  #insertNode(root: RangeNode | null, added: RangeNode): RangeNode {
    if (root === null) return added;
    if (added.priority > root.priority) {
      const [left, right] = this.#split(root, added.first);
      added.left = left;
      added.right = right;
      return updated(added);
    }
    if (compareRanges(added.first, root.first) < 0) root.left = this.#insertNode(root.left, added);
    else root.right = this.#insertNode(root.right, added);
    return updated(root);
  }

  /** Splits into the nodes before `range` and those after it. */
  #split(root: RangeNode | null, range: KeyRange): [RangeNode | null, RangeNode | null] {
    if (root === null) return [null, null];
    if (compareRanges(root.first, range) < 0) {
      const [left, right] = this.#split(root.right, range);
      root.right = left;
      return [updated(root), right];
    }
    const [left, right] = this.#split(root.left, range);
    root.left = right;
    return [left, updated(root)];
  }

  #removeNode(root: RangeNode | null, range: KeyRange): RangeNode | null {
    assert(root !== null, "removal of a range that is not in the index");
    const order = compareRanges(range, root.first);
    if (order === 0) return this.#merge(root.left, root.right);
    if (order < 0) root.left = this.#removeNode(root.left, range);
    else root.right = this.#removeNode(root.right, range);
    return updated(root);
  }

  #merge(left: RangeNode | null, right: RangeNode | null): RangeNode | null {
    if (left === null) return right;
    if (right === null) return left;
    if (left.priority > right.priority) {
      left.right = this.#merge(left.right, right);
      return updated(left);
    }
    right.left = this.#merge(left, right.left);
    return updated(right);
  }

  /** Xorshift: the heap order only has to be unrelated to the order of keys, not unpredictable. */
  #nextPriority(): number {
    let state = this.#priorityState;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#priorityState = state;
    return state >>> 0;
  }
}

function putBefore(watcher: Watcher, next: Watcher | null): void {
  watcher.nextOfRange = next;
  if (next !== null) next.previousOfRange = watcher;
}

function visitNode(node: RangeNode, key: ByteString, visit: (first: Watcher) => void): void {
  if (node.maxEnd !== null && node.maxEnd <= key) return;
  if (node.left !== null) visitNode(node.left, key, visit);
  if (node.first.key > key) return;
  if (node.first.end === null || key < node.first.end) visit(node.first);
  if (node.right !== null) visitNode(node.right, key, visit);
}

function compareRanges(a: KeyRange, b: KeyRange): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  if (a.end === b.end) return 0;
  if (a.end === null) return 1;
  if (b.end === null) return -1;
  return a.end < b.end ? -1 : 1;
}

function updated(node: RangeNode): RangeNode {
  let { end } = node.first;
  for (const child of [node.left, node.right]) {
    if (child === null || end === null) continue;
    if (child.maxEnd === null || child.maxEnd > end) end = child.maxEnd;
  }
  node.maxEnd = end;
  return node;
}
