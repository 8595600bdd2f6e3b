import type { RequestOp, TxnRequest } from "./etcd-messages.ts";

/** The four operations of a transaction, for tests that are about their arrangement. */
export const putOp = (key: string, value = "v"): RequestOp => ({ request_put: { key, value } });
export const rangeOp = (key: string, range_end = ""): RequestOp => ({
  request_range: { key, range_end },
});
export const deleteOp = (key: string, range_end = ""): RequestOp => ({
  request_delete_range: { key, range_end },
});
export const txnOp = (request_txn: TxnRequest): RequestOp => ({ request_txn });
