import { type ByteString, byteStringOf } from "@conclave/base";
import type {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  ResponseOpInit,
  TxnRequest,
} from "@conclave/wire";
import type { Refusal } from "../refusal.ts";
import { compareHolds } from "./compare.ts";
import { KeyValueView } from "./key-value.ts";
import { evaluateRange, visitRange } from "./range.ts";
import { keyRangeOf } from "./range-bounds.ts";
import { NO_SLOT } from "./revision.ts";
import type { MvccStore } from "./store.ts";

/** A transaction whose every compare was judged: which branch is taken, and so in each nested transaction of it. */
interface ChosenTxn {
  readonly succeeded: boolean;
  readonly branch: readonly RequestOp[];
  /** One for each nested transaction of the branch, in order. */
  readonly nested: readonly ChosenTxn[];
}

export interface TxnAnswer {
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOpInit[];
}

/** Knows which leases exist. */
export interface LeaseLookup {
  has(id: bigint): boolean;
}

const NO_BYTES = new Uint8Array(0);
const NO_PAIRS: readonly Uint8Array[] = [];

/**
 * Evaluates transactions: all compares on the state before, then checks that nothing of the chosen branches can be
 * refused, then runs them. From `run` on nothing fails.
 */
export class TxnEvaluation {
  readonly #store: MvccStore;
  readonly #leases: LeaseLookup;
  readonly #chosen: ChosenTxn;
  readonly #view = new KeyValueView();

  constructor(store: MvccStore, leases: LeaseLookup, request: TxnRequest) {
    this.#store = store;
    this.#leases = leases;
    this.#chosen = this.#choose(request);
  }

  /**
   * Why the transaction cannot run, or null. Decided by replicated state alone, the same on every member (E13). As etcd
   * does, all puts are checked before any range, and a put that misses its key and its lease is refused for the key, while a
   * put alone is refused for the lease.
   */
  check(): Refusal | null {
    return (
      this.#checkEach(this.#chosen, ({ requestPut: put }) =>
        put === null ? null : (checkIgnored(this.#store, put) ?? checkLease(this.#leases, put)),
      ) ??
      this.#checkEach(this.#chosen, ({ requestRange: range }) =>
        range === null ? null : this.#checkRange(range),
      )
    );
  }

  /**
   * Requires: {@link check} refuses nothing; and, unless the branches only read, a write is under way.
   * @param wantsAnswer false on members where nobody waits: reads are left out then
   */
  run(wantsAnswer: boolean): TxnAnswer {
    return this.#run(this.#chosen, wantsAnswer);
  }

