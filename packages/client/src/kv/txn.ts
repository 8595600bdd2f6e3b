import { KV, type TxnRequestInit, type TxnResponse } from "@conclave/wire";
import { ConclaveError } from "../errors.ts";
import type { Effect } from "../transport/status-errors.ts";
import type { CallLimits, Transport } from "../transport/transport.ts";
import type { Comparison } from "./compare.ts";
import type { Namespace } from "./keys.ts";
import { type CallOptions, limitsOf } from "./limits.ts";
import type { Op } from "./op.ts";

/** Results of operations, position by position. */
export type Results<Ops extends readonly Op<unknown>[]> = {
  -readonly [At in keyof Ops]: Ops[At] extends Op<infer Result> ? Result : never;
};

/** What a transaction answered: the results of the branch taken. */
export type TxnResult<Then extends readonly Op<unknown>[], Else extends readonly Op<unknown>[]> =
  | {
      /** Every condition held, and `then` was applied. */
      readonly succeeded: true;
      /** The transaction's revision if it wrote something, else the store's. */
      readonly revision: number;
      readonly results: Results<Then>;
    }
  | {
      readonly succeeded: false;
      readonly revision: number;
      readonly results: Results<Else>;
    };

type Branch = readonly Op<unknown>[];

/**
 * All of `then` if every condition holds, else all of `else`, at one revision. Immutable: each step returns a new one.
 *
 * @example
 * ```ts
 * import { compare, op } from "@conclave/client";
 *
 * const done = await client
 *   .txn()
 *   .if(compare("seat/12").absent())
 *   .then(op.put("seat/12", "ada"))
 *   .else(op.get("seat/12"))
 *   .commit();
 * if (!done.succeeded) console.log("taken by", done.results[0]?.text);
 * ```
 */
export class Txn<
  Then extends readonly Op<unknown>[] = [],
  Else extends readonly Op<unknown>[] = [],
> {
  readonly #transport: Transport;
  readonly #namespace: Namespace;
  readonly #conditions: readonly Comparison[];
  readonly #success: Branch;
  readonly #failure: Branch;

  /** @internal */
  constructor(
    transport: Transport,
    namespace: Namespace,
    conditions: readonly Comparison[] = [],
    success: Branch = [],
    failure: Branch = [],
  ) {
    this.#transport = transport;
    this.#namespace = namespace;
    this.#conditions = conditions;
    this.#success = success;
    this.#failure = failure;
  }

  /** Adds conditions; all given so far must hold. */
  if(...conditions: readonly Comparison[]): Txn<Then, Else> {
    return this.#with<Then, Else>(
      [...this.#conditions, ...conditions],
      this.#success,
      this.#failure,
    );
  }

  /**
   * What to do if every condition holds. Replaces an earlier `then`.
   * @throws TypeError if the builder itself is awaited, which calls `then` with functions: `commit()` is what to await
   */
  // biome-ignore lint/suspicious/noThenProperty: etcd's If/Then/Else is the field's word, and awaiting by mistake is refused.
  then<const Ops extends readonly Op<unknown>[]>(...ops: Ops): Txn<Ops, Else> {
    const [, reject] = ops as readonly unknown[];
    if (typeof reject === "function") {
      reject(new TypeError("a transaction is awaited by calling commit()"));
    }
    return this.#with<Ops, Else>(this.#conditions, ops, this.#failure);
  }

  /** What to do if a condition fails. Replaces an earlier `else`. */
  else<const Ops extends readonly Op<unknown>[]>(...ops: Ops): Txn<Then, Ops> {
    return this.#with<Then, Ops>(this.#conditions, this.#success, ops);
  }

  /**
   * Sends it. A transaction that may write is never repeated on doubt; one that only reads is.
   * @throws ConclaveError with outcome `"unknown"` if it may have been applied
   */
  commit(options: CallOptions = {}): Promise<TxnResult<Then, Else>> {
    return this.commitAs(this.#isRead() ? "read" : "once", limitsOf(options));
  }

  /** @internal For transactions that are known to be safe to repeat, by a nonce in what they write. */
  async commitAs(effect: Effect, limits: CallLimits): Promise<TxnResult<Then, Else>> {
    const request = this.#request(this.#namespace);
    const response = await this.#transport.call(KV.Txn, request, effect, limits);
    return this.#result(this.#namespace, response, response.header?.revision ?? 0);
  }

  /**
   * This transaction as an operation of another one. Its conditions see the store as it was before the outer one, its
   * results are one result of the outer one.
   * @example
   * ```ts
   * import { compare, op } from "@conclave/client";
   *
   * const seat = client.txn().if(compare("seat/12").absent()).then(op.put("seat/12", "ada"));
   * const { results } = await client.txn().then(op.put("asked", "1"), seat.asOp()).commit();
   * console.log(results[1]?.succeeded ? "seated" : "taken");
   * ```
   */
  asOp(): Op<TxnResult<Then, Else>> {
    return {
      isRead: this.#isRead(),
      request: (namespace) => ({ requestTxn: this.#request(namespace) }),
      result: (namespace, { responseTxn }, revision) =>
        this.#result(namespace, responseTxn, revision),
    };
  }

  #request(namespace: Namespace): TxnRequestInit {
    return {
      compare: this.#conditions.flatMap((condition) => condition.requests(namespace)),
      success: this.#success.map((each) => each.request(namespace)),
      failure: this.#failure.map((each) => each.request(namespace)),
    };
  }

  #result(
    namespace: Namespace,
    response: TxnResponse | null,
    revision: number,
  ): TxnResult<Then, Else> {
    const succeeded = response?.succeeded ?? false;
    const taken = succeeded ? this.#success : this.#failure;
    if (taken.length !== response?.responses.length) {
      throw new ConclaveError("PROTOCOL", "unknown", "a transaction was answered in part");
    }
    const { responses } = response;
    const results = taken.map((each, at) => each.result(namespace, responses[at]!, revision));
    return { succeeded, revision, results } as TxnResult<Then, Else>;
  }

  #isRead(): boolean {
    return this.#success.every((each) => each.isRead) && this.#failure.every((each) => each.isRead);
  }

  #with<NewThen extends readonly Op<unknown>[], NewElse extends readonly Op<unknown>[]>(
    conditions: readonly Comparison[],
    success: Branch,
    failure: Branch,
  ): Txn<NewThen, NewElse> {
    return new Txn<NewThen, NewElse>(
      this.#transport,
      this.#namespace,
      conditions,
      success,
      failure,
    );
  }
}
