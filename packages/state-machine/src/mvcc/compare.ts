import type { ByteString } from "@conclave/base";
import { type Compare, CompareResult, CompareTarget } from "@conclave/wire";
import { KeyValueView } from "./key-value.ts";
import { visitRange } from "./range.ts";
import { keyRangeOf } from "./range-bounds.ts";
import type { MvccStore } from "./store.ts";

const NO_BYTES = new Uint8Array(0);
const view = new KeyValueView();

/**
 * Whether a comparison holds for every key of its range. A range without keys is compared like one key of which all is
 * zero; but its value never compares, not even as unequal, since the wire has no word for a missing value.
 */
export function compareHolds(store: MvccStore, compare: Compare): boolean {
  const range = keyRangeOf(compare.key, compare.rangeEnd);
  let found = false;
  let holds = true;
  visitRange(store, range, store.readRevision, (key, slot) => {
    found = true;
    holds = isResult(compare.result, difference(store, compare, key, slot));
    return holds;
  });
  return found ? holds : absentHolds(compare);
}

/** Below, at or above 0, as what the key has is below, at or above what the comparison names. */
function difference(store: MvccStore, compare: Compare, key: ByteString, slot: number): number {
  const { revisions } = store.index;
  switch (compare.target) {
    case CompareTarget.VALUE:
      return Buffer.compare(view.read(store.pairAt(slot)).value(), compare.value ?? NO_BYTES);
    case CompareTarget.LEASE:
      return order(store.leases.leaseOf(key), compare.lease ?? 0n);
    default:
      return countDifference(
        compare,
        revisions.version(slot),
        revisions.create(slot),
        revisions.main(slot),
      );
  }
}

function absentHolds(compare: Compare): boolean {
  switch (compare.target) {
    case CompareTarget.VALUE:
      return false;
    case CompareTarget.LEASE:
      return isResult(compare.result, order(0n, compare.lease ?? 0n));
    default:
      return isResult(compare.result, countDifference(compare, 0, 0, 0));
  }
}

/** An unknown target compares as equal, as in etcd. */
function countDifference(compare: Compare, version: number, create: number, mod: number): number {
  switch (compare.target) {
    case CompareTarget.VERSION:
      return order(version, compare.version ?? 0);
    case CompareTarget.CREATE:
      return order(create, compare.createRevision ?? 0);
    case CompareTarget.MOD:
      return order(mod, compare.modRevision ?? 0);
    default:
      return 0;
  }
}

/** Below, at or above 0, as `a` is below, at or above `b`. */
export function order<T extends number | bigint>(a: T, b: T): number {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

/** Whether a difference is what the comparison asks for. */
export function isResult(result: number, difference: number): boolean {
  switch (result) {
    case CompareResult.EQUAL:
      return difference === 0;
    case CompareResult.NOT_EQUAL:
      return difference !== 0;
    case CompareResult.GREATER:
      return difference > 0;
    case CompareResult.LESS:
      return difference < 0;
    default:
      return true;
  }
}
