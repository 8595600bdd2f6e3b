/** Raft's logical time (Raft 5.1). Safe integer; 0 before the first election. */
export type Term = number;

/** Position in the Raft log. The first entry is 1 (Raft Figure 2); 0 means before it. Safe integer. */
export type LogIndex = number;

/** A member's 64-bit id. 0n names nobody. */
export type MemberId = bigint;

/**
 * One entry of the log. A `command` with empty data is the no-op that opens a term (thesis 6.4).
 * `data` is owned by the log from the moment it is proposed: nobody writes to it again.
 */
export interface Entry {
  readonly term: Term;
  readonly index: LogIndex;
  readonly kind: "command" | "membership";
  readonly data: Uint8Array;
}

/** Where a log ends: the term and index of its last entry. Logs compare by term first (Raft 5.4.1). */
export interface LogPosition {
  readonly term: Term;
  readonly index: LogIndex;
}

/** What must survive a crash besides entries: durable before any message that depends on it leaves. */
export interface HardState {
  readonly term: Term;
  /** Who got this member's vote in `term`; 0n if nobody. */
  readonly vote: MemberId;
  /** A hint that spares work at restart; never above what was committed. */
  readonly commit: LogIndex;
}

/** The voting members and learners that are in force at some index. Sorted by id. */
export interface Membership {
  readonly voters: readonly MemberId[];
  readonly learners: readonly MemberId[];
}

/** The position and membership that a snapshot stands for; its content is the driver's affair. */
export interface SnapshotMark {
  readonly index: LogIndex;
  readonly term: Term;
  readonly membership: Membership;
}

interface Envelope {
  readonly from: MemberId;
  readonly to: MemberId;
  readonly term: Term;
}

/** Every message that members exchange. `type` selects the handler in the `[role][type]` table. */
export type Message =
  | (Envelope & {
      readonly type: "append";
      readonly previousIndex: LogIndex;
      readonly previousTerm: Term;
      readonly entries: readonly Entry[];
      readonly commit: LogIndex;
    })
  | (Envelope & {
      readonly type: "append-response";
      /** Accepted: the highest index known to match. Rejected: the `previousIndex` that was refused. */
      readonly index: LogIndex;
      readonly rejected: boolean;
      /** Where the leader should look next when rejected (thesis 3.3, conflict term skipping). */
      readonly hintIndex: LogIndex;
      readonly hintTerm: Term;
    })
  | (Envelope & {
      readonly type: "heartbeat";
      readonly commit: LogIndex;
      /** The newest read round this heartbeat confirms; grows within a term, never reused. */
      readonly readSequence: number;
    })
  | (Envelope & { readonly type: "heartbeat-response"; readonly readSequence: number })
  | (Envelope & {
      readonly type: "pre-vote" | "vote";
      readonly lastIndex: LogIndex;
      readonly lastTerm: Term;
      /** Set when a leader asked for the election (thesis 3.10): the lease of the leader is ignored. */
      readonly isTransfer: boolean;
    })
  | (Envelope & { readonly type: "pre-vote-response" | "vote-response"; readonly granted: boolean })
  | (Envelope & { readonly type: "install-snapshot"; readonly snapshot: SnapshotMark })
  | (Envelope & { readonly type: "timeout-now" })
  | (Envelope & {
      readonly type: "log-lost";
      /** Names the boot that found the loss: what was acknowledged before it counts no more. */
      readonly recoveryId: number;
      /** What this member's log was found to share with the leader's since that boot. */
      readonly verifiedIndex: LogIndex;
      /** Where its log ends: the leader's next probe starts there. */
      readonly lastIndex: LogIndex;
    })
  | (Envelope & {
      readonly type: "log-lost-response";
      readonly recoveryId: number;
      /** Where the leader's log ended when it first heard of this loss: it ever sent that member no more before. */
      readonly lastIndex: LogIndex;
    })
  | (Envelope & { readonly type: "read-index"; readonly readId: number })
  | (Envelope & {
      readonly type: "read-index-response";
      readonly readId: number;
      /** -1: refused, the sender of this answer cannot serve the read. */
      readonly index: LogIndex;
    });

export type MessageType = Message["type"];

/** The message of one type. */
export type MessageOf<T extends MessageType> = Message & { readonly type: T };
