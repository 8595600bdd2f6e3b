import { type CompareInit, CompareResult, CompareTarget } from "@conclave/wire";
import { type Bytes, bytesFrom, type Namespace, type Target } from "./keys.ts";

/** A condition of a transaction. Made by {@link compare}. */
export interface Comparison {
  /** @internal */
  requests(namespace: Namespace): readonly CompareInit[];
}

/** Relations to a given operand. */
export interface Relations<Operand> {
  /** Equal to. */
  eq(operand: Operand): Comparison;
  /** Not equal to. */
  ne(operand: Operand): Comparison;
  /** Less than. */
  lt(operand: Operand): Comparison;
  /** Greater than. */
  gt(operand: Operand): Comparison;
}

/**
 * Conditions on a key, or on every key of a range: a range condition holds if it holds for each key in it, and an
 * empty range counts as one absent key. An absent key has version, revisions and lease 0; a condition on its value is
 * false, whatever the relation.
 *
 * @example
 * ```ts
 * import { compare, op } from "@conclave/client";
 *
 * const { leaseId } = await client.leases.grant("1m");
 * await client.kv.put("host/a", "up", { leaseId });
 * const host = compare("host/a");
 * const drained = await client
 *   .txn()
 *   .if(host.exists(), host.leaseId.eq(leaseId), host.value.ne("draining"), host.version.lt(100))
 *   .then(op.put("host/a", "draining", { keepLease: true }))
 *   .commit();
 * console.log(drained.succeeded); // true
 *
 * // No key below jobs/ is newer than what we read.
 * const { revision } = await client.kv.getAll("jobs/");
 * const unchanged = compare("jobs/").createRevision.lt(revision + 1);
 * const { succeeded } = await client.txn().if(unchanged).then(op.put("plan", "made")).commit();
 * console.log(succeeded); // true
 * ```
 */
export interface Comparable<Value = Bytes> {
  /** How often it was written since it was created. */
  readonly version: Relations<number>;
  /** The revision that created it. */
  readonly createRevision: Relations<number>;
  /** The revision of the last write to it. */
  readonly modRevision: Relations<number>;
  /** The lease that it dies with. */
  readonly leaseId: Relations<bigint>;
  /** What it holds; compared as bytes. */
  readonly value: Relations<Value>;
  /** There is no such key. */
  absent(): Comparison;
  /** There is such a key. */
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
      requests: (namespace) => [
        {
          ...namespace.rangeOf(target),
          ...operandInit(operand),
          target: wireTarget,
          result,
        },
      ],
    });
  return {
    eq: make(CompareResult.EQUAL),
    ne: make(CompareResult.NOT_EQUAL),
    lt: make(CompareResult.LESS),
    gt: make(CompareResult.GREATER),
  };
}

/**
 * Conditions on a key or a range, for {@link Txn.if}.
 *
 * @example
 * ```ts
 * import { compare, op } from "@conclave/client";
 *
 * const seen = await client.kv.put("stock/42", "7");
 * const sold = await client
 *   .txn()
 *   .if(compare("stock/42").modRevision.eq(seen.revision), compare("holds/").absent())
 *   .then(op.put("stock/42", "6"))
 *   .commit();
 * console.log(sold.succeeded);
 * ```
 */
export function compare(target: Target): Comparable {
  return comparable<Bytes>(target, (value) => value);
}

/** Several conditions as one that holds if all of them do. @internal */
export function allOf(...conditions: readonly Comparison[]): Comparison {
  return {
    requests: (namespace) => conditions.flatMap((condition) => condition.requests(namespace)),
  };
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
