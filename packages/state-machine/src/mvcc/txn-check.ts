import { type ByteString, byteStringOf } from "@conclave/base";
import {
  type DeleteRangeRequest,
  type PutRequest,
  type RangeRequest,
  type RequestOp,
  SortOrder,
  SortTarget,
  type TxnRequest,
} from "@conclave/wire";
import type { Refusal } from "../refusal.ts";

/**
 * What a transaction must satisfy before it is proposed, whatever the state: keys given, at most `opsMax` compares or
 * operations a branch (a nested transaction has what its parent leaves), and no key written twice.
 * @returns the name of the refusal, or null
 */
export function checkTxnRequest(request: TxnRequest, opsMax: number): Refusal | null {
  const refusal = checkOperations(request, opsMax);
  if (refusal !== null) return refusal;
  // After the counts, which bound how much work the comparison of all pairs can be.
  if (writesOf(request.success) === null) return "duplicateKey";
  if (writesOf(request.failure) === null) return "duplicateKey";
  return null;
}

export function checkRangeRequest(request: RangeRequest): Refusal | null {
  if (request.key.length === 0) return "keyNotProvided";
  const { sortOrder, sortTarget } = request;
  if (sortOrder < SortOrder.NONE || sortOrder > SortOrder.DESCEND) return "invalidSortOption";
  if (sortTarget < SortTarget.KEY || sortTarget > SortTarget.VALUE) return "invalidSortOption";
  return null;
}

export function checkPutRequest(request: PutRequest): Refusal | null {
  if (request.key.length === 0) return "keyNotProvided";
  if (request.ignoreValue && request.value.length > 0) return "valueProvided";
  if (request.ignoreLease && request.lease !== 0n) return "leaseProvided";
  return null;
}

export function checkDeleteRangeRequest(request: DeleteRangeRequest): Refusal | null {
  return request.key.length === 0 ? "keyNotProvided" : null;
}

/** Whether a transaction only reads, so that it needs no log entry. A nested one counts as writing, as in etcd. */
export function isTxnReadOnly(request: TxnRequest): boolean {
  return everyOperation(request, (range) => range !== null);
}

/** Whether a transaction may be answered from local state. One without any operation may, as in etcd. */
export function isTxnSerializable(request: TxnRequest): boolean {
  return everyOperation(request, (range) => range?.serializable === true);
}

function everyOperation(
  request: TxnRequest,
  test: (range: RangeRequest | null) => boolean,
): boolean {
  const holds = (op: RequestOp) => test(op.requestRange);
  return request.success.every(holds) && request.failure.every(holds);
}

function checkOperations(request: TxnRequest, opsMax: number): Refusal | null {
  const { compare, success, failure } = request;
  const count = Math.max(compare.length, success.length, failure.length);
  if (count > opsMax) return "tooManyOps";
  for (const comparison of compare) {
    if (comparison.key.length === 0) return "keyNotProvided";
  }
  for (const branch of [success, failure]) {
    for (const op of branch) {
      const refusal = checkOperation(op, opsMax - count);
      if (refusal !== null) return refusal;
    }
  }
  return null;
}

function checkOperation(op: RequestOp, opsMax: number): Refusal | null {
  if (op.requestRange !== null) return checkRangeRequest(op.requestRange);
  if (op.requestPut !== null) return checkPutRequest(op.requestPut);
  if (op.requestDeleteRange !== null) return checkDeleteRangeRequest(op.requestDeleteRange);
  if (op.requestTxn !== null) return checkOperations(op.requestTxn, opsMax);
  return "keyNotFound";
}

/** What one branch writes, nested transactions included. */
interface Writes {
  readonly puts: Set<ByteString>;
  readonly deletes: DeletedRange[];
}

interface DeletedRange {
  readonly start: string;
  readonly end: string;
}

/**
 * Collects the writes of a branch in etcd's order, on which it depends what is refused: the deletes of this level, then
 * nested transactions one after another (a later one is checked against the deletes of an earlier one, not the other
 * way round), then the puts of this level. @returns null if two of them meet
 */
function writesOf(branch: readonly RequestOp[]): Writes | null {
  const writes: Writes = { puts: new Set(), deletes: [] };
  for (const { requestDeleteRange } of branch) {
    if (requestDeleteRange !== null) writes.deletes.push(deletedRangeOf(requestDeleteRange));
  }
  for (const { requestTxn } of branch) {
    if (requestTxn !== null && !addNested(writes, requestTxn)) return null;
  }
  for (const { requestPut } of branch) {
    if (requestPut === null) continue;
    const key = byteStringOf(requestPut.key);
    if (writes.puts.has(key) || isDeleted(writes, key)) return null;
    writes.puts.add(key);
  }
  return writes;
}

/** The two branches of a nested transaction exclude each other, so they may put the same keys. */
function addNested(writes: Writes, request: TxnRequest): boolean {
  const success = writesOf(request.success);
  const failure = writesOf(request.failure);
  if (success === null || failure === null) return false;
  for (const key of success.puts) {
    if (writes.puts.has(key) || isDeleted(writes, key)) return false;
    writes.puts.add(key);
  }
  for (const key of failure.puts) {
    if (writes.puts.has(key) && !success.puts.has(key)) return false;
    if (isDeleted(writes, key)) return false;
    writes.puts.add(key);
  }
  writes.deletes.push(...success.deletes, ...failure.deletes);
  return true;
}

/** An end of one zero byte, which deletes everything from the key on, makes an empty range here: etcd's own gap. */
function deletedRangeOf(request: DeleteRangeRequest): DeletedRange {
  const start = byteStringOf(request.key);
  const end = request.rangeEnd.length > 0 ? byteStringOf(request.rangeEnd) : `${start}\0`;
  return { start, end };
}

function isDeleted(writes: Writes, key: ByteString): boolean {
  return writes.deletes.some(({ start, end }) => start <= key && key < end);
}
