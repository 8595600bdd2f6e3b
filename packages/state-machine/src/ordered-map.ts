import { assert } from "@conclave/base";

/** Entries in a leaf, children in a branch. Count. Big nodes make few objects, which the collector likes. */
const NODE_ENTRIES_MAX = 64;
/** A node below this after a removal is evened out with a neighbour. Count. */
const NODE_ENTRIES_MIN = NODE_ENTRIES_MAX / 4;

class Leaf<V> {
  keys: string[] = [];
  values: V[] = [];
  next: Leaf<V> | null = null;
  /** Entries of it that count. */
  counted = 0;
}

/** `keys[i]` is not above any key below `children[i + 1]`, and above every key below `children[i]`. */
class Branch<V> {
  keys: string[] = [];
  children: TreeNode<V>[] = [];
  /** Entries below it that count. */
  counted = 0;
}

type TreeNode<V> = Leaf<V> | Branch<V>;

/** First position whose key is `key` or after it. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First position whose key is after `key`: the child of a branch that holds `key`. */
function upperBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (key < keys[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Inserts by hand: `splice` would allocate the array of what it removed. */
function insertAt<T>(items: T[], at: number, item: T): void {
  items.push(item);
  for (let i = items.length - 1; i > at; i -= 1) items[i] = items[i - 1]!;
  items[at] = item;
}

function removeAt<T>(items: T[], at: number): void {
  for (let i = at + 1; i < items.length; i += 1) items[i - 1] = items[i]!;
  items.pop();
}

function countedBelow(children: readonly TreeNode<unknown>[]): number {
  let counted = 0;
  for (const child of children) counted += child.counted;
  return counted;
}

/**
 * A map of strings in order (a B+ tree). On byte strings the order is that of the bytes. It has no hash table to grow,
 * so an insert costs the same at one key and at ten million, and never stalls the loop.
 *
 * Every node knows how many entries below it count, by the map's own rule: so they are counted without being visited, and
 * those that do not count are passed over by the node.
 */
export class OrderedMap<V> {
  readonly #isCounted: (value: V) => boolean;
  #root: TreeNode<V> = new Leaf<V>();
  /** Branches above a leaf. */
  #height = 0;
  #size = 0;
  /** No place: an empty leaf. */
  readonly #nowhere = new Leaf<V>();
  /** Where the last search ended; see {@link find}. Nowhere once nodes were split or joined: the path has changed. */
  #foundLeaf: Leaf<V> = this.#root as Leaf<V>;
  #foundAt = 0;
  /** The key of the last search, while the place is still its own; and whether it was there. */
  #foundKey: string | null = null;
  #isFound = false;
  readonly #path: Branch<V>[] = [];
  readonly #pathAt: number[] = [];

  /** @param isCounted must say the same of a value for as long as it is in the map */
  constructor(isCounted: (value: V) => boolean = () => true) {
    this.#isCounted = isCounted;
  }

  get size(): number {
    return this.#size;
  }

  /** Entries that count. */
  get counted(): number {
    return this.#root.counted;
  }

  get(key: string): V | undefined {
    return this.find(key) ? this.#foundLeaf.values[this.#foundAt] : undefined;
  }

  /** Whether the key is there. Remembers the place for {@link foundValue} and {@link setFound} until the next call. */
  find(key: string): boolean {
    // One write asks for its key several times.
    if (key === this.#foundKey) return this.#isFound;
    let node = this.#root;
    for (let level = 0; level < this.#height; level += 1) {
      const branch = node as Branch<V>;
      const at = upperBound(branch.keys, key);
      this.#path[level] = branch;
      this.#pathAt[level] = at;
      node = branch.children[at]!;
    }
    return this.#findIn(node as Leaf<V>, key);
  }

  /** As {@link find}. Quicker if the key lies near the last one searched for, as it mostly does when keys come about in order. */
  findNear(key: string): boolean {
    const level = this.#height - 1;
    const parent = this.#path[level];
    if (parent === undefined || this.#foundLeaf === this.#nowhere) return this.find(key);
    const { keys, children } = parent;
    const last = keys.length - 1;
    if (key < keys[0]!) return this.find(key);
    if (key >= keys[last]! && (children[last + 1] as Leaf<V>).next !== null) return this.find(key);
    const at = upperBound(keys, key);
    this.#pathAt[level] = at;
    return this.#findIn(children[at] as Leaf<V>, key);
  }

  #findIn(leaf: Leaf<V>, key: string): boolean {
    const at = lowerBound(leaf.keys, key);
    this.#foundLeaf = leaf;
    this.#foundAt = at;
    this.#foundKey = key;
    this.#isFound = at < leaf.keys.length && leaf.keys[at] === key;
    return this.#isFound;
  }

  /** Requires: the last call was {@link find}, and it was true. */
  foundValue(): V {
    return this.#foundLeaf.values[this.#foundAt]!;
  }

  /** Replaces the value of the key just found. Requires: the last search was {@link find}, and it was true. */
  setFound(value: V): void {
    const { values } = this.#foundLeaf;
    const wasCounted = this.#isCounted(values[this.#foundAt]!);
    values[this.#foundAt] = value;
    if (this.#isCounted(value) !== wasCounted) this.#count(wasCounted ? -1 : 1);
  }

  /** Adds the key just searched for. Requires: the last search was `find(key)`, and it was false. */
  insertFound(key: string, value: V): void {
    const leaf = this.#foundLeaf;
    insertAt(leaf.keys, this.#foundAt, key);
    insertAt(leaf.values, this.#foundAt, value);
    if (this.#isCounted(value)) this.#count(1);
    this.#size += 1;
    this.#isFound = true;
    if (leaf.keys.length > NODE_ENTRIES_MAX) this.#splitLeaf(leaf);
  }

  set(key: string, value: V): void {
    if (this.find(key)) this.setFound(value);
    else this.insertFound(key, value);
  }

  delete(key: string): boolean {
    if (!this.find(key)) return false;
    const leaf = this.#foundLeaf;
    this.#foundKey = null;
    if (this.#isCounted(leaf.values[this.#foundAt]!)) this.#count(-1);
    removeAt(leaf.keys, this.#foundAt);
    removeAt(leaf.values, this.#foundAt);
    this.#size -= 1;
    if (leaf.keys.length < NODE_ENTRIES_MIN) this.#evenOutUpwards();
    return true;
  }

  clear(): void {
    const leaf = new Leaf<V>();
    this.#root = leaf;
    this.#foundLeaf = leaf;
    this.#foundAt = 0;
    this.#foundKey = null;
    this.#height = 0;
    this.#size = 0;
    this.#path.length = 0;
    this.#pathAt.length = 0;
  }

  /**
   * Visits entries in order, from the first key not before `start`, up to but without `end` (null: to the last), until
   * `visit` returns false. The map must not change meanwhile.
   */
  visitRange(start: string, end: string | null, visit: (key: string, value: V) => boolean): void {
    this.find(start);
    let leaf: Leaf<V> | null = this.#foundLeaf;
    let at = this.#foundAt;
    while (leaf !== null) {
      const { keys, values } = leaf;
      for (; at < keys.length; at += 1) {
        const key = keys[at]!;
        if (end !== null && key >= end) return;
        if (!visit(key, values[at]!)) return;
      }
      leaf = leaf.next;
      at = 0;
    }
  }

  /** As {@link visitRange}, but may leave out entries that do not count: it visits none of a node that has no others. */
  visitCounted(start: string, end: string | null, visit: (key: string, value: V) => boolean): void {
    this.#visitCountedBelow(this.#root, 0, start, end, visit);
  }

  /** @returns whether to go on behind the node */
  #visitCountedBelow(
    node: TreeNode<V>,
    level: number,
    start: string,
    end: string | null,
    visit: (key: string, value: V) => boolean,
  ): boolean {
    if (node.counted === 0) return true;
    const { keys } = node;
    if (level === this.#height) {
      const { values } = node as Leaf<V>;
      for (let at = lowerBound(keys, start); at < keys.length; at += 1) {
        const key = keys[at]!;
        if (end !== null && key >= end) return false;
        if (!visit(key, values[at]!)) return false;
      }
      return true;
    }
    const { children } = node as Branch<V>;
    const first = upperBound(keys, start);
    for (let at = first; at < children.length; at += 1) {
      if (at > first && end !== null && keys[at - 1]! >= end) return false;
      if (!this.#visitCountedBelow(children[at]!, level + 1, start, end, visit)) return false;
    }
    return true;
  }

  /** Entries that count of those from `start` up to but without `end` (null: to the last); logarithmic in their number. */
  countRange(start: string, end: string | null): number {
    return this.#countBelow(this.#root, 0, start, end);
  }

  #countBelow(node: TreeNode<V>, level: number, start: string, end: string | null): number {
    if (node.counted === 0) return 0;
    if (level === this.#height) return this.#countInLeaf(node as Leaf<V>, start, end);
    const { keys, children } = node as Branch<V>;
    const first = upperBound(keys, start);
    const last = end === null ? keys.length : lowerBound(keys, end);
    if (first > last) return 0;
    if (first === last) return this.#countBelow(children[first]!, level + 1, start, end);
    let counted = this.#countBelow(children[first]!, level + 1, start, null);
    for (let at = first + 1; at < last; at += 1) counted += children[at]!.counted;
    return counted + this.#countBelow(children[last]!, level + 1, "", end);
  }

  #countInLeaf({ keys, values }: Leaf<V>, start: string, end: string | null): number {
    const last = end === null ? keys.length : lowerBound(keys, end);
    let counted = 0;
    for (let at = lowerBound(keys, start); at < last; at += 1) {
      if (this.#isCounted(values[at]!)) counted += 1;
    }
    return counted;
  }

  /** Adds to what is counted on the way to where the last search ended. */
  #count(difference: number): void {
    this.#foundLeaf.counted += difference;
    for (let level = 0; level < this.#height; level += 1) {
      this.#path[level]!.counted += difference;
    }
  }

  /** Entries in order, for callers that may be slow; the map must not change while it is read. */
  *entries(start = "", end: string | null = null): IterableIterator<[string, V]> {
    this.find(start);
    let leaf: Leaf<V> | null = this.#foundLeaf;
    let at = this.#foundAt;
    while (leaf !== null) {
      for (; at < leaf.keys.length; at += 1) {
        const key = leaf.keys[at]!;
        if (end !== null && key >= end) return;
        yield [key, leaf.values[at]!];
      }
      leaf = leaf.next;
      at = 0;
    }
  }

  /** An append at the end leaves the full leaf full, so that keys arriving in order do not leave half-empty leaves. */
  #splitLeaf(leaf: Leaf<V>): void {
    this.#foundKey = null;
    const size = leaf.keys.length;
    const isAppend = leaf.next === null && this.#foundAt === size - 1;
    const cut = isAppend ? size - 1 : size >>> 1;
    const right = new Leaf<V>();
    right.keys = leaf.keys.splice(cut);
    right.values = leaf.values.splice(cut);
    right.counted = this.#countInLeaf(right, "", null);
    leaf.counted -= right.counted;
    right.next = leaf.next;
    leaf.next = right;
    this.#foundLeaf = this.#nowhere;
    this.#insertUpwards(right.keys[0]!, right);
  }

  /** Hangs `child` in beside the node the path ends at, splitting branches that overflow. */
  #insertUpwards(firstKey: string, firstChild: TreeNode<V>): void {
    let key = firstKey;
    let child = firstChild;
    for (let level = this.#height - 1; level >= 0; level -= 1) {
      const branch = this.#path[level]!;
      const at = this.#pathAt[level]!;
      insertAt(branch.keys, at, key);
      insertAt(branch.children, at + 1, child);
      if (branch.children.length <= NODE_ENTRIES_MAX) return;
      const right = new Branch<V>();
      const cut = branch.children.length >>> 1;
      right.children = branch.children.splice(cut);
      right.keys = branch.keys.splice(cut);
      right.counted = countedBelow(right.children);
      branch.counted -= right.counted;
      key = branch.keys.pop()!;
      child = right;
    }
    const root = new Branch<V>();
    root.keys.push(key);
    root.children.push(this.#root, child);
    root.counted = countedBelow(root.children);
    this.#root = root;
    this.#height += 1;
  }

  #evenOutUpwards(): void {
    this.#foundLeaf = this.#nowhere;
    for (let level = this.#height - 1; level >= 0; level -= 1) {
      const branch = this.#path[level]!;
      const left = Math.max(0, this.#pathAt[level]! - 1);
      if (level === this.#height - 1) this.#evenOutLeaves(branch, left);
      else this.#evenOutBranches(branch, left);
      if (branch.children.length >= NODE_ENTRIES_MIN) break;
    }
    while (this.#height > 0 && (this.#root as Branch<V>).children.length === 1) {
      this.#root = (this.#root as Branch<V>).children[0]!;
      this.#height -= 1;
    }
  }

  #evenOutLeaves(branch: Branch<V>, at: number): void {
    const left = branch.children[at] as Leaf<V>;
    const right = branch.children[at + 1] as Leaf<V> | undefined;
    assert(right !== undefined, "a branch has at least two children");
    const keys = left.keys.concat(right.keys);
    const values = left.values.concat(right.values);
    left.counted += right.counted;
    if (keys.length <= NODE_ENTRIES_MAX) {
      left.keys = keys;
      left.values = values;
      left.next = right.next;
      removeAt(branch.keys, at);
      removeAt(branch.children, at + 1);
      return;
    }
    const cut = keys.length >>> 1;
    right.keys = keys.splice(cut);
    right.values = values.splice(cut);
    right.counted = this.#countInLeaf(right, "", null);
    left.counted -= right.counted;
    left.keys = keys;
    left.values = values;
    branch.keys[at] = right.keys[0]!;
  }

  #evenOutBranches(branch: Branch<V>, at: number): void {
    const left = branch.children[at] as Branch<V>;
    const right = branch.children[at + 1] as Branch<V> | undefined;
    assert(right !== undefined, "a branch has at least two children");
    const keys = left.keys.concat(branch.keys[at]!, right.keys);
    const children = left.children.concat(right.children);
    left.counted += right.counted;
    if (children.length <= NODE_ENTRIES_MAX) {
      left.keys = keys;
      left.children = children;
      removeAt(branch.keys, at);
      removeAt(branch.children, at + 1);
      return;
    }
    const cut = children.length >>> 1;
    right.children = children.splice(cut);
    right.keys = keys.splice(cut);
    right.counted = countedBelow(right.children);
    left.counted -= right.counted;
    branch.keys[at] = keys.pop()!;
    left.keys = keys;
    left.children = children;
  }
}