  #choose(request: TxnRequest): ChosenTxn {
    const succeeded = request.compare.every((compare) => compareHolds(this.#store, compare));
    const branch = succeeded ? request.success : request.failure;
    const nested: ChosenTxn[] = [];
    for (const { requestTxn } of branch) {
      if (requestTxn !== null) nested.push(this.#choose(requestTxn));
    }
    return { succeeded, branch, nested };
  }

  /** The first refusal of the operations that will run, in order. */
  #checkEach(chosen: ChosenTxn, check: (op: RequestOp) => Refusal | null): Refusal | null {
    let nestedAt = 0;
    for (const op of chosen.branch) {
      const isNested = op.requestTxn !== null;
      const refusal = isNested ? this.#checkEach(chosen.nested[nestedAt]!, check) : check(op);
      if (isNested) nestedAt += 1;
      if (refusal !== null) return refusal;
    }
    return null;
  }

  /** Unlike a plain Range, a negative revision is below any compact revision but that of a fresh store. */
  #checkRange({ revision }: RangeRequest): Refusal | null {
    if (revision === 0) return null;
    if (revision > this.#store.revision) return "futureRevision";
    return revision < this.#store.compactRevision ? "compacted" : null;
  }

  #run(chosen: ChosenTxn, wantsAnswer: boolean): TxnAnswer {
    const responses: ResponseOpInit[] = [];
    let nestedAt = 0;
    for (const op of chosen.branch) {
      if (op.requestRange !== null) responses.push(this.#range(op.requestRange, wantsAnswer));
      else if (op.requestPut !== null) responses.push(this.#put(op.requestPut));
      else if (op.requestDeleteRange !== null) responses.push(this.#delete(op.requestDeleteRange));
      else if (op.requestTxn !== null) {
        const answer = this.#run(chosen.nested[nestedAt]!, wantsAnswer);
        responses.push({ responseTxn: { header: {}, ...answer } });
        nestedAt += 1;
      } else responses.push({});
    }
    return { succeeded: chosen.succeeded, responses };
  }

  #range(request: RangeRequest, wantsAnswer: boolean): ResponseOpInit {
    const header = { revision: this.#store.readRevision };
    if (!wantsAnswer) return { responseRange: { header } };
    return { responseRange: { header, ...evaluateRange(this.#store, request) } };
  }

  #put(request: PutRequest): ResponseOpInit {
    const store = this.#store;
    const key = byteStringOf(request.key);
    const prevKv = putPair(store, key, request, this.#view);
    return { responsePut: { header: { revision: store.readRevision }, prevKv } };
  }

  #delete(request: DeleteRangeRequest): ResponseOpInit {
    const { deleted, prevKvs } = deleteRange(this.#store, request);
    const header = { revision: this.#store.readRevision };
    return { responseDeleteRange: { header, deleted, prevKvs } };
  }
}

/** Refuses a put with a lease that does not exist. */
export function checkLease(leases: LeaseLookup, { lease }: PutRequest): Refusal | null {
  return lease !== 0n && !leases.has(lease) ? "leaseNotFound" : null;
}

/** Refuses a put that keeps the value or lease of a key that does not exist. */
export function checkIgnored(store: MvccStore, request: PutRequest): Refusal | null {
  if (!request.ignoreValue && !request.ignoreLease) return null;
  const exists = store.index.liveAt(byteStringOf(request.key), store.readRevision) !== NO_SLOT;
  return exists ? null : "keyNotFound";
}

/**
 * Puts within a write. Requires: {@link checkLease} and {@link checkIgnored} refused nothing before the write began.
 * @returns the pair before, if the request asks for it and there was one
 */
export function putPair(
  store: MvccStore,
  key: ByteString,
  request: PutRequest,
  view: KeyValueView,
): Uint8Array | null {
  const needsPair = request.ignoreValue || request.ignoreLease || request.prevKv;
  const slot = needsPair ? store.index.liveAt(key, store.readRevision) : NO_SLOT;
  const before = slot === NO_SLOT ? null : store.pairAt(slot);
  let lease = request.lease;
  let source = request.value;
  // An earlier operation of the same transaction may have deleted the key whose value is to stay: then it is empty.
  if (request.ignoreValue) source = before === null ? NO_BYTES : view.read(before).value();
  if (request.ignoreLease) lease = before === null ? 0n : store.leases.leaseOf(key);
  store.put(key, source, 0, source.length, lease);
  return request.prevKv ? before : null;
}

export interface DeleteRangeAnswer {
  readonly deleted: number;
  readonly prevKvs: readonly Uint8Array[];
}

/** Deletes within a write, in key order. */
export function deleteRange(store: MvccStore, request: DeleteRangeRequest): DeleteRangeAnswer {
  const range = keyRangeOf(request.key, request.rangeEnd);
  if (range.isSingle && !request.prevKv) {
    return { deleted: store.delete(range.key) ? 1 : 0, prevKvs: NO_PAIRS };
  }
  const keys: ByteString[] = [];
  const prevKvs: Uint8Array[] = [];
  visitRange(store, range, store.readRevision, (key, slot) => {
    keys.push(key);
    if (request.prevKv) prevKvs.push(store.pairAt(slot));
    return true;
  });
  for (const key of keys) store.delete(key);
  return { deleted: keys.length, prevKvs };
}
