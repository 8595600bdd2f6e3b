import { nextBelow } from "@conclave/base";
import type { LogIndex } from "@conclave/raft";
import type { SimulatedMember } from "@conclave/testing/cluster";
import { heal } from "./ending.ts";
import type { Fault, FaultWorld } from "./world.ts";

/** Until a copy of a directory is put back. Milliseconds. */
const COPIED_MS_MAX = 3_000;
/** How long a disk keeps nothing of what it says that it keeps. Milliseconds. */
const LYING_MS_MAX = 500;
/** Until everybody has heard of a leader again, and after that until it has refused a member. Milliseconds. */
const SETTLING_MS = 1_500;
const NOTICED_MS = 1_500;

/**
 * F10, F14, F15: the state rots, where checksums tell of it at the next start; a directory is lost, or put back from a copy of before
 * an earlier start. What was promised from it is forgotten then, which all others that there are can know: those are the terms on which
 * docs/repair.md says that it is refused.
 */
export const DIRECTORY_FAULTS = {
  rottenState: (world, prng) => {
    const member = world.drawUp(prng);
    if (member === null || !world.mayRuin(member)) return false;
    member.crash();
    return member.rotState();
  },
  lostDirectory: (world, prng) => {
    const member = world.drawUp(prng);
    if (member === null || !isKnownToAll(world, member) || !world.mayRuin(member)) return false;
    member.crash();
    member.forget("starts", null);
    return true;
  },
  /** Counted when it is put back. */
  oldDirectory: (world, prng) => {
    const member = world.drawUp(prng);
    if (member === null) return false;
    member.crash();
    const copy = member.copyDisk();
    const { incarnation } = member;
    world.later(nextBelow(prng, COPIED_MS_MAX), () => {
      if (!member.isUp || member.incarnation === incarnation) return;
      if (!isKnownToAll(world, member) || !world.mayRuin(member)) return;
      member.crash();
      member.forget("starts", copy);
      world.onLate("oldDirectory");
    });
    return true;
  },
  /**
   * F42: what a disk said it had kept is gone with the power. Only the leader can tell, by what was acknowledged to it: so the cluster is
   * in order, and stays so for a while. Counted when the power goes.
   */
  lyingDisk: (world, prng) => {
    const [at, lyingMs] = [prng.nextUint32(), nextBelow(prng, LYING_MS_MAX)];
    if (world.operator.hasAsked) return false;
    if (!world.maybeHush(SETTLING_MS + LYING_MS_MAX + NOTICED_MS)) return false;
    heal(world);
    const { clock } = world.cluster;
    clock.setTimer(SETTLING_MS, () => {
      const others = world.cluster.running.filter((member) => member !== world.leader);
      const member = others[at % (others.length || 1)];
      const raft = member?.node?.member.raft;
      if (member === undefined || raft === undefined) return world.endHush();
      const copy = member.copyDurably();
      const { lastIndex } = raft;
      clock.setTimer(lyingMs, () => {
        if (!isMissedByLeader(world, member, lastIndex)) return world.endHush();
        if (!world.mayRuin(member)) return world.endHush();
        member.crash();
        member.forget("entries", copy);
        world.onLate("lyingDisk");
        member.start();
      });
    });
    return true;
  },
} as const satisfies Record<string, Fault>;

/** Whether all follow one leader, to which this member, since it started, has acknowledged entries after an index. */
function isMissedByLeader(
  { cluster, leader }: FaultWorld,
  member: SimulatedMember,
  index: LogIndex,
): boolean {
  const raft = leader?.node?.member.raft;
  const progress = raft?.progress.find(({ id }) => id === member.id);
  if (raft === undefined || leader === member || (progress?.match ?? 0) <= index) return false;
  return cluster.members.every(({ node, isPaused, refusal }) => {
    const own = node?.member.raft;
    if (refusal !== null) return true;
    return !isPaused && own?.term === raft.term && own.leader === raft.id;
  });
}

/** Whether all others remember the start of a member that is running. Of one that has come since nobody can say that. */
function isKnownToAll({ cluster, operator }: FaultWorld, member: SimulatedMember): boolean {
  if (operator.hasAsked) return false;
  return cluster.members.every((other) => other === member || member.isKnownTo(other));
}
