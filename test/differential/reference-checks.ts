import type { RequestOp, TxnRequest } from "../support/etcd-messages.ts";
import type { Refusal } from "../support/raw-client.ts";

/** Thrown by the reference store for a request that etcd refuses. */
export class Refused extends Error implements Refusal {
  readonly code: string;
  readonly text: string;
  constructor(code: string, text: string) {
    super(text);
    this.code = code;
    this.text = text;
  }
}

/** Whether `key` is in the range, as etcd's `range_end` means it. */
export function isInRange(key: string, start: string, end: string): boolean {
  if (end === "") return key === start;
  return key >= start && (end === "\0" || key < end);
}

/** Operations of a transaction, at each level. */
const TXN_OPS_MAX = 128;

const invalid = (text: string) => new Refused("INVALID_ARGUMENT", `etcdserver: ${text}`);

/** What etcd refuses about a request before it looks at any key. */
export function checkRequest(operation: RequestOp): void {
  const { request_range, request_put, request_delete_range, request_txn } = operation;
  if (request_range && !request_range.key) throw invalid("key is not provided");
  if (request_delete_range && !request_delete_range.key) throw invalid("key is not provided");
  if (request_put) {
    if (!request_put.key) throw invalid("key is not provided");
    if (request_put.ignore_value && request_put.value) throw invalid("value is provided");
    if (request_put.ignore_lease && request_put.lease) throw invalid("lease is provided");
  }
  if (request_txn) {
    checkTxn(request_txn);
    checkKeysOnce(request_txn.success ?? []);
    checkKeysOnce(request_txn.failure ?? []);
  }
}

function checkTxn({ compare = [], success = [], failure = [] }: TxnRequest): void {
  if (Math.max(compare.length, success.length, failure.length) > TXN_OPS_MAX) {
    throw invalid("too many operations in txn request");
  }
  if (compare.some(({ key }) => !key)) throw invalid("key is not provided");
  for (const operation of [...success, ...failure]) {
    if (operation.request_txn) checkTxn(operation.request_txn);
    else checkRequest(operation);
  }
}

interface Touched {
  readonly puts: Set<string>;
  readonly deletes: (readonly [start: string, end: string])[];
}

/** No key may be put twice, nor put and deleted, on any one way through the transaction. */
function checkKeysOnce(operations: readonly RequestOp[]): Touched {
  const duplicate = () => invalid("duplicate key given in txn request");
  const deletes = operations.flatMap(({ request_delete_range: request }) =>
    request ? [[request.key ?? "", request.range_end ?? ""] as const] : [],
  );
  const puts = new Set<string>();
  const add = (key: string) => {
    if (puts.has(key) || deletes.some(([start, end]) => isInInterval(key, start, end))) {
      throw duplicate();
    }
    puts.add(key);
  };
  for (const { request_txn: inner } of operations) {
    if (!inner) continue;
    const success = checkKeysOnce(inner.success ?? []);
    const failure = checkKeysOnce(inner.failure ?? []);
    for (const key of success.puts) add(key);
    for (const key of failure.puts) if (!success.puts.has(key)) add(key);
    deletes.push(...success.deletes, ...failure.deletes);
  }
  for (const { request_put } of operations) if (request_put) add(request_put.key ?? "");
  return { puts, deletes };
}

/** As etcd compares here: `"\0"`, the end of all keys elsewhere, is a key like any other, so nothing is before it. */
function isInInterval(key: string, start: string, end: string): boolean {
  return end !== "\0" && isInRange(key, start, end);
}
