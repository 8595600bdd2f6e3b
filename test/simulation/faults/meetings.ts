import { nextBelow, type Prng } from "@conclave/base";
import type { SimulatedMember } from "@conclave/testing/cluster";
import type { Fault, FaultWorld } from "./world.ts";

/** What is slow, here, is so for this long at most. Milliseconds. */
const SLOW_MS_MAX = 400;
/** A disk that is slow, and still quicker than the links. Milliseconds. */
const DISK_SLOW_MS_MAX = 50;
/** A link that a snapshot takes stays slow for as long as two members need to lead in turn. Milliseconds. */
const SNAPSHOT_LATE_MS_MAX = 1_000;
const SPELL_MS = 3_000;
/** Longer than two elections and a lease, at most. Milliseconds. */
const SLEEP_MS_MAX = 5_000;
/** A machine that wakes up hears its clients so long before its peers, at most. Milliseconds. */
const AWAKE_MS_MAX = 1_500;
/** Somebody who is cut off so long lags behind the log that is kept. Milliseconds. */
const LAG_MS_MAX = 1_200;
const LOOK_MS = 5;

/** Several things at once that do no harm one by one: that they meet by chance is seldom, and this is what mistakes need. */
export const MEETING_FAULTS = {
  /**
   * The leader hands over while what one member forwarded is on its way to it: it comes after the end of the term, and its
   * refusal when the member has forwarded it again.
   */
  lateForwards: (world, prng) => {
    const [leader, member] = drawLeaderAnd(world, prng);
    if (leader === null || member === null) return false;
    const delayMs = 1 + nextBelow(prng, SLOW_MS_MAX);
    slowFor(world, member, leader, delayMs);
    slowDisk(world, member, nextBelow(prng, DISK_SLOW_MS_MAX));
    world.later(nextBelow(prng, delayMs), () => handOver(world, leader));
    return true;
  },
  /** The leader's machine sleeps, and its clients are the first that it hears when it wakes up: for them, it still leads. */
  sleepingLeader: (world, prng) => {
    const { leader, cluster } = world;
    if (leader === undefined || leader.isPaused || cluster.members.length === 1) return false;
    const sleepMs = nextBelow(prng, SLEEP_MS_MAX);
    const untilMs = sleepMs + nextBelow(prng, AWAKE_MS_MAX);
    for (const { name } of cluster.members) if (name !== leader.name) separate(world, leader, name);
    leader.pause(sleepMs);
    world.later(untilMs, () => {
      cluster.note(`${leader.name} is heard again`);
      for (const { name } of cluster.members) unite(world, leader, name);
    });
    return true;
  },
  /** A snapshot that is late meets the one that the next leader sends, while the disk that takes them is slow. */
  lateSnapshot: (world, prng) => {
    const [leader, member] = drawLeaderAnd(world, prng);
    if (leader === null || member === null) return false;
    const { cluster } = world;
    const lateMs = nextBelow(prng, SNAPSHOT_LATE_MS_MAX);
    for (const { name } of cluster.members) if (name !== member.name) separate(world, member, name);
    world.later(nextBelow(prng, LAG_MS_MAX), () => {
      cluster.note(`${member.name} is back, and slow`);
      for (const { name } of cluster.members) unite(world, member, name);
      const sender = world.leader;
      if (sender === undefined || sender === member) return;
      slowDisk(world, member, nextBelow(prng, SLOW_MS_MAX));
      slowFor(world, sender, member, lateMs);
      onceSending(world, sender, member, () => handOver(world, sender));
    });
    return true;
  },
} as const satisfies Record<string, Fault>;

function drawLeaderAnd(
  world: FaultWorld,
  prng: Prng,
): readonly [leader: SimulatedMember | null, other: SimulatedMember | null] {
  const { leader } = world;
  const others = world.cluster.running.filter((member) => member !== leader);
  return [leader ?? null, others[nextBelow(prng, others.length || 1)] ?? null];
}

function slowFor(
  world: FaultWorld,
  from: SimulatedMember,
  to: SimulatedMember,
  delayMs: number,
): void {
  const { cluster } = world;
  cluster.note(`${from.name} > ${to.name}: ${delayMs} ms`);
  cluster.network.setWeather(from.name, to.name, { delayMs, lossProbability: 0 });
  world.later(SPELL_MS, () => cluster.network.setWeather(from.name, to.name, null));
}

function slowDisk(world: FaultWorld, { disk }: SimulatedMember, slowMs: number): void {
  disk.troubles.slowMs = slowMs;
  world.later(SPELL_MS, () => {
    disk.troubles.slowMs = 0;
  });
}

function separate({ cluster }: FaultWorld, { name }: SimulatedMember, other: string): void {
  cluster.network.cut(name, other);
  cluster.network.cut(other, name);
}

function unite({ cluster }: FaultWorld, { name }: SimulatedMember, other: string): void {
  cluster.network.uncut(name, other);
  cluster.network.uncut(other, name);
}

function handOver({ cluster }: FaultWorld, { node, isPaused, name }: SimulatedMember): void {
  if (node?.member.raft.role !== "leader" || isPaused) return;
  cluster.note(`${name} hands over`);
  node.handOver().catch((error: unknown) => cluster.fail(error));
}

/** When `leader` has begun to send a snapshot to `member`, if it does within a spell. */
function onceSending(
  world: FaultWorld,
  leader: SimulatedMember,
  member: SimulatedMember,
  act: () => void,
): void {
  let looks = SPELL_MS / LOOK_MS;
  const look = (): void => {
    const sent = leader.node?.member.raft.progress ?? [];
    looks -= 1;
    if (sent.some(({ id, state }) => id === member.id && state === "snapshot")) act();
    else if (looks > 0) world.later(LOOK_MS, look);
  };
  look();
}
