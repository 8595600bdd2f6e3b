import type { Clock, Prng } from "@conclave/base";
import type { MemberId, RaftConfig } from "@conclave/raft";
import type { Logger } from "../observe/logger.ts";
import type { Dial } from "../peer/peer-transport.ts";
import type { KnownMember } from "../storage/identity.ts";
import type { MemberStorage } from "../storage/member-storage.ts";
import type { DiskSpace } from "./disk-space.ts";
import type { LogLimits } from "./log-keeper.ts";
import type { MemberRemoved } from "./removal.ts";

export interface MemberNodeOptions {
  readonly id: MemberId;
  readonly clusterId: bigint;
  readonly name: string;
  /** Published to the others once there is a leader. */
  readonly clientUrls: readonly string[];
  /** Where the others reach it. */
  readonly peerUrls: readonly string[];
  /** Who formed the cluster, the same on all members. Who came later, the log tells. */
  readonly founders: readonly KnownMember[];
  /** Of a member that was added: who the members were then. They tell it if it is removed before it was sent anything. */
  readonly contacts?: readonly KnownMember[];
  /** Changes of the membership that would lose the quorum are refused. */
  readonly strictReconfigCheck: boolean;
  readonly storage: MemberStorage;
  /** How to reach the other members. `onRefused` is to be called whenever nobody listens at a member's address. */
  readonly dial: Dial;
  readonly clock: Clock;
  readonly prng: Prng;
  /** Runs a callback at the end of this turn of the event loop. */
  readonly defer: (callback: () => void) => void;
  readonly logger: Logger;
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
  readonly preVote: boolean;
  /** Limits of consensus that differ from its usual ones. */
  readonly raft?: Partial<RaftConfig>;
  readonly snapshotCount: number;
  /** How much of the log is kept besides. Default: {@link DEFAULT_LOG_LIMITS}. */
  readonly logLimits?: LogLimits;
  readonly quotaBytes: number;
  /** Memory for the pairs read and written last. Default: as the state machine has it. Bytes. */
  readonly valueCacheBytesMax?: number;
  /** What is left on the file system of the data directory. Absent: nobody looks. */
  readonly diskSpace?: () => Promise<DiskSpace>;
  readonly watchProgressIntervalMs: number;
  /** The member cannot go on: its log or state cannot be written, or contradicts itself. */
  readonly onFatal: (error: Error) => void;
  /** The member is none any more: it is to be stopped. */
  readonly onRemoved: (error: MemberRemoved) => void;
}
