import { assert, type ByteString } from "@conclave/base";
import type { KeyRange } from "../mvcc/range-bounds.ts";
import { type Watcher, WatcherGroup } from "./watcher.ts";

/** A node of the treap of ranges. Ordered by start, then end; a null end lies behind all others. */
class RangeNode extends WatcherGroup {
  readonly priority: number;
  left: RangeNode | null = null;
  right: RangeNode | null = null;
  /** Greatest end in this subtree; null: one of them is open. */
  maxEnd: ByteString | null;

  constructor(range: KeyRange, priority: number) {
    super(range);
    this.priority = priority;
    this.maxEnd = range.end;
  }
}

/**
 * Finds the watchers of a key. Single keys, which are nearly all of them, are in a hash map; ranges are in a treap that
 * knows the greatest end below each node. What a lookup costs does not depend on watchers of other keys.
 */
export class IntervalIndex {
  readonly #singles = new Map<ByteString, WatcherGroup>();
  #root: RangeNode | null = null;
  #rangeCount = 0;
  #priorityState = 0x9e3779b9;

  /** Distinct ranges, single keys included. */
  get groupCount(): number {
    return this.#singles.size + this.#rangeCount;
  }

  add(watcher: Watcher): void {
    const group = watcher.range.isSingle ? this.#single(watcher.range) : this.#range(watcher.range);
    watcher.group = group;
    watcher.previousInGroup = null;
    watcher.nextInGroup = group.first;
    if (group.first !== null) group.first.previousInGroup = watcher;
    group.first = watcher;
  }

  remove(watcher: Watcher): void {
    const { group, nextInGroup, previousInGroup } = watcher;
    assert(group !== null, "removal of a watcher that is not in the index");
    if (nextInGroup !== null) nextInGroup.previousInGroup = previousInGroup;
    if (previousInGroup !== null) previousInGroup.nextInGroup = nextInGroup;
    else group.first = nextInGroup;
    watcher.group = null;
    watcher.nextInGroup = null;
    watcher.previousInGroup = null;
    if (group.first !== null) return;
    if (group.range.isSingle) this.#singles.delete(group.range.key);
    else {
      this.#root = this.#removeNode(this.#root, group.range);
      this.#rangeCount -= 1;
    }
  }

  /** Visits every group whose range holds `key`. */
  visit(key: ByteString, visit: (group: WatcherGroup) => void): void {
    const single = this.#singles.get(key);
    if (single !== undefined) visit(single);
    if (this.#root !== null) visitNode(this.#root, key, visit);
  }

  #single(range: KeyRange): WatcherGroup {
    let group = this.#singles.get(range.key);
    if (group === undefined) {
      group = new WatcherGroup(range);
      this.#singles.set(range.key, group);
    }
    return group;
  }

  #range(range: KeyRange): WatcherGroup {
    let node = this.#root;
    while (node !== null) {
      const order = compareRanges(range, node.range);
      if (order === 0) return node;
      node = order < 0 ? node.left : node.right;
    }
    const added = new RangeNode(range, this.#nextPriority());
    this.#root = this.#insertNode(this.#root, added);
    this.#rangeCount += 1;
    return added;
  }

  #insertNode(root: RangeNode | null, added: RangeNode): RangeNode {
    if (root === null) return added;
    if (added.priority > root.priority) {
      const [left, right] = this.#split(root, added.range);
      added.left = left;
      added.right = right;
      return updated(added);
    }
    if (compareRanges(added.range, root.range) < 0) root.left = this.#insertNode(root.left, added);
    else root.right = this.#insertNode(root.right, added);
    return updated(root);
  }

  /** Splits into the nodes before `range` and those after it. */
  #split(root: RangeNode | null, range: KeyRange): [RangeNode | null, RangeNode | null] {
    if (root === null) return [null, null];
    if (compareRanges(root.range, range) < 0) {
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
    const order = compareRanges(range, root.range);
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

function visitNode(node: RangeNode, key: ByteString, visit: (group: WatcherGroup) => void): void {
  if (node.maxEnd !== null && node.maxEnd <= key) return;
  if (node.left !== null) visitNode(node.left, key, visit);
  if (node.range.key > key) return;
  if (node.range.end === null || key < node.range.end) visit(node);
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
  let { end } = node.range;
  for (const child of [node.left, node.right]) {
    if (child === null || end === null) continue;
    if (child.maxEnd === null || child.maxEnd > end) end = child.maxEnd;
  }
  node.maxEnd = end;
  return node;
}
