import {
  changedMembership,
  MEMBERSHIP_CONTEXT_BYTES_MAX,
  type MembershipChange,
  type MembershipChangeRefusal,
} from "./membership.ts";
import { encodeMembershipEntry } from "./membership-codec.ts";
import type { LogIndex, Term } from "./message.ts";
import {
  appendOwn,
  hasOwnTermCommit,
  matchOf,
  maybeCommit,
  serveConfirmedReads,
} from "./replication.ts";
import type { RaftState } from "./state.ts";

export type ProposeRefusal = "NOT_LEADER" | "TRANSFERRING" | "TOO_MUCH_UNCOMMITTED";

export type ProposeMembershipRefusal =
  | ProposeRefusal
  | MembershipChangeRefusal
  | "NO_COMMIT_IN_TERM"
  | "CHANGE_PENDING"
  | "LEARNER_BEHIND";

export type ProposeResult<Code extends string> =
  | { readonly ok: true; readonly index: LogIndex; readonly term: Term }
  | { readonly ok: false; readonly code: Code };

/** A learner may vote once it holds this share of the leader's log; else it could stall commits (thesis 4.2.1). */
const PROMOTABLE_SHARE = 0.9;

/** Appends a command. It took effect when the entry of this index *and term* is applied, and never if another is. */
export function propose(state: RaftState, data: Uint8Array): ProposeResult<ProposeRefusal> {
  const refusal = proposeRefusal(state, data.length);
  if (refusal !== null) return { ok: false, code: refusal };
  const { index, term } = appendOwn(state, "command", data);
  return { ok: true, index, term };
}

function proposeRefusal(state: RaftState, bytes: number): ProposeRefusal | null {
  const { leadership, config } = state;
  if (leadership === null) return "NOT_LEADER";
  // The target could never catch up with a log that grows.
  if (leadership.transfer !== null) return "TRANSFERRING";
  const isOver = leadership.uncommittedBytes + bytes > config.uncommittedBytesMax;
  // One entry always fits, however large, or it could never be proposed at all.
  return isOver && leadership.uncommittedBytes > 0 ? "TOO_MUCH_UNCOMMITTED" : null;
}

/** Appends a membership change, one at a time; see membership.ts for why each refusal is needed. */
export function proposeMembership(
  state: RaftState,
  change: MembershipChange,
): ProposeResult<ProposeMembershipRefusal> {
  const context = change.context ?? new Uint8Array(0);
  if (context.length > MEMBERSHIP_CONTEXT_BYTES_MAX) {
    throw new RangeError(`a membership context has at most ${MEMBERSHIP_CONTEXT_BYTES_MAX} bytes`);
  }
  const refusal = proposeRefusal(state, context.length) ?? orderRefusal(state);
  if (refusal !== null) return { ok: false, code: refusal };
  const membership = changedMembership(state.log.memberships.current, change);
  if (typeof membership === "string") return { ok: false, code: membership };
  if (change.type === "promote" && !hasCaughtUp(state, change.id)) {
    return { ok: false, code: "LEARNER_BEHIND" };
  }
  const { type, id } = change;
  const data = encodeMembershipEntry({ change: type, id, membership, context });
  const { index, term } = appendOwn(state, "membership", data);
  onQuorumChanged(state);
  return { ok: true, index, term };
}

function orderRefusal(state: RaftState): ProposeMembershipRefusal | null {
  if (!hasOwnTermCommit(state)) return "NO_COMMIT_IN_TERM";
  if (state.log.memberships.currentIndex > state.commitIndex) return "CHANGE_PENDING";
  return null;
}

function hasCaughtUp(state: RaftState, id: bigint): boolean {
  return matchOf(state, id) >= state.log.lastIndex * PROMOTABLE_SHARE;
}

/** A smaller quorum may have been reached already by what was acknowledged before. */
function onQuorumChanged(state: RaftState): void {
  serveConfirmedReads(state);
  maybeCommit(state);
}
