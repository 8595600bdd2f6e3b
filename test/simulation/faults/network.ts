import { nextBelow, nextChance, type Prng } from "@conclave/base";
import type { SimulatedMember } from "@conclave/testing/cluster";
import type { Fault, FaultWorld } from "./world.ts";

/** Disturbed weather, and swizzled links, last so long. Milliseconds. */
const SPELL_MS_MAX = 2_500;
/** What is cut stays so at most this long: several elections. Milliseconds. */
const CUT_MS_MAX = 3_000;
const SPIKE_MS_MAX = 3_000;

type Members = readonly SimulatedMember[];

/** F16 to F21: who can hear whom, how late, over which connection. */
export const NETWORK_FAULTS = {
  /** Two sides that do not hear each other. */
  partition: (world, prng) => {
    const side = world.cluster.members.filter(() => nextChance(prng, 0.5));
    return separate(world, prng, side, without(world, side));
  },
  isolateLeader: (world, prng) => {
    const { leader } = world;
    return leader !== undefined && separate(world, prng, [leader], without(world, [leader]));
  },
  oneWayCut: (world, prng) => {
    const pair = world.drawPair(prng);
    if (pair === null) return false;
    cutFor(world, prng, [pair]);
    return true;
  },
  /** One member hears nobody, though all hear it, or the other way round. */
  deafMember: (world, prng) => {
    const member = world.draw(prng);
    if (member === null) return false;
    const isDeaf = nextChance(prng, 0.5);
    const pairs = without(world, [member]).map((other) =>
      isDeaf ? ([other, member] as const) : ([member, other] as const),
    );
    return cutFor(world, prng, pairs);
  },
  /** Two sides with one member between them that hears both. */
  bridge: (world, prng) => {
    const [bridge, ...others] = world.shuffled(prng);
    const middle = 1 + nextBelow(prng, others.length || 1);
    return (
      bridge !== undefined && separate(world, prng, others.slice(0, middle), others.slice(middle))
    );
  },
  /** Each hears a majority, and no two the same one. */
  majoritiesRing: (world, prng) => {
    const ring = world.shuffled(prng);
    const { length } = ring;
    if (length < 4) return false;
    const reach = Math.floor(length / 4);
    const distance = (a: number, b: number): number =>
      Math.min(Math.abs(a - b), length - Math.abs(a - b));
    const pairs = ring.flatMap((from, at) =>
      ring.filter((_, there) => distance(at, there) > reach).map((to) => [from, to] as const),
    );
    return cutFor(world, prng, pairs);
  },
  /** Links stop one by one and come back one by one, in another order (FoundationDB's swizzle-clogging). */
  swizzle: (world, prng) => {
    const stopped = world.shuffled(prng).filter(() => nextChance(prng, 0.7));
    const restored = world.shuffled(prng).filter((member) => stopped.includes(member));
    for (const member of stopped) {
      const others = without(world, [member]);
      world.later(nextBelow(prng, SPELL_MS_MAX), () => {
        for (const other of others) {
          cut(world, member, other);
          cut(world, other, member);
        }
      });
    }
    for (const member of restored) {
      world.later(SPELL_MS_MAX + nextBelow(prng, SPELL_MS_MAX), () => rejoin(world, member));
    }
    return stopped.length > 0;
  },
  heal: ({ cluster }) => {
    cluster.note("heal");
    cluster.network.heal();
    return true;
  },
  /** Connections break, of members and of clients. */
  reset: ({ cluster }) => {
    cluster.note("reset");
    return cluster.network.reset(0.3) > 0;
  },
  /** The next connection is made while the one before it still delivers: old messages come late, after newer ones. */
  lateReset: (world, prng) => {
    const pair = world.drawPair(prng);
    if (pair === null) return false;
    const [from, to] = pair;
    const { cluster } = world;
    const lateMs = nextBelow(prng, SPIKE_MS_MAX);
    cluster.note(`late reset ${from.name} > ${to.name} by ${lateMs} ms`);
    return cluster.network.resetLate(from.name, to.name, lateMs) > 0;
  },
  delaySpike: (world, prng) =>
    spell(world, prng, { delayMs: nextBelow(prng, SPIKE_MS_MAX), lossProbability: 0 }),
  packetLoss: (world, prng) =>
    spell(world, prng, { delayMs: 0, lossProbability: 0.01 + nextBelow(prng, 50) / 100 }),
} as const satisfies Record<string, Fault>;

function without(world: FaultWorld, members: Members): Members {
  return world.cluster.members.filter((member) => !members.includes(member));
}

function separate(world: FaultWorld, prng: Prng, side: Members, others: Members): boolean {
  const pairs = side.flatMap((a) => others.flatMap((b) => [[a, b] as const, [b, a] as const]));
  return cutFor(world, prng, pairs);
}

type Direction = readonly [from: SimulatedMember, to: SimulatedMember];

/** @returns whether there was anything to cut */
function cutFor(world: FaultWorld, prng: Prng, directions: readonly Direction[]): boolean {
  const { cluster } = world;
  for (const [from, to] of directions) cut(world, from, to);
  world.later(nextBelow(prng, CUT_MS_MAX), () => {
    cluster.note(`${directions.length} cuts end`);
    for (const [from, to] of directions) cluster.network.uncut(from.name, to.name);
  });
  return directions.length > 0;
}

function rejoin({ cluster }: FaultWorld, member: SimulatedMember): void {
  cluster.note(`${member.name} is back`);
  for (const { name } of cluster.members) {
    cluster.network.uncut(member.name, name);
    cluster.network.uncut(name, member.name);
  }
}

function cut({ cluster }: FaultWorld, from: SimulatedMember, to: SimulatedMember): void {
  cluster.note(`cut ${from.name} > ${to.name}`);
  cluster.network.cut(from.name, to.name);
}

/** One direction between two members is bad for a while. */
function spell(
  world: FaultWorld,
  prng: Prng,
  weather: { readonly delayMs: number; readonly lossProbability: number },
): boolean {
  const pair = world.drawPair(prng);
  if (pair === null) return false;
  const [from, to] = pair;
  const { cluster } = world;
  cluster.note(`${from.name} > ${to.name}: ${JSON.stringify(weather)}`);
  cluster.network.setWeather(from.name, to.name, weather);
  world.later(nextBelow(prng, SPELL_MS_MAX), () => {
    cluster.network.setWeather(from.name, to.name, null);
  });
  return true;
}
