import {
  type DeleteRangeRequestInit,
  type DeleteRangeResponse,
  type PutRequestInit,
  type PutResponse,
  type RangeRequestInit,
  type RangeResponse,
  type RequestOpInit,
  type ResponseOp,
  SortOrder,
  SortTarget,
} from "@conclave/wire";
import { ConclaveError } from "../errors.ts";
import { KeyValue } from "./key-value.ts";
import { type Bytes, bytesToSend, type Namespace, type Target } from "./keys.ts";
import { isTypedKey, type TypedKey, type TypedPair, typedPair } from "./typed-key.ts";

/**
 * How a read is done.
 *
 * @example
 * ```ts
 * const { revision } = await client.kv.put("price/7", "10");
 * await client.kv.put("price/7", "12");
 * console.log((await client.kv.get("price/7", { revision }))?.text); // 10
 * console.log((await client.kv.get("price/7", { serializable: true }))?.text); // maybe not yet 12
 * ```
 */
export interface ReadOptions {
  /** Read as of this revision. Default: the latest. */
  readonly revision?: number;
  /** Answered by one member from what it has, without asking a quorum: faster, maybe stale. Default false. */
  readonly serializable?: boolean;
}

/**
 * How a range is read.
 *
 * @example
 * ```ts
 * // The ten orders written last, by name.
 * const { items, count, more, revision } = await client.kv.getAll("orders/", {
 *   sort: { by: "mod", order: "descend" },
 *   limit: 10,
 *   keysOnly: true,
 * });
 * console.log(items.map(({ keyText }) => keyText), more ? `of ${count}` : "that is all");
 *
 * // What was written since, and of that what is new.
 * const written = await client.kv.getAll("orders/", { minModRevision: revision + 1 });
 * const created = await client.kv.getAll("orders/", { minCreateRevision: revision + 1 });
 * console.log(written.items.length, created.items.length);
 *
 * // What nobody touched since then, and of that what came before revision 1000.
 * const { items: untouched } = await client.kv.getAll("orders/", {
 *   maxModRevision: revision,
 *   maxCreateRevision: 999,
 * });
 * console.log(untouched.length);
 * ```
 */
export interface RangeOptions extends ReadOptions {
  /** Most pairs to return. Default: all. */
  readonly limit?: number;
  /** Default: by key, ascending. */
  readonly sort?: {
    readonly by: "key" | "version" | "create" | "mod" | "value";
    readonly order?: "ascend" | "descend";
  };
  /** Leave the values out. Default false. */
  readonly keysOnly?: boolean;
  /** Return `count` alone. Default false. */
  readonly countOnly?: boolean;
  /** Leave out pairs whose last write was before this revision. */
  readonly minModRevision?: number;
  /** Leave out pairs whose last write was after this revision. */
  readonly maxModRevision?: number;
  /** Leave out pairs that were created before this revision. */
  readonly minCreateRevision?: number;
  /** Leave out pairs that were created after this revision. */
  readonly maxCreateRevision?: number;
}

/**
 * How a pair is written.
 *
 * @example
 * ```ts
 * const { leaseId } = await client.leases.grant("1m");
 * await client.kv.put("host/a", "starting", { leaseId });
 * const { previous } = await client.kv.put("host/a", "up", { keepLease: true, previous: true });
 * console.log(previous?.text, previous?.leaseId === leaseId); // starting true
 * ```
 */
export interface PutOptions {
  /** Lease to attach the key to. Default: none, which also detaches the key from the one it had. */
  readonly leaseId?: bigint;
  /** Return the pair that was replaced. Default false. */
  readonly previous?: boolean;
  /** Keep the lease the key has. Fails with KEY_NOT_FOUND on an absent key. Default false. */
  readonly keepLease?: boolean;
}

/**
 * How keys are deleted.
 *
 * @example
 * ```ts
 * await client.kv.put("jobs/1", "resize");
 * const { deleted, previous, revision } = await client.kv.deleteAll("jobs/", { previous: true });
 * for (const pair of previous) console.log(`${pair.keyText} was ${pair.text}`);
 * console.log(deleted, revision);
 * ```
 */
export interface DeleteOptions {
  /** Return the pairs that were deleted. Default false. */
  readonly previous?: boolean;
}

/** What a range was found to hold. */
export interface RangeResult {
  /** Store revision of this read: watch from `revision + 1` to miss nothing. */
  readonly revision: number;
  /** The pairs, in the order asked for. */
  readonly items: readonly KeyValue[];
  /** Keys in the range, whatever limit and revision bounds say. */
  readonly count: number;
  /** The limit cut the answer short. */
  readonly more: boolean;
}

/** What a put did. */
export interface PutResult {
  /** Store revision of the write. */
  readonly revision: number;
  /** The pair that was replaced; null if there was none or it was not asked for. */
  readonly previous: KeyValue | null;
}

/** What a delete did. */
export interface DeleteResult {
  /** Store revision of the delete; if no key was there, of the store as it was. */
  readonly revision: number;
  /** How many keys were deleted. */
  readonly deleted: number;
  /** The pairs that were deleted, if asked for. */
  readonly previous: readonly KeyValue[];
}

/** One operation of a transaction, and the type of its result. Made by {@link op}. */
export interface Op<Result> {
  /** @internal */
  readonly isRead: boolean;
  /** @internal */
  request(namespace: Namespace): RequestOpInit;
  /** @internal */
  result(namespace: Namespace, response: ResponseOp, revision: number): Result;
}

const SORT_TARGET = {
  key: SortTarget.KEY,
  version: SortTarget.VERSION,
  create: SortTarget.CREATE,
  mod: SortTarget.MOD,
  value: SortTarget.VALUE,
} as const;

