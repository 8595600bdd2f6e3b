import { assert, type Prng } from "@conclave/base";
import { campaign, countOwnVote, isVoteUnderWay } from "./candidate.ts";
import { type RaftConfig, raftConfig } from "./config.ts";
import { dispatch } from "./dispatch.ts";
import { forwardReads } from "./follower.ts";
import { onLeaderDurable, tickLeader } from "./leader.ts";
import { type MembershipChange, sameMembership } from "./membership.ts";
import type {
  HardState,
  LogIndex,
  MemberId,
  Membership,
  Message,
  SnapshotMark,
  Term,
} from "./message.ts";
import { Outbox } from "./outbox.ts";
import type { ProgressState } from "./progress.ts";
import {
  type ProposeMembershipRefusal,
  type ProposeRefusal,
  type ProposeResult,
  propose,
  proposeMembership,
} from "./propose.ts";
import type { Ready, Role } from "./ready.ts";
import {
  isReplicationDue,
  proveReads,
  replicate,
  snapshotMarkAt,
  takeRead,
} from "./replication.ts";
import { isSoleVoter, mayCampaign, RaftState, type Restored, suspectLeader } from "./state.ts";
import { startTransfer, type TransferResult } from "./transfer.ts";

export interface RaftOptions {
  readonly id: MemberId;
  readonly config?: Partial<RaftConfig>;
  /** Draws election timeouts and the names of forwarded reads. In production seeded from true randomness. */
  readonly prng: Prng;
  readonly restored: Restored;
}

/** What the leader knows of another member. */
export interface MemberProgress {
  readonly id: MemberId;
  readonly match: LogIndex;
  readonly next: LogIndex;
  readonly state: ProgressState;
  /** Heard from since the last check of the quorum. */
  readonly isActive: boolean;
  /** How often `match` fell because that member's disk had lost what it acknowledged. */
  readonly takenBack: number;
}

/**
 * One member's consensus: ticks, messages and proposals in, {@link Ready} batches out. It runs to completion, owns
 * no clock and does no I/O; the caller is the only thread there is.
 *
 *     raft.tick() / raft.step(message) / raft.propose(bytes) / raft.readIndex(id)
 *     const ready = raft.takeReady();        // null: nothing to do
 *     write(ready.snapshot, ready.hardState, ready.entries);
 *     send(ready.messages);                  // while the disk works
 *     apply(ready.committed); raft.onApplied(index);
 *     ... when the write is durable: raft.onDurable(ready.sequence); send(ready.durableMessages);
 *
 * Writes may be pipelined; they become durable in order. After a crash the caller restores what was
 * durable, and everything sent before is still true.
 */
