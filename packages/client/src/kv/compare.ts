import { type CompareInit, CompareResult, CompareTarget } from "@conclave/wire";
import { type Bytes, bytesFrom, type Namespace, type Target } from "./keys.ts";

/** A condition of a transaction. Made by {@link compare}. */
export interface Comparison {
  /** @internal */
  request(namespace: Namespace): CompareInit;
}

/** Relations to a given operand. */
export interface Relations<Operand> {
  eq(operand: Operand): Comparison;
  ne(operand: Operand): Comparison;
  lt(operand: Operand): Comparison;
  gt(operand: Operand): Comparison;
}

/**
 * Conditions on a key, or on every key of a range: a range condition holds if it holds for each key in it, and an
 * empty range counts as one absent key. An absent key has version, revisions and lease 0; a condition on its value is
 * false, whatever the relation.
 *
 * @example
 * ```ts
 * compare("stock/42").modRevision.eq(seen.modRevision);
 * compare("jobs/").absent(); // no key begins with "jobs/"
 * ```
 */
export interface Comparable<Value = Bytes> {
  readonly version: Relations<number>;
  readonly createRevision: Relations<number>;
  readonly modRevision: Relations<number>;
  readonly leaseId: Relations<bigint>;
  readonly value: Relations<Value>;
  absent(): Comparison;
  exists(): Comparison;
}

function relations<Operand>(
  target: Target,
  wireTarget: CompareTarget,
  operandInit: (operand: Operand) => CompareInit,
): Relations<Operand> {
  const make =
    (result: CompareResult) =>
    (operand: Operand): Comparison => ({
      request: (namespace) => ({
        ...namespace.rangeOf(target),
        ...operandInit(operand),
        target: wireTarget,
        result,
      }),
    });
  return {
    eq: make(CompareResult.EQUAL),
    ne: make(CompareResult.NOT_EQUAL),
    lt: make(CompareResult.LESS),
    gt: make(CompareResult.GREATER),
  };
}

export function compare(target: Target): Comparable {
  return comparable<Bytes>(target, (value) => value);
}

/** {@link compare} for values that are encoded first. @internal */
export function comparable<Value>(
  target: Target,
  encode: (value: Value) => Bytes,
): Comparable<Value> {
  const createRevision = relations(target, CompareTarget.CREATE, (revision: number) => ({
    createRevision: revision,
  }));
  return {
    version: relations(target, CompareTarget.VERSION, (version: number) => ({ version })),
    createRevision,
    modRevision: relations(target, CompareTarget.MOD, (revision: number) => ({
      modRevision: revision,
    })),
    leaseId: relations(target, CompareTarget.LEASE, (lease: bigint) => ({ lease })),
    value: relations(target, CompareTarget.VALUE, (value: Value) => ({
      value: bytesFrom(encode(value)),
    })),
    absent: () => createRevision.eq(0),
    exists: () => createRevision.gt(0),
  };
}
