import { assert } from "@conclave/base";
import { entryBytes } from "./log.ts";
import type { MemberId, MessageOf } from "./message.ts";
import type { Progress } from "./progress.ts";
import { hasQuorum } from "./quorum.ts";
import { LeaderReads } from "./read-index.ts";
import {
  appendOwn,
  broadcastHeartbeat,
  followMembership,
  maybeCommit,
  probeForLoss,
  serveConfirmedReads,
  takeRead,
} from "./replication.ts";
import {
  becomeFollower,
  drawElectionTimeout,
  isSoleVoter,
  leadershipOf,
  type RaftState,
  send,
} from "./state.ts";
import { maybeSendTimeoutNow, tickTransfer } from "./transfer.ts";

const NO_OP = new Uint8Array(0);

/** Won: lead the term, and open it with a no-op, for nothing older commits without an entry of its own (Raft 5.4.2, 8). */
export function becomeLeader(state: RaftState): void {
  assert(state.role === "candidate", "only a candidate is elected");
  state.role = "leader";
  state.leader = state.id;
  state.votes.clear();
  state.electionElapsed = 0;
  drawElectionTimeout(state);
  state.leadership = {
    progress: new Map(),
    reads: new LeaderReads(),
    firstIndex: state.log.lastIndex + 1,
    transfer: null,
    uncommittedBytes: uncommittedBytes(state),
    heartbeatElapsed: 0,
    isDiskActive: true,
  };
  followMembership(state);
  appendOwn(state, "command", NO_OP);
}

function uncommittedBytes(state: RaftState): number {
  let bytes = 0;
  for (let index = state.commitIndex + 1; index <= state.log.lastIndex; index += 1) {
    bytes += entryBytes(state.log.at(index));
  }
  return bytes;
}

export function tickLeader(state: RaftState): void {
  const leadership = leadershipOf(state);
  state.electionElapsed += 1;
  if (state.electionElapsed >= state.config.electionTicks) {
    state.electionElapsed = 0;
    if (!mayGoOnLeading(state)) {
      becomeFollower(state, state.term, 0n);
      return;
    }
  }
  for (const progress of leadership.progress.values()) progress.sentInTick = 0;
  tickTransfer(state);
  leadership.heartbeatElapsed += 1;
  if (leadership.heartbeatElapsed >= state.config.heartbeatTicks) {
    leadership.heartbeatElapsed = 0;
    broadcastHeartbeat(state);
  }
}

/** Once per election timeout: is there still a quorum that hears us (thesis 6.2), and a disk that moves? */
function mayGoOnLeading(state: RaftState): boolean {
  const { progress } = leadershipOf(state);
  const heard = hasQuorum(
    state.log.memberships.current,
    (id) => id === state.id || progress.get(id)?.isActive === true,
  );
  for (const member of progress.values()) member.isActive = false;
  const isDiskMoving = checkDisk(state);
  return (heard || !state.config.checkQuorum) && isDiskMoving;
}

/** A leader whose disk stands still can commit nothing but would keep others from leading. */
function checkDisk(state: RaftState): boolean {
  const leadership = leadershipOf(state);
  const isStalled = state.unstable.isWriting && !leadership.isDiskActive;
  leadership.isDiskActive = !state.unstable.isWriting;
  // Nobody could take over from a sole voter.
  return !isStalled || isSoleVoter(state);
}

/** Null for who is no member (any more): its answers count for nothing. */
function activeProgress(state: RaftState, from: MemberId): Progress | null {
  const progress = leadershipOf(state).progress.get(from);
  if (progress === undefined) return null;
  progress.isActive = true;
  return progress;
}

export function onAppendResponse(state: RaftState, message: MessageOf<"append-response">): void {
  const progress = activeProgress(state, message.from);
  if (progress === null) return;
  if (message.rejected) onAppendRejected(state, progress, message);
  else onAppendAccepted(state, progress, message);
}

/** The search for the last common entry goes down, past whole terms at a time (thesis 3.3). */
function onAppendRejected(
  state: RaftState,
  progress: Progress,
  { index, hintIndex, hintTerm }: MessageOf<"append-response">,
): void {
  const hint = hintIndex > 0 ? state.log.lastIndexAtOrBelow(hintIndex, hintTerm) : 0;
  progress.onRejected(index, hint);
}

function onAppendAccepted(
  state: RaftState,
  progress: Progress,
  { from, index }: MessageOf<"append-response">,
): void {
  assert(index <= state.log.lastIndex, "acknowledged an entry that was never sent");
  const isNews = progress.onAccepted(index);
  if (progress.state === "probe" && (isNews || index === progress.match)) {
    progress.becomeReplicate();
  }
  if (progress.state === "snapshot" && progress.match >= state.log.compactedIndex) {
    progress.becomeReplicate();
  }
  if (!isNews) return;
  maybeSendTimeoutNow(state, from);
  maybeCommit(state);
}

export function onHeartbeatResponse(
  state: RaftState,
  message: MessageOf<"heartbeat-response">,
): void {
  const progress = activeProgress(state, message.from);
  if (progress === null) return;
  probeForLoss(state, message.from, progress);
  if (message.readSequence <= progress.readSequence) return;
  progress.readSequence = message.readSequence;
  serveConfirmedReads(state);
}

export function onReadIndex(state: RaftState, message: MessageOf<"read-index">): void {
  takeRead(state, message.readId, message.from);
}

/** A follower's disk lost what it had acknowledged: what is believed of its log is taken back to what it proved since. */
export function onLogLost(state: RaftState, message: MessageOf<"log-lost">): void {
  const progress = activeProgress(state, message.from);
  if (progress === null) return;
  const { lastIndex } = state.log;
  const { recoveryId, verifiedIndex } = message;
  progress.onLogLost(recoveryId, verifiedIndex, Math.min(message.lastIndex, lastIndex), lastIndex);
  send(state, {
    type: "log-lost-response",
    from: state.id,
    to: message.from,
    term: state.term,
    recoveryId,
    lastIndex: progress.recoveryIndex,
  });
}

/** The disk reported: this member's own count moved (thesis 10.2.1). */
export function onLeaderDurable(state: RaftState): void {
  leadershipOf(state).isDiskActive = true;
  maybeCommit(state);
}
