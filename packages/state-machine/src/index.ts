export { WHOLE_CLUSTER } from "./alarms.ts";
export {
  COMMAND_BATCH_VERSION,
  CommandBatch,
  CommandKind,
  CommandReader,
  decodeLeaseExpire,
  encodeLeaseExpire,
  type LeaseExpire,
} from "./command.ts";
export { HeaderEncoder, type HeaderFacts } from "./header-encoder.ts";
export { LeaseExpiry } from "./lease/expiry.ts";
export { LEASE_TTL_SECONDS_MAX, type LeaseObserver } from "./lease/lessor.ts";
export type { ClusterMember, Founder, MembershipCommand } from "./member-directory.ts";
export { MemoryStateStore } from "./memory-state-store.ts";
export { KeyValueHash } from "./mvcc/hash.ts";
export { KeyValueView } from "./mvcc/key-value.ts";
export { isSimplePut } from "./mvcc/plain-put.ts";
export { PlainTxn } from "./mvcc/plain-txn.ts";
export { PlainTxnResult } from "./mvcc/plain-txn-result.ts";
export { type KeyRange, keyRangeOf, rangeContains } from "./mvcc/range-bounds.ts";
export { type RangeAnswer, RangeReading } from "./mvcc/range-reading.ts";
export {
  checkDeleteRangeRequest,
  checkPutRequest,
  checkRangeRequest,
  checkTxnRequest,
  isTxnReadOnly,
  isTxnSerializable,
} from "./mvcc/txn-check.ts";
export { META, REVISION_KEY_BYTES, TABLE } from "./records.ts";
export { errorOfRefusal, type Refusal } from "./refusal.ts";
export type {
  AlarmResult,
  CommandResult,
  CompactResult,
  DeleteRangeResult,
  LeaseExpireResult,
  LeaseGrantResult,
  LeaseRevokeResult,
  MemberAttributesResult,
  PutResult,
  RangeResult,
  RefusedResult,
  TxnResult,
} from "./result.ts";
export { CHECKPOINT_ENTRIES, type StateCheckpoint } from "./state-checkpoints.ts";
export {
  type AppliedEntry,
  type ApplyObserver,
  StateMachine,
  type StateMachineOptions,
} from "./state-machine.ts";
export type { StateStore } from "./state-store.ts";
export { WatchHub, type WatchHubOptions } from "./watch/watch-hub.ts";
export { type WatchSink, WatchStream } from "./watch/watch-stream.ts";
