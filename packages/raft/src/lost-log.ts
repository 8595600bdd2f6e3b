import type { LogIndex, MessageOf } from "./message.ts";
import { type RaftState, refreshPassiveRole, send } from "./state.ts";

/** The log agrees with the leader's up to `index`: perhaps it holds everything again. */
export function onVerified(state: RaftState, index: LogIndex): void {
  if (state.recovery === null) return;
  state.recovery.verify(state.term, index);
  maybeRecovered(state);
}

/** Tells the leader of the loss, whenever it speaks: a message of its may have been lost, or one of ours come late. */
export function announceLoss(state: RaftState): void {
  const { recovery } = state;
  if (recovery === null) return;
  send(state, {
    type: "log-lost",
    from: state.id,
    to: state.leader,
    term: state.term,
    recoveryId: recovery.id,
    verifiedIndex: recovery.verifiedIn(state.term),
    lastIndex: state.log.lastIndex,
  });
}

export function onLogLostResponse(state: RaftState, message: MessageOf<"log-lost-response">): void {
  const { recovery } = state;
  // An answer to an earlier boot may be older than what was acknowledged since.
  if (recovery === null || recovery.id !== message.recoveryId) return;
  recovery.lower(message.term, message.lastIndex);
  maybeRecovered(state);
}

function maybeRecovered(state: RaftState): void {
  const { recovery, log } = state;
  if (recovery === null) return;
  const index = recovery.verifiedIn(state.term);
  const term = log.termAt(index);
  // Index 0 proves nothing: a mark above it needs an entry.
  if (term === null || !recovery.isCoveredBy(term, index)) return;
  state.recovery = null;
  state.outbox.isRecovered = true;
  refreshPassiveRole(state);
}
