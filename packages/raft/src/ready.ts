import type {
  Entry,
  HardState,
  LogIndex,
  MemberId,
  Membership,
  Message,
  SnapshotMark,
  Term,
} from "./message.ts";

/**
 * What a member is. `learner` is every member that never starts elections: without a vote in the membership in force, or
 * while its log recovers (recovery.ts).
 */
export type Role = "follower" | "pre-candidate" | "candidate" | "leader" | "learner";

/** A read that leadership was proved for: serve it once `index` is applied here. */
export interface ReadState {
  readonly readId: number;
  readonly index: LogIndex;
}

/**
 * What the caller must do after a step. Taken with `raft.takeReady()`; work may overlap: the next Ready can be
 * taken before this one is durable, but sequences become durable in order.
 */
export interface Ready {
  /** Passed to `raft.onDurable` when `hardState` and `entries` (and everything before them) are on disk. */
  readonly sequence: number;
  /**
   * Null if term and vote are unchanged since the last Ready and nothing else is to be written: a commit index that
   * moved alone is worth no write of its own.
   */
  readonly hardState: HardState | null;
  /** To append to the disk. May start at or below an index written before: the old tail is void. */
  readonly entries: readonly Entry[];
  /**
   * A snapshot that replaces the whole log and state; null almost always. Install before `entries`; once installed and
   * durable with its sequence, `onDurable` also counts its index as applied.
   */
  readonly snapshot: SnapshotMark | null;
  /**
   * The log holds again whatever this member may have acknowledged before it was damaged: to be written with `entries`,
   * so that the next boot knows. False almost always.
   */
  readonly isRecovered: boolean;
  /** May leave at once. */
  readonly messages: readonly Message[];
  /**
   * May leave only when this Ready's sequence is durable: votes, append acks, all of a term that is not durable yet.
   * What the disk already stands behind is in `messages`.
   */
  readonly durableMessages: readonly Message[];
  /** Committed and durable here, in order, each exactly once: apply them, then call `raft.onApplied`. */
  readonly committed: readonly Entry[];
  readonly reads: readonly ReadState[];
  /** Reads that will never be served (leadership lost or unknown): answer them with a refusal. */
  readonly refusedReads: readonly number[];
  /** Role, leader or term changed since the last Ready. */
  readonly roleChange: {
    readonly role: Role;
    readonly leader: MemberId;
    readonly term: Term;
  } | null;
  /**
   * The membership in force changed since the last Ready. It is in force from the append of its entry on, so it may
   * come before the entry is committed, and fall back to an older one if that never happens.
   */
  readonly membership: Membership | null;
}