export class Raft {
  readonly #state: RaftState;
  #sequence = 0;
  #durableSequence = 0;
  /** What the disk was last told. */
  #handedHardState: HardState;
  /** What the caller was last told. */
  #told: {
    role: Role;
    leader: MemberId;
    term: Term;
    membership: Membership;
  };

  /** @throws RangeError for a config that cannot work; InvariantViolation for a restored state that contradicts itself. */
  constructor(options: RaftOptions) {
    const { id, prng, restored } = options;
    const state = new RaftState(id, raftConfig(options.config ?? {}), prng, restored);
    this.#state = state;
    this.#handedHardState = restored.hardState;
    this.#told = {
      role: state.role,
      leader: 0n,
      term: state.term,
      membership: state.log.memberships.current,
    };
  }

  get id(): MemberId {
    return this.#state.id;
  }

  get role(): Role {
    return this.#state.role;
  }

  /** 0n if unknown. */
  get leader(): MemberId {
    return this.#state.leader;
  }

  get term(): Term {
    return this.#state.term;
  }

  get commitIndex(): LogIndex {
    return this.#state.commitIndex;
  }

  get appliedIndex(): LogIndex {
    return this.#state.appliedIndex;
  }

  get lastIndex(): LogIndex {
    return this.#state.log.lastIndex;
  }

  /** The first entry still in memory, one past the last if there is none. */
  get firstIndex(): LogIndex {
    return this.#state.log.firstIndex;
  }

  /** Whether this member's log lacks entries that it may have acknowledged. */
  get isRecovering(): boolean {
    return this.#state.recovery !== null;
  }

  /** The membership in force: the last one in the log, committed or not. */
  get membership(): Membership {
    return this.#state.log.memberships.current;
  }

  /** Who this member hands its leadership to, 0n if to nobody. */
  get transferTarget(): MemberId {
    return this.#state.leadership?.transfer?.to ?? 0n;
  }

  /** The other members as the leader sees them; empty on everyone else. */
  get progress(): readonly MemberProgress[] {
    const { leadership } = this.#state;
    if (leadership === null) return [];
    return [...leadership.progress].map(([id, { match, next, state, isActive, takenBack }]) => ({
      id,
      match,
      next,
      state,
      isActive,
      takenBack,
    }));
  }

  /** The state itself, for invariant checks in tests. Not to be changed. */
  get inner(): Readonly<RaftState> {
    return this.#state;
  }

  /** One tick of time. The caller decides how long it is; the config counts in it. */
  tick(): void {
    const state = this.#state;
    if (state.role === "leader") {
      tickLeader(state);
      return;
    }
    state.electionElapsed += 1;
    state.outbox.refusedReads.push(...state.forwardedReads.tick(state.config.electionTicks));
    if (!mayCampaign(state) || isVoteUnderWay(state)) return;
    // Nobody else could be heard: a sole voter need not wait.
    const isAlone = isSoleVoter(state) && state.role === "follower";
    if (isAlone || state.electionElapsed >= state.electionTimeout) campaign(state);
  }

  /** Takes in a message of another member, in any order, any number of times. */
  step(message: Message): void {
    assert(message.to === this.#state.id, "a message reached the wrong member");
    assert(message.from !== this.#state.id, "a member does not write to itself");
    dispatch(this.#state, message);
  }

  /** Starts an election now. Does nothing in a leader, and in a member that has no vote. */
  campaign(): void {
    campaign(this.#state);
  }

  /** Hands a command to the log. Requires: nobody writes to `data` again. Ensures: a refusal changed nothing. */
  propose(data: Uint8Array): ProposeResult<ProposeRefusal> {
    return propose(this.#state, data);
  }

  /** Hands a membership change to the log; it is in force at once (see membership.ts). */
  proposeMembership(change: MembershipChange): ProposeResult<ProposeMembershipRefusal> {
    return proposeMembership(this.#state, change);
  }

  /**
   * Asks for the index at which a linearizable read may be served. The answer comes in `Ready.reads` or
   * `Ready.refusedReads`, always one of them: in a follower whose request or answer is lost after an election timeout.
   * Requires: `readId` was never used in this process.
   */
  readIndex(readId: number): void {
    const state = this.#state;
    const { forwardedReads, config } = state;
    if (state.role === "leader") takeRead(state, readId, state.id);
    else if (state.leader === 0n || forwardedReads.count >= config.pendingReadsMax) {
      state.outbox.refusedReads.push(readId);
    } else forwardedReads.add(readId);
  }

  /** See {@link startTransfer}. */
  transferLeadership(to: MemberId): TransferResult {
    return startTransfer(this.#state, to);
  }

  /** What was sent to `id` last is lost, or may be: pipelining stops until it answers. */
  reportUnreachable(id: MemberId): void {
    const progress = this.#state.leadership?.progress.get(id);
    if (progress?.state === "replicate") progress.becomeProbe();
  }

  /** The process of `id` is gone, as far as its host says; only a hint, which may be wrong. See {@link suspectLeader}. */
  reportGone(id: MemberId): void {
    if (this.#state.leader === id) suspectLeader(this.#state);
  }

  /**
   * How the transport of a snapshot ended. Every `install-snapshot` message must be reported on, or the
   * member it was for gets nothing more.
   */
  reportSnapshot(id: MemberId, ok: boolean): void {
    const progress = this.#state.leadership?.progress.get(id);
    if (progress?.state !== "snapshot") return;
    if (!ok) {
      progress.onSnapshotFailure();
      return;
    }
    progress.becomeProbe();
    // Its installation takes a while yet: it will answer for itself, or with the next heartbeat.
    progress.isProbeSent = true;
  }

  /** Forgets the entries up to `index`, which must be applied; a snapshot covers them. Below the compaction point: nothing. */
  compactLog(index: LogIndex): void {
    const state = this.#state;
    assert(index <= state.appliedIndex, "only applied entries may be compacted away");
    if (index > state.log.compactedIndex) state.log.compact(index);
  }

  /** What a snapshot of the state at `index` says of the log. Requires: `firstIndex - 1 <= index <= appliedIndex`. */
  snapshotMark(index: LogIndex): SnapshotMark {
    assert(index <= this.#state.appliedIndex, "a snapshot holds applied entries only");
    return snapshotMarkAt(this.#state, index);
  }

  /** Everything up to this Ready is on disk. Ensures: repeating an old report changes nothing. */
  onDurable(sequence: number): void {
    assert(sequence <= this.#sequence, "durable before it was handed out");
    if (sequence <= this.#durableSequence) return;
    this.#durableSequence = sequence;
    const state = this.#state;
    const snapshotIndex = state.unstable.onDurable(sequence);
    state.appliedIndex = Math.max(state.appliedIndex, snapshotIndex);
    if (state.role === "candidate") countOwnVote(state);
    else if (state.role === "leader") onLeaderDurable(state);
  }

  /** The state machine holds everything up to `index`. */
  onApplied(index: LogIndex): void {
    assert(index <= this.#state.deliveredIndex, "applied what was never handed out");
    this.#state.appliedIndex = Math.max(this.#state.appliedIndex, index);
  }

  /** Whether {@link takeReady} may have something. */
  hasReady(): boolean {
    const state = this.#state;
    if (!state.outbox.isEmpty || state.forwardedReads.isRequestDue) return true;
    if (
      state.log.lastIndex > state.unstable.handedIndex ||
      this.#deliverableIndex > state.deliveredIndex
    ) {
      return true;
    }
    if (this.#isVoteChanged || this.#isRoleChanged || this.#isMembershipChanged) return true;
    const { leadership } = state;
    return leadership !== null && (leadership.reads.isRoundDue || isReplicationDue(state));
  }

  /** What is to be done now; null if nothing. */
  takeReady(): Ready | null {
    if (!this.hasReady()) return null;
    const state = this.#state;
    if (state.role === "leader") {
      proveReads(state);
      replicate(state);
    } else {
      forwardReads(state);
    }
    const { outbox } = state;
    state.outbox = new Outbox();
    this.#sequence += 1;
    return {
      sequence: this.#sequence,
      ...this.#takeWrite(outbox.snapshot),
      isRecovered: outbox.isRecovered,
      messages: outbox.messages,
      durableMessages: outbox.durableMessages,
      committed: this.#takeCommitted(),
      reads: outbox.reads,
      refusedReads: outbox.refusedReads,
      roleChange: this.#takeRoleChange(),
      membership: this.#takeMembership(),
    };
  }

  #takeWrite(snapshot: SnapshotMark | null): Pick<Ready, "hardState" | "entries" | "snapshot"> {
    const { log, unstable, term, vote, commitIndex } = this.#state;
    const entries = log.slice(unstable.handedIndex + 1, log.lastIndex + 1);
    const writesLog = entries.length > 0 || snapshot !== null;
    const isCommitChanged = this.#handedHardState.commit !== commitIndex;
    const writesHardState = this.#isVoteChanged || (writesLog && isCommitChanged);
    if (!writesLog && !writesHardState) return { hardState: null, entries, snapshot };
    const hardState: HardState = { term, vote, commit: commitIndex };
    if (writesHardState) this.#handedHardState = hardState;
    unstable.onHandOut({
      sequence: this.#sequence,
      term,
      vote,
      lastIndex: log.lastIndex,
      snapshotIndex: snapshot?.index ?? 0,
    });
    return { hardState: writesHardState ? hardState : null, entries, snapshot };
  }

  #takeCommitted(): Ready["committed"] {
    const state = this.#state;
    const from = state.deliveredIndex + 1;
    const to = this.#deliverableIndex + 1;
    if (from >= to) return [];
    const committed = state.log.sliceWithin(from, to, state.config.committedBytesMax);
    state.deliveredIndex += committed.length;
    return committed;
  }

  #takeRoleChange(): Ready["roleChange"] {
    if (!this.#isRoleChanged) return null;
    const { role, leader, term } = this.#state;
    this.#told = { ...this.#told, role, leader, term };
    return { role, leader, term };
  }

  #takeMembership(): Ready["membership"] {
    if (!this.#isMembershipChanged) return null;
    const membership = this.#state.log.memberships.current;
    this.#told = { ...this.#told, membership };
    return membership;
  }

  /** Committed *and* durable here: an answer must not stand on memory alone (etcd #14370). */
  get #deliverableIndex(): LogIndex {
    return Math.min(this.#state.commitIndex, this.#state.unstable.durableIndex);
  }

  get #isVoteChanged(): boolean {
    const { term, vote } = this.#state;
    return this.#handedHardState.term !== term || this.#handedHardState.vote !== vote;
  }

  get #isRoleChanged(): boolean {
    const { role, leader, term } = this.#state;
    return this.#told.role !== role || this.#told.leader !== leader || this.#told.term !== term;
  }

  get #isMembershipChanged(): boolean {
    return !sameMembership(this.#told.membership, this.#state.log.memberships.current);
  }
}
