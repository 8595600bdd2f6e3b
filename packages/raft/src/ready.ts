import type {
  Entry,
  HardState,
  LogIndex,
  MemberId,
  Membership,
  Message,
  SnapshotMark,
} from "./message.ts";

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
  /** Null if unchanged since the last Ready. */
  readonly hardState: HardState | null;
  /** To append to the disk. May start at or below an index written before: the old tail is void. */
  readonly entries: readonly Entry[];
  /** A snapshot that replaces the whole log and state; null almost always. Install before `entries`. */
  readonly snapshot: SnapshotMark | null;
  /** May leave at once. */
  readonly messages: readonly Message[];
  /** May leave only when this Ready's sequence is durable: votes, append acks. */
  readonly durableMessages: readonly Message[];
  /** Committed and durable here, in order, each exactly once: apply them, then call `raft.onApplied`. */
  readonly committed: readonly Entry[];
  readonly reads: readonly ReadState[];
  /** Reads that will never be served (leadership lost or unknown): answer them with a refusal. */
  readonly refusedReads: readonly number[];
  /** Role, leader or term changed since the last Ready. */
  readonly roleChange: { readonly role: Role; readonly leader: MemberId } | null;
  /** The membership in force changed since the last Ready. */
  readonly membership: Membership | null;
}
