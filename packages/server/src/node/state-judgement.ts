import type { MemberId } from "@conclave/raft";
import type { StateCheckpoint } from "@conclave/state-machine";

/** What one member says its state was, at the indexes that it remembers. */
export interface StateReport {
  readonly member: MemberId;
  readonly checkpoints: readonly StateCheckpoint[];
}

/** What follows from the reports of the members that could be asked. */
export interface StateJudgement {
  /** Members whose state is that of a majority, at the newest index at which that can be said of them. */
  readonly agreeing: readonly MemberId[];
  /** Members whose state is another one than a majority's, with that index. */
  readonly differing: readonly { readonly member: MemberId; readonly index: number }[];
  /** The newest index at which states differ and none has a majority; null if there is none. */
  readonly undecidedIndex: number | null;
}

/**
 * Compares states at equal applied index, newest index first. A state is right if more than half of all voters have it, those
 * counted that could not be asked: what a minority agrees on may be the damage.
 */
export function judgeStates(reports: readonly StateReport[], voterCount: number): StateJudgement {
  const digests = digestsByIndex(reports);
  const unjudged = new Set(reports.map(({ member }) => member));
  const agreeing: MemberId[] = [];
  const differing: { member: MemberId; index: number }[] = [];
  for (const index of [...digests.keys()].sort((a, b) => b - a)) {
    if (unjudged.size === 0) break;
    const digestOf = digests.get(index)!;
    const right = majorityDigest([...digestOf.values()], voterCount);
    if (right !== null) {
      for (const [member, digest] of digestOf) {
        if (!unjudged.delete(member)) continue;
        if (digest === right) agreeing.push(member);
        else differing.push({ member, index });
      }
    } else if (new Set(digestOf.values()).size > 1) {
      return { agreeing, differing, undecidedIndex: index };
    }
  }
  return { agreeing, differing, undecidedIndex: null };
}

function digestsByIndex(reports: readonly StateReport[]): Map<number, Map<MemberId, number>> {
  const byIndex = new Map<number, Map<MemberId, number>>();
  for (const { member, checkpoints } of reports) {
    for (const { index, digest } of checkpoints) {
      const digestOf = byIndex.get(index) ?? new Map<MemberId, number>();
      digestOf.set(member, digest);
      byIndex.set(index, digestOf);
    }
  }
  return byIndex;
}

function majorityDigest(digests: readonly number[], voterCount: number): number | null {
  const counts = new Map<number, number>();
  for (const digest of digests) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  for (const [digest, count] of counts) if (2 * count > voterCount) return digest;
  return null;
}
