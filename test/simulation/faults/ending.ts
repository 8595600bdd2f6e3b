import { nextBelow, nextChance, type Prng } from "@conclave/base";
import type { SimulatedMember } from "@conclave/testing/cluster";
import { type FaultWorld, startIfDown } from "./world.ts";

type Breaking = (world: FaultWorld, member: SimulatedMember) => void;

/** How a member outside of the core is left for ever (F44). */
export const LEFT_BROKEN = {
  leftDown: (_, member) => {
    member.isBroken = true;
    if (member.isUp) member.kill();
  },
  leftCutOff: (world, member) => {
    leftDeaf(world, member);
    leftMute(world, member);
  },
  leftDeaf,
  leftMute,
  leftPaused: (_, member) => member.pause(Number.POSITIVE_INFINITY),
  leftResetting: ({ cluster }, member) => {
    const again = (): void => {
      cluster.network.resetOf(member.name);
      cluster.clock.setTimer(300, again);
    };
    again();
  },
} as const satisfies Record<string, Breaking>;

export type LeftBroken = keyof typeof LEFT_BROKEN;

function leftDeaf({ cluster }: FaultWorld, member: SimulatedMember): void {
  for (const { name } of cluster.members) {
    if (name !== member.name) cluster.network.cut(name, member.name);
  }
}

function leftMute({ cluster }: FaultWorld, member: SimulatedMember): void {
  for (const { name } of cluster.members) {
    if (name !== member.name) cluster.network.cut(member.name, name);
  }
}

/**
 * A quorum, or more, of those that can start: who has a damaged disk may not have noticed yet. Null: all of those, for where the
 * membership was changed nobody knows yet who will vote.
 */
export function drawCore(world: FaultWorld, prng: Prng): readonly SimulatedMember[] | null {
  if (world.operator.hasAsked) return null;
  const { members } = world.cluster;
  const able = world.shuffled(prng).filter((member) => !world.isRuined(member));
  if (nextChance(prng, 0.5)) return able;
  const quorum = Math.floor(members.length / 2) + 1;
  return able.slice(0, quorum + nextBelow(prng, able.length - quorum + 1));
}

/** Everything is whole again that can be. What is armed stays so: in a calm more is passed than in a storm. */
export function heal({ cluster }: FaultWorld): void {
  cluster.note("all is healed");
  cluster.tampering.end();
  cluster.network.clearWeather();
  cluster.network.heal();
  for (const member of cluster.members) {
    member.disk.troubles.end();
    if (member.isPaused) cluster.network.goOn(member.name);
    startIfDown(member);
  }
}

/** How each of those outside of the core is left. */
export function drawBroken(
  { cluster, operator }: FaultWorld,
  core: readonly SimulatedMember[],
  prng: Prng,
): readonly { readonly member: SimulatedMember; readonly how: LeftBroken }[] {
  const names = Object.keys(LEFT_BROKEN) as LeftBroken[];
  return (
    cluster.members
      .filter((member) => !core.includes(member) && member.refusal === null)
      // Who was removed and does not know it yet is to be told, and who forgot what it promised to be refused.
      .filter((member) => !operator.isRemoved(member) && member.forgot === null)
      .map((member) => ({ member, how: names[nextBelow(prng, names.length)] ?? "leftDown" }))
  );
}
