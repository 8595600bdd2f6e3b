import { assert } from "@conclave/base";
import { becomeLeader } from "./leader.ts";
import type { MemberId, MessageOf } from "./message.ts";
import { electionResult } from "./quorum.ts";
import {
  becomeFollower,
  enterTerm,
  mayCampaign,
  type RaftState,
  refuseForwardedReads,
  restartElectionTimer,
  send,
} from "./state.ts";

/** Starts an election, with the pre-vote first if configured. Does nothing in a member that may not. */
export function campaign(state: RaftState): void {
  if (state.role === "leader" || !mayCampaign(state)) return;
  if (state.config.preVote) startPreVote(state);
  else startElection(state, false);
}

/** The leader hands over: no pre-vote, for it would be refused by all that hear the leader (thesis 3.10). */
export function onTimeoutNow(state: RaftState): void {
  if (mayCampaign(state)) startElection(state, true);
}

/** Thesis 9.6: ask whether an election could be won before disturbing anybody with a new term. */
function startPreVote(state: RaftState): void {
  refuseForwardedReads(state);
  state.role = "pre-candidate";
  state.leader = 0n;
  state.votes.clear();
  restartElectionTimer(state);
  requestVotes(state, "pre-vote", false);
  // Nothing is promised by a pre-vote, so one's own needs no disk.
  state.votes.set(state.id, true);
  onVotesChanged(state);
}

/** Raft 5.2: a new term, a vote for oneself, and the question to everybody. */
function startElection(state: RaftState, isTransfer: boolean): void {
  refuseForwardedReads(state);
  enterTerm(state, state.term + 1);
  state.role = "candidate";
  state.vote = state.id;
  state.leader = 0n;
  state.votes.clear();
  restartElectionTimer(state);
  requestVotes(state, "vote", isTransfer);
}

function requestVotes(state: RaftState, type: "pre-vote" | "vote", isTransfer: boolean): void {
  const term = type === "pre-vote" ? state.term + 1 : state.term;
  const { lastIndex, lastTerm } = state.log;
  for (const to of state.log.memberships.current.voters) {
    if (to === state.id) continue;
    send(state, { type, from: state.id, to, term, lastIndex, lastTerm, isTransfer });
  }
}

/**
 * Whether an election waits for this member's own disk: nobody was asked yet, and a new term would only have to wait
 * for the same disk again, for ever if that is slower than elections.
 */
export function isVoteUnderWay(state: RaftState): boolean {
  return state.role === "candidate" && !state.unstable.holds(state.term, state.vote);
}

/** The disk reported: a vote for oneself counts once it would survive a crash, like any other. */
export function countOwnVote(state: RaftState): void {
  assert(state.role === "candidate", "only a candidate votes for itself");
  if (state.votes.has(state.id) || !state.unstable.holds(state.term, state.vote)) return;
  assert(state.vote === state.id, "a candidate voted for itself");
  state.votes.set(state.id, true);
  onVotesChanged(state);
}

/** A grant names the term that was asked for; one of an earlier question is void. */
export function onPreVoteResponse(state: RaftState, message: MessageOf<"pre-vote-response">): void {
  if (message.granted && message.term !== state.term + 1) return;
  countVote(state, message.from, message.granted);
}

export function onVoteResponse(state: RaftState, message: MessageOf<"vote-response">): void {
  countVote(state, message.from, message.granted);
}

/** The first answer of a voter counts; a repeated one says the same. */
function countVote(state: RaftState, from: MemberId, granted: boolean): void {
  if (state.votes.has(from)) return;
  state.votes.set(from, granted);
  onVotesChanged(state);
}

function onVotesChanged(state: RaftState): void {
  const result = electionResult(state.log.memberships.current, state.votes);
  if (result === "open") return;
  if (result === "lost") becomeFollower(state, state.term, 0n);
  else if (state.role === "pre-candidate") startElection(state, false);
  else becomeLeader(state);
}
