import type { MemberId, Membership } from "./message.ts";

/** A majority: any two quorums of the same voters share a member (Raft 5.2). */
export function quorumOf(voterCount: number): number {
  return Math.floor(voterCount / 2) + 1;
}

/**
 * The largest value that a quorum of the voters has reached: of match indexes the index a quorum holds, of read
 * sequences the round a quorum answered. Learners are not asked. 0 without voters.
 */
export function quorumValue(membership: Membership, valueAt: (id: MemberId) => number): number {
  const { voters } = membership;
  if (voters.length === 0) return 0;
  if (voters.length === 1) return valueAt(voters[0]!);
  const values = voters.map(valueAt).sort((a, b) => a - b);
  return values[values.length - quorumOf(values.length)]!;
}

export type ElectionResult = "won" | "lost" | "open";

/** Counts an election. Votes of who is no voter (a learner asked because its news is old) count for nothing. */
export function electionResult(
  membership: Membership,
  votes: ReadonlyMap<MemberId, boolean>,
): ElectionResult {
  const needed = quorumOf(membership.voters.length);
  let granted = 0;
  let refused = 0;
  for (const id of membership.voters) {
    const vote = votes.get(id);
    if (vote === true) granted += 1;
    if (vote === false) refused += 1;
  }
  if (granted >= needed) return "won";
  return membership.voters.length - refused < needed ? "lost" : "open";
}

/** Whether the voters for which `isActive` holds are a quorum. */
export function hasQuorum(membership: Membership, isActive: (id: MemberId) => boolean): boolean {
  const active = membership.voters.filter(isActive).length;
  return active >= quorumOf(membership.voters.length);
}
