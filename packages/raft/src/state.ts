import { assert, nextBelow, type Prng } from "@conclave/base";
import type { RaftConfig } from "./config.ts";
import { RaftLog } from "./log.ts";
import { isVoter } from "./membership.ts";
import type {
  Entry,
  HardState,
  LogIndex,
  LogPosition,
  MemberId,
  Message,
  SnapshotMark,
  Term,
} from "./message.ts";
import { Outbox } from "./outbox.ts";
import type { Progress } from "./progress.ts";
import { ForwardedReads, type LeaderReads } from "./read-index.ts";
import type { Role } from "./ready.ts";
import { Recovery } from "./recovery.ts";
import { Unstable } from "./unstable.ts";

/** How many times shorter the wait for an election is if the leader is known to be gone. */
const SHORT_WAITS = 5;

/** A leader on its way out (thesis 3.10). */
export interface Transfer {
  readonly to: MemberId;
  elapsedTicks: number;
  /** The target was told to start its election. */
  isTimeoutNowSent: boolean;
}

/** What only a leader has; built when it is elected, gone when it steps down. */
export interface Leadership {
  /** Of every other member, voters and learners. */
  readonly progress: Map<MemberId, Progress>;
  readonly reads: LeaderReads;
  /** The no-op that opened the term: nothing read or reconfigured before it commits. */
  readonly firstIndex: LogIndex;
  transfer: Transfer | null;
  /** Bytes of the entries above the commit index. */
  uncommittedBytes: number;
  heartbeatElapsed: number;
  /** The disk reported a write since the last check of the quorum, or had none to do. */
  isDiskActive: boolean;
}

/** What a member brings from its disk, or what a new cluster starts from. */
export interface Restored {
  readonly hardState: HardState;
  /** Where `entries` begin. A new cluster: index 0, term 0 and the first membership, the same on all members. */
  readonly snapshot: SnapshotMark;
  /** From `snapshot.index + 1` on, without a gap; all durable. */
  readonly entries: readonly Entry[];
  /** What the state machine holds. At least `snapshot.index`. */
  readonly appliedIndex: LogIndex;
  /**
   * Entries of this log may be lost though they were acknowledged; they all lay at or below this position. Absent or null: the
   * log is whole. See recovery.ts.
   */
  readonly lostTail?: LogPosition | null;
}

/** One member's whole consensus state. The files of the roles work on it; nobody else does. */
export class RaftState {
  readonly id: MemberId;
  readonly config: RaftConfig;
  readonly prng: Prng;
  readonly log: RaftLog;
  readonly unstable: Unstable;
  readonly forwardedReads: ForwardedReads;
  outbox = new Outbox();

  role: Role = "follower";
  /** Never falls (Raft 5.1). */
  term: Term;
  /** Who got this member's vote in `term`, 0n if nobody. Set once a term. */
  vote: MemberId;
  /** The leader of `term` as far as heard, 0n if not. */
  leader: MemberId = 0n;

  /** Known to be committed. Never falls while running; a restart may forget some of it. */
  commitIndex: LogIndex;
  /** Handed out in `Ready.committed` or by a snapshot. applied <= delivered <= commit. */
  deliveredIndex: LogIndex;
  /** The caller said that it applied this. */
  appliedIndex: LogIndex;

  /** Ticks since a leader was heard, a vote granted or an election started; as leader, since the last check of the quorum. */
  electionElapsed = 0;
  /** Drawn anew for each wait, in (electionTicks, 2 * electionTicks]. */
  electionTimeout = 0;
  /** Valid as candidate or pre-candidate: the answers of this election. */
  readonly votes = new Map<MemberId, boolean>();
  /** Not null while this member's log lacks what it may have acknowledged. */
  recovery: Recovery | null = null;
  /** Valid as leader, null in any other role. */
  leadership: Leadership | null = null;

  constructor(id: MemberId, config: RaftConfig, prng: Prng, restored: Restored) {
    const { hardState, snapshot, entries, appliedIndex } = restored;
    assert(id !== 0n, "member id 0 names nobody");
    this.id = id;
    this.config = config;
    this.prng = prng;
    this.log = new RaftLog(snapshot, entries);
    assert(hardState.term >= this.log.lastTerm, "the log is ahead of the durable term");
    assert(appliedIndex >= snapshot.index, "the state machine is behind the start of the log");
    assert(appliedIndex <= this.log.lastIndex, "applied entries are missing from the log");
    this.unstable = new Unstable(this.log.lastIndex, hardState.term, hardState.vote);
    this.forwardedReads = new ForwardedReads(prng);
    this.term = hardState.term;
    this.vote = hardState.vote;
    // The commit of the hard state is a hint: it may have become durable before the tail that it speaks of.
    const commitHint = Math.min(hardState.commit, this.log.lastIndex);
    this.commitIndex = Math.max(commitHint, appliedIndex);
    this.deliveredIndex = appliedIndex;
    this.appliedIndex = appliedIndex;
    if (restored.lostTail) {
      assert(restored.lostTail.term <= hardState.term, "acknowledged entries of a later term");
      this.recovery = new Recovery(restored.lostTail, prng);
    }
    this.role = passiveRole(this);
    drawElectionTimeout(this);
  }
}

/** Requires: the role is leader. */
export function leadershipOf(state: RaftState): Leadership {
  assert(state.leadership !== null, "only a leader leads");
  return state.leadership;
}

/**
 * At least one tick more than the lease: members do not tick in step, and whoever asked first would be refused by
 * one whose tick is about to come, and would lose a whole timeout by it.
 */
