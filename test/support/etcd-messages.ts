/**
 * etcd's messages as the raw client takes and gives them: field names as in the protocol, counts as
 * numbers, identifiers as bigints, bytes as one-byte strings (latin1), enums by name. In answers
 * every scalar is present; a message field that was absent is null.
 */

export interface ResponseHeader {
  readonly cluster_id: bigint;
  readonly member_id: bigint;
  readonly revision: number;
  readonly raft_term: number;
}

/** null only for the few calls that answer without one. */
interface Headed {
  readonly header: ResponseHeader;
}

export interface KeyValue {
  readonly key: string;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly version: number;
  readonly value: string;
  readonly lease: bigint;
}

export interface RangeRequest {
  readonly key?: string;
  readonly range_end?: string;
  readonly limit?: number;
  readonly revision?: number;
  /** A number to send what no version knows. */
  readonly sort_order?: "NONE" | "ASCEND" | "DESCEND" | number;
  readonly sort_target?: "KEY" | "VERSION" | "CREATE" | "MOD" | "VALUE" | number;
  readonly serializable?: boolean;
  readonly keys_only?: boolean;
  readonly count_only?: boolean;
  readonly min_mod_revision?: number;
  readonly max_mod_revision?: number;
  readonly min_create_revision?: number;
  readonly max_create_revision?: number;
}

export interface RangeResponse extends Headed {
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: number;
}

export interface PutRequest {
  readonly key?: string;
  readonly value?: string;
  readonly lease?: bigint;
  readonly prev_kv?: boolean;
  readonly ignore_value?: boolean;
  readonly ignore_lease?: boolean;
}

export interface PutResponse extends Headed {
  readonly prev_kv: KeyValue | null;
}

export interface DeleteRangeRequest {
  readonly key?: string;
  readonly range_end?: string;
  readonly prev_kv?: boolean;
}

export interface DeleteRangeResponse extends Headed {
  readonly deleted: number;
  readonly prev_kvs: readonly KeyValue[];
}

export interface RequestOp {
  readonly request_range?: RangeRequest;
  readonly request_put?: PutRequest;
  readonly request_delete_range?: DeleteRangeRequest;
  readonly request_txn?: TxnRequest;
}

export interface Compare {
  readonly key?: string;
  readonly range_end?: string;
  readonly result?: "EQUAL" | "GREATER" | "LESS" | "NOT_EQUAL";
  readonly target?: "VERSION" | "CREATE" | "MOD" | "VALUE" | "LEASE";
  readonly version?: number;
  readonly create_revision?: number;
  readonly mod_revision?: number;
  readonly value?: string;
  readonly lease?: bigint;
}

export interface TxnRequest {
  readonly compare?: readonly Compare[];
  readonly success?: readonly RequestOp[];
  readonly failure?: readonly RequestOp[];
}

export interface ResponseOp {
  readonly response_range?: RangeResponse;
  readonly response_put?: PutResponse;
  readonly response_delete_range?: DeleteRangeResponse;
  readonly response_txn?: TxnResponse;
}

