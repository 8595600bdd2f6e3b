import { assert } from "@conclave/base";
import { announceLoss, onVerified } from "./lost-log.ts";
import type { LogIndex, MemberId, MessageOf, Term } from "./message.ts";
import {
  advanceCommit,
  becomeFollower,
  type RaftState,
  refreshPassiveRole,
  refuseForwardedReads,
  restartElectionTimer,
  send,
} from "./state.ts";

/** The leader of this term spoke: follow it, and wait from now. */
function hearLeader(state: RaftState, leader: MemberId): void {
  assert(state.role !== "leader", "a term has one leader (Raft 5.2)");
  if (state.leader !== leader) {
    assert(state.leader === 0n, "a term has one leader (Raft 5.2)");
    becomeFollower(state, state.term, leader);
  }
  restartElectionTimer(state);
}

/** Raft 5.3: take the entries if the log agrees just before them. */
export function onAppend(state: RaftState, message: MessageOf<"append">): void {
  hearLeader(state, message.from);
  const { previousIndex, previousTerm, entries } = message;
  if (previousIndex < state.commitIndex) {
    // Old news: up to the commit index the logs agree anyway.
    checkCommittedAgrees(state, message);
    accept(state, message.from, state.commitIndex);
    return;
  }
  if (!state.log.matches(previousIndex, previousTerm)) {
    reject(state, message.from, previousIndex, previousTerm);
    return;
  }
  takeEntries(state, message);
  const lastIndex = previousIndex + entries.length;
  // Only what this message vouches for: entries behind it may still conflict (Raft Figure 2, rule 5).
  advanceCommit(state, Math.min(message.commit, lastIndex));
  accept(state, message.from, lastIndex);
}

/** The newest committed entry, if the message has it, is the same there: or one of us lost what was committed. */
function checkCommittedAgrees(state: RaftState, message: MessageOf<"append">): void {
  const entry = message.entries[state.commitIndex - message.previousIndex - 1];
  if (entry === undefined) return;
  assert(
    state.log.matches(entry.index, entry.term),
    "a committed entry is never replaced (Raft 5.4)",
  );
}

/**
 * Appends what is new. The log is cut only where an entry conflicts: a late, shorter append must not
 * throw away entries that were acknowledged since (CCF #5674).
 */
function takeEntries(state: RaftState, message: MessageOf<"append">): void {
  const { log } = state;
  let expected = message.previousIndex;
  for (const entry of message.entries) {
    expected += 1;
    assert(entry.index === expected, "entries of an append follow each other");
    assert(entry.term <= message.term, "a leader has no entries of later terms");
  }
  const firstNew = message.entries.findIndex((entry) => !log.matches(entry.index, entry.term));
  if (firstNew === -1) return;
  const fresh = message.entries.slice(firstNew);
  const from = message.previousIndex + 1 + firstNew;
  if (from <= log.lastIndex) {
    assert(from > state.commitIndex, "a committed entry is never replaced (Raft 5.4)");
    log.truncate(from);
    state.unstable.onTruncate(from);
  }
  log.append(fresh);
  refreshPassiveRole(state);
}

function accept(state: RaftState, leader: MemberId, index: LogIndex): void {
  onVerified(state, index);
  send(state, {
    type: "append-response",
    from: state.id,
    to: leader,
    term: state.term,
    index,
    rejected: false,
    hintIndex: 0,
    hintTerm: 0,
  });
}

/** Says where the logs may agree: nothing here with a term above the refused one can match (thesis 3.3). */
function reject(state: RaftState, leader: MemberId, index: LogIndex, term: Term): void {
  const hintIndex = state.log.lastIndexAtOrBelow(index, term);
  announceLoss(state);
  send(state, {
    type: "append-response",
    from: state.id,
    to: leader,
    term: state.term,
    index,
    rejected: true,
    hintIndex,
    hintTerm: state.log.termAt(hintIndex) ?? 0,
  });
}

/** The commit index of a heartbeat never exceeds what this member acknowledged, so it needs no check of the log. */
export function onHeartbeat(state: RaftState, message: MessageOf<"heartbeat">): void {
  hearLeader(state, message.from);
  // While the log recovers, what was acknowledged may be what is lost: only appends tell of commits then.
  if (state.recovery === null) advanceCommit(state, message.commit);
  else announceLoss(state);
  send(state, {
    type: "heartbeat-response",
    from: state.id,
    to: message.from,
    term: state.term,
    readSequence: message.readSequence,
  });
}

/**
 * The caller holds a whole snapshot. It replaces log and state unless the log covers it already; in that case
 * `Ready.snapshot` stays null and the caller drops what it received (Raft 7, Figure 13).
 */
export function onInstallSnapshot(state: RaftState, message: MessageOf<"install-snapshot">): void {
  hearLeader(state, message.from);
  const { snapshot } = message;
  if (snapshot.index <= state.commitIndex) {
    accept(state, message.from, state.commitIndex);
    return;
  }
  if (state.log.matches(snapshot.index, snapshot.term)) {
    // The entries are here, only the news of their commit was missing.
    advanceCommit(state, snapshot.index);
    accept(state, message.from, snapshot.index);
    return;
  }
  state.log.replace(snapshot);
  state.unstable.onReplace(snapshot.index);
  state.commitIndex = snapshot.index;
  state.deliveredIndex = snapshot.index;
  state.outbox.snapshot = snapshot;
  refreshPassiveRole(state);
  accept(state, message.from, snapshot.index);
}

export function onReadIndexResponse(
  state: RaftState,
  message: MessageOf<"read-index-response">,
): void {
  for (const readId of state.forwardedReads.takeGroup(message.readId)) {
    if (message.index < 0) state.outbox.refusedReads.push(readId);
    else state.outbox.reads.push({ readId, index: message.index });
  }
}

/** Asks the leader about the reads that arrived in this turn. */
export function forwardReads(state: RaftState): void {
  if (!state.forwardedReads.isRequestDue) return;
  if (state.leader === 0n) {
    refuseForwardedReads(state);
    return;
  }
  send(state, {
    type: "read-index",
    from: state.id,
    to: state.leader,
    term: state.term,
    readId: state.forwardedReads.startRequest(),
  });
}
