import { nextBelow, nextChance, type Prng, type Timer } from "@conclave/base";
import type { Cluster, SimulatedMember } from "@conclave/testing/cluster";

/** Between two faults. Milliseconds. */
const PAUSE_MS_MAX = 1_200;
/** A member stays down at most so long. Milliseconds. */
const DOWN_MS_MAX = 1_500;

export interface FaultCounts {
  crashes: number;
  clusterCrashes: number;
  partitions: number;
  oneWayCuts: number;
  heals: number;
  resets: number;
  handOvers: number;
}

/** What goes wrong, drawn from the seed. Any number of members may be down at once: then nothing is answered, and nothing lost. */
export class Faults {
  readonly counts: FaultCounts = {
    crashes: 0,
    clusterCrashes: 0,
    partitions: 0,
    oneWayCuts: 0,
    heals: 0,
    resets: 0,
    handOvers: 0,
  };
  readonly #cluster: Cluster;
  readonly #prng: Prng;
  /** Which kinds this run knows: few at a time find more than all at once. */
  readonly #kinds: readonly (() => void)[];
  #timer: Timer | null = null;

  constructor(cluster: Cluster, prng: Prng) {
    this.#cluster = cluster;
    this.#prng = prng;
    const all = [
      () => this.#crashOne(),
      () => this.#crashAll(),
      () => this.#partition(),
      () => this.#cutOneWay(),
      () => this.#heal(),
      () => this.#reset(),
      () => this.#handOver(),
    ];
    this.#kinds = all.filter(() => nextChance(prng, 0.5));
  }

  start(): void {
    this.#timer = this.#cluster.clock.setTimer(nextBelow(this.#prng, PAUSE_MS_MAX), () => {
      this.start();
      this.#kinds[nextBelow(this.#prng, this.#kinds.length || 1)]?.();
    });
  }

  /** No more faults: what is down comes up, what was cut is whole. */
  end(): void {
    this.#timer?.cancel();
    this.#cluster.note("all faults end");
    this.#cluster.network.heal();
    for (const member of this.#cluster.members) if (!member.isUp) member.start();
  }

  #draw(): SimulatedMember | undefined {
    const { members } = this.#cluster;
    return members[nextBelow(this.#prng, members.length)];
  }

  #crashOne(): void {
    const member = this.#draw();
    if (member === undefined || !member.isUp) return;
    this.counts.crashes += 1;
    this.#crash(member);
  }

  #crashAll(): void {
    this.counts.clusterCrashes += 1;
    for (const member of this.#cluster.members) if (member.isUp) this.#crash(member);
  }

  #crash(member: SimulatedMember): void {
    member.crash();
    this.#cluster.clock.setTimer(nextBelow(this.#prng, DOWN_MS_MAX), () => {
      if (!member.isUp) member.start();
    });
  }

  /** Two sides that do not hear each other. */
  #partition(): void {
    const { members, network } = this.#cluster;
    const side = members.filter(() => nextChance(this.#prng, 0.5));
    const others = members.filter((member) => !side.includes(member));
    if (side.length === 0 || others.length === 0) return;
    this.counts.partitions += 1;
    this.#cluster.note(`partition ${side.map(({ name }) => name)}`);
    for (const a of side) {
      for (const b of others) {
        network.cut(a.name, b.name);
        network.cut(b.name, a.name);
      }
    }
  }

  #cutOneWay(): void {
    const [from, to] = [this.#draw(), this.#draw()];
    if (from === undefined || to === undefined || from === to) return;
    this.counts.oneWayCuts += 1;
    this.#cluster.note(`cut ${from.name} > ${to.name}`);
    this.#cluster.network.cut(from.name, to.name);
  }

  #heal(): void {
    this.counts.heals += 1;
    this.#cluster.note("heal");
    this.#cluster.network.heal();
  }

  /** Connections break, of members and of clients. */
  #reset(): void {
    this.counts.resets += this.#cluster.network.reset(0.3);
    this.#cluster.note("reset");
  }

  #handOver(): void {
    const leader = this.#cluster.running.find(({ node }) => node?.member.raft.role === "leader");
    if (leader?.node == null) return;
    this.counts.handOvers += 1;
    this.#cluster.note(`${leader.name} hands over`);
    leader.node.handOver().catch((error: unknown) => this.#cluster.fail(error));
  }
}
