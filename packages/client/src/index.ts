export type { Admin, Alarm, ClusterMember, MemberStatus } from "./admin/admin.ts";
export type { AuthState, Permission, PermissionKind, Users } from "./admin/users.ts";
export type { AuthOptions, PasswordAuth, TokenAuth } from "./auth/auth-options.ts";
export type { Barrier, HoldBarrierOptions } from "./barriers/barrier.ts";
export type {
  ArriveOptions,
  BarrierPhase,
  CyclicBarrier,
  Tripped,
} from "./barriers/cyclic-barrier.ts";
export type { CountDownOptions, Latch } from "./barriers/latch.ts";
export type { BarrierOptions, LatchOptions } from "./barriers/open.ts";
export { Client, type CloseOptions, connect } from "./client.ts";
export type { Endpoint, EndpointStatus, Instance, Json } from "./discovery/endpoint.ts";
export type { HealthCheck } from "./discovery/health-gate.ts";
export type { RegisterOptions } from "./discovery/register-options.ts";
export type { Registration, RegistrationState } from "./discovery/registration.ts";
export type { Service } from "./discovery/service.ts";
export type { FetchOptions } from "./discovery/service-fetch.ts";
export type { Services } from "./discovery/services.ts";
export type { Balance, UseOptions } from "./discovery/use-options.ts";
export type { Duration } from "./duration.ts";
export type { CampaignOptions, ResumeOptions } from "./elections/campaign-options.ts";
export { Election, type ElectionOptions } from "./elections/election.ts";
export type { ElectionValue } from "./elections/election-value.ts";
export type { LeadOptions } from "./elections/lead.ts";
export type { Leader } from "./elections/leader.ts";
export type { Term } from "./elections/term.ts";
export {
  CompactedError,
  ConclaveError,
  DeadlockError,
  ERROR_CODES,
  type ErrorCode,
  LockLostError,
  type LossReason,
  type Outcome,
  SessionLostError,
  type WaitingLock,
} from "./errors.ts";
export { type Comparable, type Comparison, compare, type Relations } from "./kv/compare.ts";
export type { KeyValue } from "./kv/key-value.ts";
export type { Bytes, Target } from "./kv/keys.ts";
export type { Kv } from "./kv/kv.ts";
export type { CallOptions } from "./kv/limits.ts";
export {
  type DeleteOptions,
  type DeleteResult,
  type Op,
  op,
  type PutOptions,
  type PutResult,
  type RangeOptions,
  type RangeResult,
  type ReadOptions,
} from "./kv/op.ts";
export type { Results, Txn, TxnResult } from "./kv/txn.ts";
export type {
  KeyCodec,
  KeyTemplate,
  TypedKey,
  TypedKeys,
  TypedPair,
} from "./kv/typed-key.ts";
export type { StandardResult, StandardSchema, ValueCodec } from "./kv/value-codec.ts";
export type { GrantedLease, Leases, LeaseTime } from "./lease/leases.ts";
export type { LockOptions, RequestOptions } from "./locks/lock-options.ts";
export type { Lock, LockName, Locks } from "./locks/locks.ts";
export type {
  LockOwner,
  LockQuery,
  LockQueryOptions,
  PendingLock,
  QueuedLock,
} from "./locks/query.ts";
export type { MirrorBatch } from "./mirror/batch.ts";
export type { Live, LiveOptions, LiveValue } from "./mirror/live.ts";
export type { Mirror, MirrorOptions } from "./mirror/mirror.ts";
export type { Asked } from "./on-demand.ts";
export type { ConnectOptions, RetryOptions } from "./options.ts";
export type { ReleaseResult } from "./ownership/entry-removal.ts";
export { Fence } from "./ownership/fence.ts";
export type { GuardedKv } from "./ownership/guarded-kv.ts";
export type { Hold } from "./ownership/hold.ts";
export type { Disposes, HoldScope } from "./ownership/hold-scope.ts";
export type { SessionTiming } from "./session/renewal-times.ts";
export type { Session, SessionState } from "./session/session.ts";
export type { SessionOptions } from "./session/session-options.ts";
export type { Counter, NumberBlock } from "./transact/counter.ts";
export type { Isolation } from "./transact/isolation.ts";
export type { TransactOptions, TransactRetryOptions } from "./transact/options.ts";
export type { TransactBody, Transacted } from "./transact/transact.ts";
export type { Requirable, Transaction, TransactionPair } from "./transact/transaction.ts";
export type { OpenTransport, TlsOptions } from "./transport/h2.ts";
export type { Watch, WatchOptions } from "./watch/watch.ts";
export type { WatchEvent } from "./watch/watch-event.ts";
