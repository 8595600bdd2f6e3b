/** How one member behaves. All members of a cluster should agree on it, though safety does not depend on that. */
export interface RaftConfig {
  /**
   * Ticks without hearing a leader before an election. Each wait is drawn from (electionTicks, 2 * electionTicks]
   * (Raft 5.2); it is also the leader's lease for refusing votes and the time a transfer may take. Default 10.
   */
  readonly electionTicks: number;
  /** Ticks between two heartbeats of a leader. Default 1. */
  readonly heartbeatTicks: number;
  /** Asks for votes without touching the term first, so that a rejoining member disrupts nobody (thesis 9.6). */
  readonly preVote: boolean;
  /** A leader that hears no quorum for electionTicks steps down; who hears a leader ignores votes (thesis 6.2, 4.2.3). */
  readonly checkQuorum: boolean;
  /** Bytes of entries in one append message; a larger single entry still travels, alone. Default 1 MiB. */
  readonly appendBytesMax: number;
  /**
   * Append messages on their way to one follower beyond which small ones gather, and as many as go in each tick all the same, so
   * that what gathers waits no longer than a tick. Default 2.
   */
  readonly smallAppendsMax: number;
  /** Append messages on their way to one follower. Default 256. */
  readonly inflightMessagesMax: number;
  /** Bytes of entries on their way to one follower; one message may exceed it when nothing else flies. Default 16 MiB. */
  readonly inflightBytesMax: number;
  /** Bytes proposed to this leader and not committed yet; beyond it proposals are refused. Default 64 MiB. */
  readonly uncommittedBytesMax: number;
  /** Bytes of entries in one `Ready.committed`; the rest comes with the next. Default 16 MiB. */
  readonly committedBytesMax: number;
  /** Reads that wait for their proof of leadership; beyond it reads are refused. Count. Default 65,536. */
  readonly pendingReadsMax: number;
}

export const DEFAULT_RAFT_CONFIG: RaftConfig = {
  electionTicks: 10,
  heartbeatTicks: 1,
  preVote: true,
  checkQuorum: true,
  appendBytesMax: 1 << 20,
  smallAppendsMax: 2,
  inflightMessagesMax: 256,
  inflightBytesMax: 16 << 20,
  uncommittedBytesMax: 64 << 20,
  committedBytesMax: 16 << 20,
  pendingReadsMax: 1 << 16,
};

/**
 * Fills the gaps with the defaults.
 * @throws RangeError naming the field whose value cannot work.
 */
export function raftConfig(config: Partial<RaftConfig>): RaftConfig {
  const whole: RaftConfig = { ...DEFAULT_RAFT_CONFIG, ...config };
  for (const [name, value] of Object.entries(whole)) {
    if (typeof value === "boolean") continue;
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`raft config: ${name} must be a positive whole number, got ${value}`);
    }
  }
  if (whole.electionTicks <= whole.heartbeatTicks) {
    throw new RangeError("raft config: electionTicks must exceed heartbeatTicks");
  }
  return whole;
}
