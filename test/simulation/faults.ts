import { nextBelow, nextChance, type Prng, type Timer } from "@conclave/base";
import { type Cluster, forkPrng, type SimulatedMember } from "@conclave/testing/cluster";
import type { FaultScript } from "./fault-script.ts";

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
  readonly #script: FaultScript;
  /** Which kinds this run knows: few at a time find more than all at once. */
  readonly #kinds: readonly ((prng: Prng) => void)[];
  #timer: Timer | null = null;

  constructor(cluster: Cluster, prng: Prng, script: FaultScript) {
    this.#cluster = cluster;
    this.#prng = prng;
    this.#script = script;
    const all = [
      (prng: Prng) => this.#crashOne(prng),
      (prng: Prng) => this.#crashAll(prng),
      (prng: Prng) => this.#partition(prng),
      (prng: Prng) => this.#cutOneWay(prng),
      () => this.#heal(),
      () => this.#reset(),
      () => this.#handOver(),
    ];
    this.#kinds = all.filter(() => nextChance(prng, 0.5));
  }

  start(): void {
    this.#timer = this.#cluster.clock.setTimer(nextBelow(this.#prng, PAUSE_MS_MAX), () => {
      this.start();
      // Each fault draws from a source of its own: what it finds, or that it is left out, moves no other fault.
      const prng = forkPrng(this.#prng);
      this.#kinds[nextBelow(prng, this.#kinds.length || 1)]?.(prng);
    });
  }

  /** No more faults: what is down comes up, what was cut is whole. */
  end(): void {
    this.#timer?.cancel();
    this.#cluster.note("all faults end");
    this.#cluster.network.heal();
    for (const member of this.#cluster.members) if (!member.isUp) member.start();
  }

  /** Notes a fault that is about to happen. @returns whether it is to */
  #admits(kind: keyof FaultCounts, details = ""): boolean {
    if (!this.#script.admits(this.#cluster.clock.nowMs(), kind, details)) return false;
    this.counts[kind] += 1;
    this.#cluster.note(`fault ${kind} ${details}`);
    return true;
  }

  #draw(prng: Prng): SimulatedMember | undefined {
    const { members } = this.#cluster;
    return members[nextBelow(prng, members.length)];
  }

  #crashOne(prng: Prng): void {
    const member = this.#draw(prng);
    if (member?.isUp && this.#admits("crashes", member.name)) this.#crash(member, prng);
  }

  #crashAll(prng: Prng): void {
    if (!this.#admits("clusterCrashes")) return;
    for (const member of this.#cluster.members) if (member.isUp) this.#crash(member, prng);
  }

  #crash(member: SimulatedMember, prng: Prng): void {
    member.crash();
    this.#cluster.clock.setTimer(nextBelow(prng, DOWN_MS_MAX), () => {
      if (!member.isUp) member.start();
    });
  }

  /** Two sides that do not hear each other. */
  #partition(prng: Prng): void {
    const { members, network } = this.#cluster;
    const side = members.filter(() => nextChance(prng, 0.5));
    const others = members.filter((member) => !side.includes(member));
    if (side.length === 0 || others.length === 0) return;
    if (!this.#admits("partitions", side.map(({ name }) => name).join())) return;
    for (const a of side) {
      for (const b of others) {
        network.cut(a.name, b.name);
        network.cut(b.name, a.name);
      }
    }
  }

  #cutOneWay(prng: Prng): void {
    const [from, to] = [this.#draw(prng), this.#draw(prng)];
    if (from === undefined || to === undefined || from === to) return;
    if (!this.#admits("oneWayCuts", `${from.name}>${to.name}`)) return;
    this.#cluster.network.cut(from.name, to.name);
  }

  #heal(): void {
    if (this.#admits("heals")) this.#cluster.network.heal();
  }

  /** Connections break, of members and of clients. */
  #reset(): void {
    if (this.#admits("resets")) this.#cluster.network.reset(0.3);
  }

  #handOver(): void {
    const leader = this.#cluster.running.find(({ node }) => node?.member.raft.role === "leader");
    if (leader?.node == null || !this.#admits("handOvers", leader.name)) return;
    leader.node.handOver().catch((error: unknown) => this.#cluster.fail(error));
  }
}
