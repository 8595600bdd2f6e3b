import { type CompareInit, CompareResult, CompareTarget } from "@conclave/wire";
import { type Bytes, bytesToSend, type Namespace, type Target } from "./keys.ts";

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

/** A class, and no closures: each lock makes several, of whose relations it uses one. */
class RelationsOf<Operand> implements Relations<Operand> {
  readonly #target: Target;
  readonly #operandInit: (operand: Operand) => CompareInit;

  constructor(target: Target, operandInit: (operand: Operand) => CompareInit) {
    this.#target = target;
    this.#operandInit = operandInit;
  }

  eq(operand: Operand): Comparison {
    return this.#comparison(CompareResult.EQUAL, operand);
  }

  ne(operand: Operand): Comparison {
    return this.#comparison(CompareResult.NOT_EQUAL, operand);
  }

  lt(operand: Operand): Comparison {
    return this.#comparison(CompareResult.LESS, operand);
  }

  gt(operand: Operand): Comparison {
    return this.#comparison(CompareResult.GREATER, operand);
  }

  #comparison(result: CompareResult, operand: Operand): Comparison {
    return {
      requests: (namespace) => {
        const { key, rangeEnd } = namespace.rangeOf(this.#target);
        return [{ key, rangeEnd, result, ...this.#operandInit(operand) }];
      },
    };
  }
}

const versionInit = (version: number): CompareInit => ({ target: CompareTarget.VERSION, version });
const createInit = (createRevision: number): CompareInit => ({
  target: CompareTarget.CREATE,
  createRevision,
});
const modInit = (modRevision: number): CompareInit => ({ target: CompareTarget.MOD, modRevision });
const leaseInit = (lease: bigint): CompareInit => ({ target: CompareTarget.LEASE, lease });

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
  const createRevision = new RelationsOf(target, createInit);
  return {
    version: new RelationsOf(target, versionInit),
    createRevision,
    modRevision: new RelationsOf(target, modInit),
    leaseId: new RelationsOf(target, leaseInit),
    value: new RelationsOf(target, (value: Value) => ({
      target: CompareTarget.VALUE,
      value: bytesToSend(encode(value)),
    })),
    absent: () => createRevision.eq(0),
    exists: () => createRevision.gt(0),
  };
}
