import type { MessageOf } from "./message.ts";
import { isHearingLeader, type RaftState, restartElectionTimer, send } from "./state.ts";

type VoteRequest = MessageOf<"pre-vote" | "vote">;

/**
 * Raft 5.2 and 5.4.1: one vote a term, first come first served, and only for a log at least as new as ours.
 * The same candidate asking again gets the same answer. Whether the candidate, or this member, is in our
 * membership does not matter: ours may be old (thesis 4.1).
 */
export function onVote(state: RaftState, message: VoteRequest): void {
  const isFree = state.vote === 0n && state.leader === 0n;
  const granted = (isFree || state.vote === message.from) && isLogNewEnough(state, message);
  if (granted) {
    state.vote = message.from;
    restartElectionTimer(state);
  }
  answer(state, message, granted);
}

/** What the vote would be, without giving it: neither term, vote nor timer change (thesis 9.6). */
export function onPreVote(state: RaftState, message: VoteRequest): void {
  const isNewTerm = message.term > state.term;
  const isFree = state.vote === 0n && state.leader === 0n;
  const couldVote = isNewTerm || isFree || state.vote === message.from;
  const granted = couldVote && !isIgnored(state, message) && isLogNewEnough(state, message);
  answer(state, message, granted);
}

/** Asks of a member that hears its leader, unless the leader itself wants the election. */
export function isIgnored(state: RaftState, message: VoteRequest): boolean {
  return !message.isTransfer && isHearingLeader(state);
}

function isLogNewEnough(state: RaftState, message: VoteRequest): boolean {
  const { recovery } = state;
  // What this log ended at counts, not what is left of it: else acknowledged entries could be voted away.
  if (recovery !== null) return recovery.isCoveredBy(message.lastTerm, message.lastIndex);
  return state.log.isUpToDate(message.lastIndex, message.lastTerm);
}

/** A granted pre-vote names the term that was asked for: the candidate has not entered it yet. */
function answer(state: RaftState, message: VoteRequest, granted: boolean): void {
  const isPreVote = message.type === "pre-vote";
  send(state, {
    type: isPreVote ? "pre-vote-response" : "vote-response",
    from: state.id,
    to: message.from,
    term: isPreVote && granted ? message.term : state.term,
    granted,
  });
}

/** A request of an older term: no, and here is the newer one (Raft 5.1). */
export function refuseOldVote(state: RaftState, message: VoteRequest): void {
  answer(state, message, false);
}
