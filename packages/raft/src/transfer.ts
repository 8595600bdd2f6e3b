import { isVoter } from "./membership.ts";
import type { MemberId } from "./message.ts";
import { matchOf } from "./replication.ts";
import { leadershipOf, type RaftState, send } from "./state.ts";

export type TransferRefusal = "NOT_LEADER" | "NOT_A_VOTER" | "ALREADY_LEADER";

export type TransferResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: TransferRefusal };

/**
 * Hands leadership to a voter (thesis 3.10): proposals stop, the target gets the rest of the log, then it is told
 * to start its election. Given up after an election timeout. Asking again for the same target changes nothing; for
 * another one it starts over.
 */
export function startTransfer(state: RaftState, to: MemberId): TransferResult {
  if (state.role !== "leader") return { ok: false, code: "NOT_LEADER" };
  if (to === state.id) return { ok: false, code: "ALREADY_LEADER" };
  if (!isVoter(state.log.memberships.current, to)) return { ok: false, code: "NOT_A_VOTER" };
  const leadership = leadershipOf(state);
  if (leadership.transfer?.to === to) return { ok: true };
  leadership.transfer = { to, elapsedTicks: 0, isTimeoutNowSent: false };
  maybeSendTimeoutNow(state, to);
  return { ok: true };
}

/** If `from` is the target and has the whole log, its election can start. */
export function maybeSendTimeoutNow(state: RaftState, from: MemberId): void {
  const { transfer } = leadershipOf(state);
  if (transfer === null || transfer.to !== from || transfer.isTimeoutNowSent) return;
  if (matchOf(state, from) < state.log.lastIndex) return;
  transfer.isTimeoutNowSent = true;
  send(state, { type: "timeout-now", from: state.id, to: from, term: state.term });
}

export function tickTransfer(state: RaftState): void {
  const leadership = leadershipOf(state);
  if (leadership.transfer === null) return;
  leadership.transfer.elapsedTicks += 1;
  if (leadership.transfer.elapsedTicks >= state.config.electionTicks) leadership.transfer = null;
}
