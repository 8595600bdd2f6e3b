import type { Raft } from "@conclave/raft";
import type { StateMachine } from "@conclave/state-machine";

/** What of a member tells whether it has anything under way. */
export interface Standing {
  readonly raft: Pick<Raft, "leader" | "commitIndex" | "lastIndex">;
  readonly machine: Pick<StateMachine, "appliedIndex">;
}

/**
 * The index at which all of these members are at rest: their logs end there, and all of it is committed and applied. Null: they
 * are not; one of them is down, knows no leader, or has what another has not yet.
 */
export function restIndex(members: readonly (Standing | null)[]): number | null {
  const index = members[0]?.machine.appliedIndex;
  if (index === undefined) return null;
  return members.every((member) => member !== null && isAtRest(member, index)) ? index : null;
}

function isAtRest({ raft, machine }: Standing, index: number): boolean {
  return (
    raft.leader !== 0n &&
    raft.lastIndex === index &&
    raft.commitIndex === index &&
    machine.appliedIndex === index
  );
}