export function rangeRequest(
  namespace: Namespace,
  target: Target,
  options: RangeOptions,
): RangeRequestInit {
  const { sort } = options;
  const descending = sort?.order === "descend";
  const { key, rangeEnd } = namespace.rangeOf(target);
  return {
    key,
    rangeEnd,
    limit: options.limit,
    revision: options.revision,
    serializable: options.serializable,
    keysOnly: options.keysOnly,
    countOnly: options.countOnly,
    minModRevision: options.minModRevision,
    maxModRevision: options.maxModRevision,
    minCreateRevision: options.minCreateRevision,
    maxCreateRevision: options.maxCreateRevision,
    sortTarget: sort === undefined ? undefined : SORT_TARGET[sort.by],
    sortOrder: sort && (descending ? SortOrder.DESCEND : SortOrder.ASCEND),
  };
}

export function rangeResult(
  namespace: Namespace,
  response: RangeResponse,
  revision: number,
): RangeResult {
  return {
    revision,
    items: response.kvs.map((kv) => new KeyValue(namespace, kv)),
    count: response.count,
    more: response.more,
  };
}

export function putRequest(
  namespace: Namespace,
  key: Bytes | TypedKey<unknown>,
  value: unknown,
  options: PutOptions,
): PutRequestInit {
  return {
    key: namespace.keyOf(targetOf(key).key),
    value: bytesToSend(isTypedKey(key) ? key.encode(value) : (value as Bytes)),
    lease: options.leaseId,
    prevKv: options.previous,
    ignoreLease: options.keepLease,
  };
}

export function putResult(
  namespace: Namespace,
  response: PutResponse,
  revision: number,
): PutResult {
  const { prevKv } = response;
  return { revision, previous: prevKv === null ? null : new KeyValue(namespace, prevKv) };
}

export function deleteRequest(
  namespace: Namespace,
  target: Target,
  options: DeleteOptions,
): DeleteRangeRequestInit {
  const { key, rangeEnd } = namespace.rangeOf(target);
  return { key, rangeEnd, prevKv: options.previous };
}

export function deleteResult(
  namespace: Namespace,
  response: DeleteRangeResponse,
  revision: number,
): DeleteResult {
  return {
    revision,
    deleted: response.deleted,
    previous: response.prevKvs.map((kv) => new KeyValue(namespace, kv)),
  };
}

/**
 * The operations of a transaction: `txn.then(op.put("a", "1"), op.get("b"))`.
 *
 * @example
 * ```ts
 * import { op } from "@conclave/client";
 *
 * await client.kv.put("jobs/1", "resize");
 * const done = await client
 *   .txn()
 *   .then(
 *     op.get("jobs/1"),
 *     op.getAll("jobs/", { countOnly: true }),
 *     op.delete("jobs/1", { previous: true }),
 *     op.put("done/1", "resize"),
 *     op.deleteAll("tmp/"),
 *   )
 *   .commit();
 * if (done.succeeded) console.log(done.results[0]?.text, done.results[1].count); // resize 1
 * ```
 */
export const op = {
  get: getOp,

  getAll(target: Target, options: RangeOptions = {}): Op<RangeResult> {
    return {
      isRead: true,
      request: (namespace) => ({ requestRange: rangeRequest(namespace, target, options) }),
      result: (namespace, response, revision) =>
        rangeResult(namespace, ofKind(response.responseRange), revision),
    };
  },

  put: putOp,

  /** Deletes one key. */
  delete(key: Bytes | TypedKey<unknown>, options: DeleteOptions = {}): Op<DeleteResult> {
    return op.deleteAll(targetOf(key), options);
  },

  deleteAll(target: Target, options: DeleteOptions = {}): Op<DeleteResult> {
    return {
      isRead: false,
      request: (namespace) => ({ requestDeleteRange: deleteRequest(namespace, target, options) }),
      result: (namespace, response, revision) =>
        deleteResult(namespace, ofKind(response.responseDeleteRange), revision),
    };
  },
};

function getOp(key: Bytes, options?: ReadOptions): Op<KeyValue | null>;
function getOp<T>(key: TypedKey<T>, options?: ReadOptions): Op<TypedPair<T> | null>;
function getOp(
  key: Bytes | TypedKey<unknown>,
  options: ReadOptions = {},
): Op<KeyValue | TypedPair<unknown> | null> {
  const all = op.getAll(targetOf(key), options);
  return {
    isRead: true,
    request: all.request,
    result: (namespace, response, revision) =>
      found(key, all.result(namespace, response, revision)),
  };
}

function putOp(key: Bytes, value: Bytes, options?: PutOptions): Op<PutResult>;
function putOp<T>(key: TypedKey<T>, value: T, options?: PutOptions): Op<PutResult>;
function putOp(
  key: Bytes | TypedKey<unknown>,
  value: unknown,
  options: PutOptions = {},
): Op<PutResult> {
  return {
    isRead: false,
    request: (namespace) => ({ requestPut: putRequest(namespace, key, value, options) }),
    result: (namespace, response, revision) =>
      putResult(namespace, ofKind(response.responsePut), revision),
  };
}

export function targetOf(key: Bytes | TypedKey<unknown>): { readonly key: Bytes } {
  return isTypedKey(key) ? key : { key };
}

/** The one pair of a read of `key`, decoded if the key has a type. */
export function found(
  key: Bytes | TypedKey<unknown>,
  { items: [pair] }: RangeResult,
): KeyValue | TypedPair<unknown> | null {
  if (pair === undefined) return null;
  return isTypedKey(key) ? typedPair(key, pair) : pair;
}

function ofKind<Response>(response: Response | null): Response {
  if (response === null) {
    throw new ConclaveError("PROTOCOL", "unknown", "an operation was answered by another kind");
  }
  return response;
}
