import { KV } from "@conclave/wire";
import type { Transport } from "../transport/transport.ts";
import type { KeyValue } from "./key-value.ts";
import type { Bytes, Namespace, Target } from "./keys.ts";
import { type CallOptions, limitsOf } from "./limits.ts";
import {
  type DeleteOptions,
  type DeleteResult,
  deleteRequest,
  deleteResult,
  found,
  type PutOptions,
  type PutResult,
  putRequest,
  putResult,
  type RangeOptions,
  type RangeResult,
  type ReadOptions,
  rangeRequest,
  rangeResult,
  targetOf,
} from "./op.ts";
import type { TypedKey, TypedPair } from "./typed-key.ts";

/**
 * Keys and values. Reads are linearizable unless asked otherwise, and repeated when a member is unavailable. Writes go
 * out at most once on doubt: see `outcome` on {@link ConclaveError}.
 *
 * @example
 * ```ts
 * await client.kv.put("stock/42", "7");
 * console.log((await client.kv.get("stock/42"))?.text); // "7"
 * const { items, revision } = await client.kv.getAll("stock/", { limit: 100 });
 * console.log(items.length, revision);
 * await client.kv.deleteAll("stock/");
 * ```
 */
export class Kv {
  readonly #transport: Transport;
  readonly #namespace: Namespace;

  /** @internal */
  constructor(transport: Transport, namespace: Namespace) {
    this.#transport = transport;
    this.#namespace = namespace;
  }

  /**
   * The pair under `key`, or null.
   * @throws ConclaveError INVALID_VALUE if it does not fit a typed key
   * @example
   * ```ts
   * const pair = await client.kv.get("stock/42", { timeout: "1s" });
   * console.log(pair?.text ?? "sold out", `since revision ${pair?.modRevision}`);
   * ```
   */
  get(key: Bytes, options?: ReadOptions & CallOptions): Promise<KeyValue | null>;
  get<T>(key: TypedKey<T>, options?: ReadOptions & CallOptions): Promise<TypedPair<T> | null>;
  async get(
    key: Bytes | TypedKey<unknown>,
    options: ReadOptions & CallOptions = {},
  ): Promise<KeyValue | TypedPair<unknown> | null> {
    return found(key, await this.getAll(targetOf(key), options));
  }

  /**
   * The pairs of a range, by key unless `sort` says otherwise.
   * @throws CompactedError, or ConclaveError FUTURE_REVISION, for a revision the store does not have
   */
  async getAll(target: Target, options: RangeOptions & CallOptions = {}): Promise<RangeResult> {
    const request = rangeRequest(this.#namespace, target, options);
    const response = await this.#transport.call(KV.Range, request, "read", limitsOf(options));
    return rangeResult(this.#namespace, response, response.header?.revision ?? 0);
  }

  /**
   * How many keys a range has.
   * @throws as {@link getAll} does
   * @example
   * ```ts
   * await client.kv.put("queue/1", "resize");
   * console.log(await client.kv.count("queue/")); // 1
   * ```
   */
  async count(target: Target, options: ReadOptions & CallOptions = {}): Promise<number> {
    return (await this.getAll(target, { ...options, countOnly: true })).count;
  }

  /**
   * Writes one pair.
   * @throws ConclaveError LEASE_NOT_FOUND; KEY_NOT_FOUND with `keepLease`; NO_SPACE, TOO_LARGE; any with outcome
   *   `"unknown"` if it may have been written
   * @example
   * ```ts
   * const giveUp = new AbortController();
   * const { revision } = await client.kv.put("stock/42", "7", { signal: giveUp.signal, timeout: "2s" });
   * console.log(`written at ${revision}`);
   * ```
   */
  put(key: Bytes, value: Bytes, options?: PutOptions & CallOptions): Promise<PutResult>;
  put<T>(key: TypedKey<T>, value: T, options?: PutOptions & CallOptions): Promise<PutResult>;
  async put(
    key: Bytes | TypedKey<unknown>,
    value: unknown,
    options: PutOptions & CallOptions = {},
  ): Promise<PutResult> {
    const request = putRequest(this.#namespace, key, value, options);
    const response = await this.#transport.call(KV.Put, request, "once", limitsOf(options));
    return putResult(this.#namespace, response, response.header?.revision ?? 0);
  }

  /**
   * Deletes one key, if it is there.
   * @throws ConclaveError, with outcome `"unknown"` if it may have been deleted
   * @example
   * ```ts
   * const { deleted } = await client.kv.delete("stock/42");
   * console.log(deleted === 1 ? "gone" : "was not there");
   * ```
   */
  delete(
    key: Bytes | TypedKey<unknown>,
    options: DeleteOptions & CallOptions = {},
  ): Promise<DeleteResult> {
    return this.deleteAll(targetOf(key), options);
  }

  /**
   * Deletes every key of a range, at one revision.
   * @throws ConclaveError, with outcome `"unknown"` if they may have been deleted
   */
  async deleteAll(
    target: Target,
    options: DeleteOptions & CallOptions = {},
  ): Promise<DeleteResult> {
    const request = deleteRequest(this.#namespace, target, options);
    const response = await this.#transport.call(KV.DeleteRange, request, "once", limitsOf(options));
    return deleteResult(this.#namespace, response, response.header?.revision ?? 0);
  }

  /**
   * Forgets what was superseded before `revision`: older ones can no longer be read or watched.
   * @throws CompactedError if that was done already; ConclaveError FUTURE_REVISION
   */
  async compact(revision: number, options: CallOptions = {}): Promise<void> {
    await this.#transport.call(KV.Compact, { revision }, "once", limitsOf(options));
  }
}