export interface TxnResponse extends Headed {
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

export interface WatchCreateRequest {
  readonly key?: string;
  readonly range_end?: string;
  readonly start_revision?: number;
  readonly progress_notify?: boolean;
  readonly filters?: readonly ("NOPUT" | "NODELETE")[];
  readonly prev_kv?: boolean;
  readonly watch_id?: number;
  readonly fragment?: boolean;
}

export interface WatchRequest {
  readonly create_request?: WatchCreateRequest;
  readonly cancel_request?: { readonly watch_id?: number };
  readonly progress_request?: Record<string, never>;
}

export interface WatchEvent {
  readonly type: "PUT" | "DELETE";
  readonly kv: KeyValue;
  readonly prev_kv: KeyValue | null;
}

export interface WatchResponse extends Headed {
  readonly watch_id: number;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compact_revision: number;
  readonly cancel_reason: string;
  readonly fragment: boolean;
  readonly events: readonly WatchEvent[];
}

export interface Member {
  readonly ID: bigint;
  readonly name: string;
  readonly peerURLs: readonly string[];
  readonly clientURLs: readonly string[];
  readonly isLearner: boolean;
}

export interface StatusResponse extends Headed {
  readonly version: string;
  readonly dbSize: number;
  readonly leader: bigint;
  readonly raftIndex: number;
  readonly raftTerm: number;
  readonly raftAppliedIndex: number;
  readonly errors: readonly string[];
  readonly dbSizeInUse: number;
  readonly isLearner: boolean;
}

export interface LeaderKey {
  readonly name?: string;
  readonly key?: string;
  readonly rev?: number;
  readonly lease?: bigint;
}

export interface LeaderResponse extends Headed {
  readonly kv: KeyValue;
}

export interface LeaseTimeToLiveResponse extends Headed {
  readonly ID: bigint;
  readonly TTL: number;
  readonly grantedTTL: number;
  readonly keys: readonly string[];
}

type Call<Request, Response> = { readonly request: Request; readonly response: Response };
type Nothing = Record<string, never>;

/** The unary calls that the suites make, by `Service.Method`. */
export interface UnaryCalls {
  "KV.Range": Call<RangeRequest, RangeResponse>;
  "KV.Put": Call<PutRequest, PutResponse>;
  "KV.DeleteRange": Call<DeleteRangeRequest, DeleteRangeResponse>;
  "KV.Txn": Call<TxnRequest, TxnResponse>;
  "KV.Compact": Call<{ revision?: number; physical?: boolean }, Headed>;
  "Lease.LeaseGrant": Call<
    { TTL?: number; ID?: bigint },
    Headed & { ID: bigint; TTL: number; error: string }
  >;
  "Lease.LeaseRevoke": Call<{ ID?: bigint }, Headed>;
  "Lease.LeaseTimeToLive": Call<{ ID?: bigint; keys?: boolean }, LeaseTimeToLiveResponse>;
  "Lease.LeaseLeases": Call<Nothing, Headed & { leases: readonly { ID: bigint }[] }>;
  "Cluster.MemberList": Call<{ linearizable?: boolean }, Headed & { members: readonly Member[] }>;
  "Cluster.MemberRemove": Call<{ ID?: bigint }, Headed>;
  "Maintenance.Status": Call<Nothing, StatusResponse>;
  "Maintenance.Alarm": Call<
    { action?: "GET" | "ACTIVATE" | "DEACTIVATE"; memberID?: bigint; alarm?: string },
    Headed & { alarms: readonly { memberID: bigint; alarm: string }[] }
  >;
  "Maintenance.Defragment": Call<Nothing, { header: ResponseHeader | null }>;
  "Maintenance.Hash": Call<Nothing, Headed & { hash: number }>;
  "Maintenance.HashKV": Call<
    { revision?: number },
    Headed & { hash: number; compact_revision: number; hash_revision: number }
  >;
  "Maintenance.MoveLeader": Call<{ targetID?: bigint }, { header: ResponseHeader | null }>;
  "Lock.Lock": Call<{ name?: string; lease?: bigint }, Headed & { key: string }>;
  "Lock.Unlock": Call<{ key?: string }, Headed>;
  "Election.Campaign": Call<
    { name?: string; lease?: bigint; value?: string },
    Headed & { leader: Required<LeaderKey> }
  >;
  "Election.Proclaim": Call<{ leader?: LeaderKey; value?: string }, Headed>;
  "Election.Leader": Call<{ name?: string }, LeaderResponse>;
  "Election.Resign": Call<{ leader?: LeaderKey }, Headed>;
  "Health.Check": Call<{ service?: string }, { status: string }>;
}

/** The streaming calls that the suites make. */
export interface StreamCalls {
  "Watch.Watch": Call<WatchRequest, WatchResponse>;
  "Lease.LeaseKeepAlive": Call<{ ID?: bigint }, Headed & { ID: bigint; TTL: number }>;
  "Election.Observe": Call<{ name?: string }, LeaderResponse>;
}