export function drawElectionTimeout(state: RaftState): void {
  const { electionTicks } = state.config;
  state.electionTimeout = electionTicks + 1 + nextBelow(state.prng, electionTicks);
}

/**
 * Whether this member may start elections: as a voter, and as one that an uncommitted change removes. Without the
 * second, a removed member that alone holds the change would block the others for ever: its log is newer than
 * theirs, so it refuses them its vote (thesis 4.2.2).
 */
export function mayCampaign(state: RaftState): boolean {
  // A log with a gap in it must not become the leader's.
  if (state.recovery !== null) return false;
  const { memberships } = state.log;
  if (isVoter(memberships.current, state.id)) return true;
  return memberships.currentIndex > state.commitIndex && isVoter(memberships.previous, state.id);
}

/** Whether this member alone decides. */
export function isSoleVoter(state: RaftState): boolean {
  const { voters } = state.log.memberships.current;
  return voters.length === 1 && voters[0] === state.id;
}

export function isPassive(role: Role): boolean {
  return role === "follower" || role === "learner";
}

function passiveRole(state: RaftState): Role {
  return mayCampaign(state) ? "follower" : "learner";
}

/** A membership or commit that moved may make a follower of a learner, or the reverse. */
export function refreshPassiveRole(state: RaftState): void {
  if (isPassive(state.role)) state.role = passiveRole(state);
}

/**
 * Whether a leader was heard so lately that no other can have been elected by a quorum that heard it too: then
 * votes are refused unasked, or a removed or cut-off member could depose a healthy leader (thesis 4.2.3).
 */
export function isHearingLeader(state: RaftState): boolean {
  return (
    state.config.checkQuorum &&
    state.leader !== 0n &&
    state.electionElapsed < state.config.electionTicks
  );
}

/** Follows `leader` (0n: unknown) in `term`. Whatever this member was before ends, its reads with a refusal. */
export function becomeFollower(state: RaftState, term: Term, leader: MemberId): void {
  assert(term >= state.term, "terms never fall");
  const wasPassive = isPassive(state.role);
  if (term !== state.term || leader !== state.leader) refuseForwardedReads(state);
  if (term !== state.term) enterTerm(state, term);
  endLeadership(state);
  state.role = passiveRole(state);
  state.leader = leader;
  state.votes.clear();
  // A follower's wait goes on: only a leader or a granted vote may prolong it (Raft 5.2).
  if (!wasPassive) restartElectionTimer(state);
}

/** Requires: `term` is newer. A new term has no vote yet (Raft Figure 2). */
export function enterTerm(state: RaftState, term: Term): void {
  assert(term > state.term, "a term is entered once");
  state.term = term;
  state.vote = 0n;
}

export function restartElectionTimer(state: RaftState): void {
  state.electionElapsed = 0;
  drawElectionTimeout(state);
}

/**
 * As if the leader had not been heard for its whole lease: this member grants votes to others again, and stands for
 * election itself after a short random wait. A leader that is there after all restarts the timer with its next heartbeat;
 * and unless a quorum suspects it too, the pre-vote fails: without one, suspicion would disturb a term that works. Asked
 * again, it changes nothing.
 */
export function suspectLeader(state: RaftState): void {
  const { electionTicks, preVote } = state.config;
  if (!preVote || !isPassive(state.role) || state.electionElapsed >= electionTicks) return;
  state.electionElapsed = electionTicks;
  const shortWaitTicks = Math.max(1, Math.floor(electionTicks / SHORT_WAITS));
  state.electionTimeout = electionTicks + 1 + nextBelow(state.prng, shortWaitTicks);
}

function endLeadership(state: RaftState): void {
  const { leadership } = state;
  if (leadership === null) return;
  state.leadership = null;
  for (const read of leadership.reads.takeAll()) refuseRead(state, read.readId, read.from);
}

/** Says no to a read: to the caller here, or to the follower that asked. */
export function refuseRead(state: RaftState, readId: number, from: MemberId): void {
  if (from === state.id) {
    state.outbox.refusedReads.push(readId);
    return;
  }
  send(state, {
    type: "read-index-response",
    from: state.id,
    to: from,
    term: state.term,
    readId,
    index: -1,
  });
}

export function refuseForwardedReads(state: RaftState): void {
  state.outbox.refusedReads.push(...state.forwardedReads.takeAll());
}

/**
 * Moves the commit index to `index` if that is further. Ensures: it never falls, and never passes the log.
 * @returns whether it moved.
 */
export function advanceCommit(state: RaftState, index: LogIndex): boolean {
  if (index <= state.commitIndex) return false;
  assert(
    index <= state.log.lastIndex,
    "told of a commit beyond the log: this disk lost entries that it acknowledged",
  );
  state.commitIndex = index;
  refreshPassiveRole(state);
  return true;
}

/**
 * Queues a message for the next Ready: to leave at once if the disk already holds everything it stands on, else
 * when that Ready is durable.
 *
 * Nothing of a term leaves before the term and vote are durable. For answers that is Raft's Figure 2; for
 * requests it keeps a candidate that crashed from being elected twice in one term, by voters that repeat their vote.
 */
export function send(state: RaftState, message: Message): void {
  assert(message.to !== state.id, "a member does not write to itself");
  assert(message.to !== 0n, "a message needs a receiver");
  const queue = isBacked(state, message) ? state.outbox.messages : state.outbox.durableMessages;
  queue.push(message);
}

function isBacked(state: RaftState, message: Message): boolean {
  if (!state.unstable.holds(state.term, state.vote)) return false;
  if (message.type !== "append-response") return true;
  return message.rejected || message.index <= state.unstable.durableIndex;
}
