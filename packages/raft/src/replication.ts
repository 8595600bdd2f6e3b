import { assert } from "@conclave/base";
import { entryBytes } from "./log.ts";
import { isVoter } from "./membership.ts";
import type { Entry, LogIndex, MemberId, SnapshotMark } from "./message.ts";
import { Progress } from "./progress.ts";
import { quorumValue } from "./quorum.ts";
import {
  advanceCommit,
  becomeFollower,
  leadershipOf,
  type RaftState,
  refuseRead,
  send,
} from "./state.ts";

/** Puts a new entry at the end of the leader's log; the followers get it with the next Ready. */
export function appendOwn(state: RaftState, kind: Entry["kind"], data: Uint8Array): Entry {
  const leadership = leadershipOf(state);
  const entry: Entry = { term: state.term, index: state.log.lastIndex + 1, kind, data };
  state.log.append([entry]);
  leadership.uncommittedBytes += entryBytes(entry);
  if (kind === "membership") followMembership(state);
  return entry;
}

/** Keeps one progress for each other member of the membership in force. */
export function followMembership(state: RaftState): void {
  const { progress } = leadershipOf(state);
  const { voters, learners } = state.log.memberships.current;
  const others = [...voters, ...learners].filter((id) => id !== state.id);
  for (const id of progress.keys()) if (!others.includes(id)) progress.delete(id);
  for (const id of others) {
    if (progress.has(id)) continue;
    // Taken for active at first, or the next check of the quorum would blame it for its silence before it was asked.
    progress.set(id, new Progress(state.log.lastIndex + 1, true, state.config));
  }
}

/** Sends every member what its window has room for. */
export function replicate(state: RaftState): void {
  for (const [to, progress] of leadershipOf(state).progress) sendAppends(state, to, progress);
}

/** Whether {@link replicate} would send anything. */
export function isReplicationDue(state: RaftState): boolean {
  for (const progress of leadershipOf(state).progress.values()) {
    if (isAppendDue(state, progress)) return true;
  }
  return false;
}

function isAppendDue(state: RaftState, progress: Progress): boolean {
  if (progress.isPaused) return false;
  const hasNews = progress.next <= state.log.lastIndex || progress.sentCommit < state.commitIndex;
  if (progress.state === "probe") {
    // Who needs a snapshot and is silent waits for a sign of life.
    return progress.isActive || progress.next > state.log.compactedIndex;
  }
  return hasNews && !isGathering(state, progress);
}

/**
 * Small appends gather while others are on their way (Nagle, RFC 896): each costs a message, a turn of the loop there, a write of
 * its disk and an answer, however little it holds. Entries wait no longer than a tick: where the way is long, they must not wait
 * until the last were answered. News of a commit alone may: the answers bring it on its way, or the next heartbeat.
 */
function isGathering({ log, config }: RaftState, progress: Progress): boolean {
  const { smallAppendsMax, appendBytesMax } = config;
  if (progress.inflight.count < smallAppendsMax) return false;
  if (progress.next > log.lastIndex) return true;
  return progress.sentInTick >= smallAppendsMax && !log.reaches(progress.next, appendBytesMax);
}

function sendAppends(state: RaftState, to: MemberId, progress: Progress): void {
  while (isAppendDue(state, progress)) {
    const { log, config } = state;
    if (log.termAt(progress.next - 1) === null) {
      sendSnapshot(state, to, progress);
      return;
    }
    sendAppend(
      state,
      to,
      progress,
      log.sliceWithin(progress.next, log.lastIndex + 1, config.appendBytesMax),
    );
  }
}

function sendAppend(
  state: RaftState,
  to: MemberId,
  progress: Progress,
  entries: readonly Entry[],
): void {
  const previousIndex = progress.next - 1;
  const previousTerm = state.log.termAt(previousIndex);
  assert(previousTerm !== null, "an append starts from an entry that is known");
  const lastIndex = previousIndex + entries.length;
  send(state, {
    type: "append",
    from: state.id,
    to,
    term: state.term,
    previousIndex,
    previousTerm,
    entries,
    commit: state.commitIndex,
  });
  progress.sentCommit = Math.max(progress.sentCommit, Math.min(state.commitIndex, lastIndex));
  let bytes = 0;
  for (const entry of entries) bytes += entryBytes(entry);
  progress.onSent(lastIndex, bytes);
}

/**
 * After a heartbeat's answer: if something sent was not acknowledged it may be lost, and an append without entries
 * behind it finds out. Without it a window whose messages were all dropped would stay full for ever.
 */
export function probeForLoss(state: RaftState, to: MemberId, progress: Progress): void {
  progress.isProbeSent = false;
  if (progress.state !== "replicate" || progress.match + 1 === progress.next) return;
  if (state.log.termAt(progress.next - 1) === null) progress.becomeProbe();
  else sendAppend(state, to, progress, []);
}

