export { decodeMessage, encodeMessage, messageTypeOf } from "./codec.ts";
export { DEFAULT_RAFT_CONFIG, type RaftConfig } from "./config.ts";
export {
  ClusterInvariants,
  checkMember,
  type DurableView,
  type MemberView,
} from "./invariants.ts";
export {
  EMPTY_MEMBERSHIP,
  isLearner,
  isMember,
  isVoter,
  MEMBERS_MAX,
  MEMBERSHIP_CONTEXT_BYTES_MAX,
  type MembershipChange,
  type MembershipChangeRefusal,
  type MembershipChangeType,
  type MembershipEntry,
  membershipOf,
  sameMembership,
} from "./membership.ts";
export {
  decodeMembershipEntry,
  encodeMembershipEntry,
  MalformedBytes,
} from "./membership-codec.ts";
export type {
  Entry,
  HardState,
  LogIndex,
  LogPosition,
  MemberId,
  Membership,
  Message,
  MessageOf,
  MessageType,
  SnapshotMark,
  Term,
} from "./message.ts";
export type { ProgressState } from "./progress.ts";
export type { ProposeMembershipRefusal, ProposeRefusal, ProposeResult } from "./propose.ts";
export { quorumOf } from "./quorum.ts";
export { type MemberProgress, Raft, type RaftOptions } from "./raft.ts";
export type { ReadState, Ready, Role } from "./ready.ts";
export type { Restored } from "./state.ts";
export type { TransferRefusal, TransferResult } from "./transfer.ts";
