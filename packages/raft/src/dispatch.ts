import { InvariantViolation } from "@conclave/base";
import { onPreVoteResponse, onTimeoutNow, onVoteResponse } from "./candidate.ts";
import { onAppend, onHeartbeat, onInstallSnapshot, onReadIndexResponse } from "./follower.ts";
import { onAppendResponse, onHeartbeatResponse, onLogLost, onReadIndex } from "./leader.ts";
import { onLogLostResponse } from "./lost-log.ts";
import type { Message, MessageOf, MessageType } from "./message.ts";
import type { Role } from "./ready.ts";
import { becomeFollower, type RaftState, refuseRead, send } from "./state.ts";
import { isIgnored, onPreVote, onVote, refuseOldVote } from "./voter.ts";

type Handler<T extends MessageType> = (state: RaftState, message: MessageOf<T>) => void;
type Row = { readonly [T in MessageType]: Handler<T> };

/** Late, or for somebody this member no longer is: true once, of no use now. */
function ignored(): void {}

/** A message that no correct member can have sent in this term to a member of this role. */
function forbidden(state: RaftState, message: Message): never {
  throw new InvariantViolation(
    `a ${state.role} got "${message.type}" of its own term ${message.term} from ${message.from.toString(16)}`,
  );
}

/** Not the leader: the asker hears at once instead of waiting. */
function onMisdirectedRead(state: RaftState, message: MessageOf<"read-index">): void {
  refuseRead(state, message.readId, message.from);
}

const follower: Row = {
  append: onAppend,
  "append-response": ignored,
  heartbeat: onHeartbeat,
  "heartbeat-response": ignored,
  "pre-vote": onPreVote,
  "pre-vote-response": ignored,
  vote: onVote,
  "vote-response": ignored,
  "install-snapshot": onInstallSnapshot,
  "timeout-now": onTimeoutNow,
  "read-index": onMisdirectedRead,
  "read-index-response": onReadIndexResponse,
  "log-lost": ignored,
  "log-lost-response": onLogLostResponse,
};

/** Messages of the member's own term, or of no particular term (pre-votes), by role. Other terms are dealt with before. */
const HANDLERS: { readonly [R in Role]: Row } = {
  follower,
  // A learner answers everything a follower does; that it has no vote is for the others to count (thesis 4.2.1).
  learner: { ...follower, "timeout-now": ignored },
  "pre-candidate": { ...follower, "pre-vote-response": onPreVoteResponse },
  // A candidate of this term was not asked by its leader to become one: it does not hear that leader.
  candidate: { ...follower, "vote-response": onVoteResponse, "timeout-now": ignored },
  leader: {
    append: forbidden,
    "append-response": onAppendResponse,
    heartbeat: forbidden,
    "heartbeat-response": onHeartbeatResponse,
    "pre-vote": onPreVote,
    "pre-vote-response": ignored,
    vote: onVote,
    "vote-response": ignored,
    "install-snapshot": forbidden,
    "timeout-now": forbidden,
    "read-index": onReadIndex,
    "read-index-response": ignored,
    "log-lost": onLogLost,
    "log-lost-response": ignored,
  },
};

/** Raft 5.1: terms first, then the handler of role and type. */
export function dispatch(state: RaftState, message: Message): void {
  if (message.term < state.term) {
    answerOldTerm(state, message);
    return;
  }
  if (message.term > state.term && !meetNewTerm(state, message)) return;
  const handler = HANDLERS[state.role][message.type] as Handler<MessageType>;
  handler(state, message);
}

/**
 * Follows a newer term, unless it is only talked about.
 * @returns whether the message goes on to its handler.
 */
function meetNewTerm(state: RaftState, message: Message): boolean {
  switch (message.type) {
    case "pre-vote":
      return true;
    case "vote":
      if (isIgnored(state, message)) return false;
      break;
    case "pre-vote-response":
      // Granted: the term that we would enter, not one that exists.
      if (message.granted) return true;
      break;
  }
  becomeFollower(state, message.term, leaderBehind(message));
  return true;
}

/** Only a leader sends these, so they name it. */
function leaderBehind(message: Message): bigint {
  switch (message.type) {
    case "append":
    case "heartbeat":
    case "install-snapshot":
    case "timeout-now":
      return message.from;
    default:
      return 0n;
  }
}

/**
 * An old term's message changes nothing here (Raft 5.1), but whoever waits for its answer learns of our term.
 * For a leader that matters most: if our term is ahead of a leader that works, it must hear so and lead a newer one,
 * or this member, which may not go back, would be lost to it (thesis 9.6).
 */
function answerOldTerm(state: RaftState, message: Message): void {
  switch (message.type) {
    case "append":
    case "heartbeat":
    case "install-snapshot":
      send(state, {
        type: "append-response",
        from: state.id,
        to: message.from,
        term: state.term,
        index: 0,
        rejected: true,
        hintIndex: 0,
        hintTerm: 0,
      });
      return;
    case "pre-vote":
    case "vote":
      refuseOldVote(state, message);
      return;
    case "read-index":
      refuseRead(state, message.readId, message.from);
      return;
    default:
      return;
  }
}