/** The entries it needs are gone: the state machine's content takes their place (Raft 7). */
function sendSnapshot(state: RaftState, to: MemberId, progress: Progress): void {
  const snapshot = snapshotMarkAt(state, state.appliedIndex);
  progress.becomeSnapshot(snapshot.index);
  send(state, { type: "install-snapshot", from: state.id, to, term: state.term, snapshot });
}

/** What a snapshot of the state at `index` must say of the log. Requires: `index` is in the log or its base. */
export function snapshotMarkAt(state: RaftState, index: LogIndex): SnapshotMark {
  const term = state.log.termAt(index);
  assert(term !== null, "no snapshot outside the log");
  return { index, term, membership: state.log.membershipAt(index) };
}

/** One heartbeat for everybody; it also carries the newest read round. */
export function broadcastHeartbeat(state: RaftState): void {
  const { progress, reads } = leadershipOf(state);
  for (const [to, { match }] of progress) {
    send(state, {
      type: "heartbeat",
      from: state.id,
      to,
      term: state.term,
      // Not beyond what that log is known to share with ours.
      commit: Math.min(match, state.commitIndex),
      readSequence: reads.sequence,
    });
  }
}

/** What is durable there; of this member itself, too, only what its disk reported (etcd #14370). */
export function matchOf(state: RaftState, id: MemberId): LogIndex {
  if (id === state.id) return state.unstable.durableIndex;
  return leadershipOf(state).progress.get(id)?.match ?? 0;
}

/**
 * Moves the commit index to the largest index that a quorum holds durably, but only if that entry is of the current
 * term: counting replicas of an older term's entry is unsafe (Raft 5.4.2, Figure 8). May end the
 * leadership, when the change that removes this member commits.
 */
export function maybeCommit(state: RaftState): void {
  const leadership = leadershipOf(state);
  const before = state.commitIndex;
  const index = quorumValue(state.log.memberships.current, (id) => matchOf(state, id));
  if (index <= before || state.log.termAt(index) !== state.term) return;
  for (let at = before + 1; at <= index; at += 1) {
    leadership.uncommittedBytes -= entryBytes(state.log.at(at));
  }
  assert(leadership.uncommittedBytes >= 0, "committed more than was proposed");
  advanceCommit(state, index);
  if (hasOwnTermCommit(state)) leadership.reads.releaseHeld(index);
  maybeRetire(state);
}

/** Until then the commit index may lag behind what earlier leaders committed (Raft 8). */
export function hasOwnTermCommit(state: RaftState): boolean {
  return state.commitIndex >= leadershipOf(state).firstIndex;
}

/**
 * A leader that a committed change removed steps down (thesis 4.2.2): it spreads that commit and asks the voter
 * that is furthest to take over at once, so that nobody waits for a timeout.
 */
function maybeRetire(state: RaftState): void {
  const { memberships } = state.log;
  if (isVoter(memberships.current, state.id) || memberships.currentIndex > state.commitIndex)
    return;
  replicate(state);
  const heir = furthestVoter(state);
  if (heir !== null) {
    send(state, { type: "timeout-now", from: state.id, to: heir, term: state.term });
  }
  becomeFollower(state, state.term, 0n);
}

function furthestVoter(state: RaftState): MemberId | null {
  let best: MemberId | null = null;
  for (const id of state.log.memberships.current.voters) {
    if (best === null || matchOf(state, id) > matchOf(state, best)) best = id;
  }
  return best;
}

/** Starts the round that waiting reads need, and serves those that are confirmed. */
export function proveReads(state: RaftState): void {
  const { reads } = leadershipOf(state);
  if (reads.isRoundDue) {
    reads.startRound();
    broadcastHeartbeat(state);
  }
  serveConfirmedReads(state);
}

export function serveConfirmedReads(state: RaftState): void {
  const { reads, progress } = leadershipOf(state);
  const confirmed = quorumValue(state.log.memberships.current, (id) =>
    id === state.id ? reads.sequence : (progress.get(id)?.readSequence ?? 0),
  );
  for (const { readId, from, index } of reads.takeConfirmed(confirmed)) {
    if (from === state.id) state.outbox.reads.push({ readId, index });
    else
      send(state, {
        type: "read-index-response",
        from: state.id,
        to: from,
        term: state.term,
        readId,
        index,
      });
  }
}

/** Takes a read of this member or a follower: refuses it, holds it, or lets it wait for the next round. */
export function takeRead(state: RaftState, readId: number, from: MemberId): void {
  const { reads } = leadershipOf(state);
  if (reads.count >= state.config.pendingReadsMax) refuseRead(state, readId, from);
  else if (!hasOwnTermCommit(state)) reads.hold(readId, from);
  else reads.wait(readId, from, state.commitIndex);
}
