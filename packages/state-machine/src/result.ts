import type { AlarmMember, ResponseOpInit } from "@conclave/wire";
import type { RangeAnswer } from "./mvcc/range-reading.ts";
import type { Refusal } from "./refusal.ts";

/** `revision` is what the answer's header carries: that of the write, or the store's if nothing was written. */
interface AtRevision {
  readonly revision: number;
}

export interface PutResult extends AtRevision {
  readonly kind: "put";
  /** The pair before, encoded, if asked for and there was one. */
  readonly prevKv: Uint8Array | null;
}

export interface DeleteRangeResult extends AtRevision {
  readonly kind: "delete-range";
  readonly deleted: number;
  /** Encoded pairs, in key order, if asked for. */
  readonly prevKvs: readonly Uint8Array[];
}

export interface RangeResult extends AtRevision, RangeAnswer {
  readonly kind: "range";
}

export interface TxnResult extends AtRevision {
  readonly kind: "txn";
  readonly succeeded: boolean;
  /** Inner headers are filled in as etcd does: only a revision, and an empty one for a nested transaction. */
  readonly responses: readonly ResponseOpInit[];
}

export interface CompactResult extends AtRevision {
  readonly kind: "compact";
}

export interface LeaseGrantResult extends AtRevision {
  readonly kind: "lease-grant";
  readonly id: bigint;
  readonly ttlSeconds: number;
}

export interface LeaseRevokeResult extends AtRevision {
  readonly kind: "lease-revoke";
}

export interface LeaseExpireResult extends AtRevision {
  readonly kind: "lease-expire";
  /** Leases that are gone now; empty if the proposing leader's term was over. */
  readonly expired: readonly bigint[];
}

export interface AlarmResult extends AtRevision {
  readonly kind: "alarm";
  readonly alarms: readonly AlarmMember[];
}

export interface MemberAttributesResult extends AtRevision {
  readonly kind: "member-attributes";
}

/** The command had no effect, on no member. */
export interface RefusedResult extends AtRevision {
  readonly kind: "refused";
  readonly refusal: Refusal;
}

export type CommandResult =
  | PutResult
  | DeleteRangeResult
  | TxnResult
  | CompactResult
  | LeaseGrantResult
  | LeaseRevokeResult
  | LeaseExpireResult
  | AlarmResult
  | MemberAttributesResult
  | RefusedResult;
