import { nextBelow, type Prng } from "@conclave/base";
import type { Cluster, SimulatedMember } from "@conclave/testing/cluster";

/** A member that ended is started again within this. Milliseconds. */
const DOWN_MS_MAX = 1_500;

/** The cluster as those see it who break it. */
export class FaultWorld {
  readonly cluster: Cluster;
  readonly #prng: Prng;
  /** Nothing that was planned happens any more. */
  #isOver = false;
  /** Members that may be damaged for good: with them gone, a quorum is left. */
  readonly #ruined = new Set<SimulatedMember>();

  constructor(cluster: Cluster, prng: Prng) {
    this.cluster = cluster;
    this.#prng = prng;
    for (const member of cluster.members) member.onDown = () => this.#startLater(member);
  }

  end(): void {
    this.#isOver = true;
  }

  later(ms: number, task: () => void): void {
    this.cluster.clock.setTimer(ms, () => {
      if (!this.#isOver) task();
    });
  }

  get leader(): SimulatedMember | undefined {
    return this.cluster.running.find(({ node }) => node?.member.raft.role === "leader");
  }

  /** Any member; more often than the others the leader. */
  draw(prng: Prng): SimulatedMember | null {
    const { members } = this.cluster;
    const { leader } = this;
    if (leader !== undefined && nextBelow(prng, 4) === 0) return leader;
    return members[nextBelow(prng, members.length)] ?? null;
  }

  drawUp(prng: Prng): SimulatedMember | null {
    const member = this.draw(prng);
    return member?.isUp === true ? member : null;
  }

  drawPair(prng: Prng): readonly [SimulatedMember, SimulatedMember] | null {
    const [from, to] = [this.draw(prng), this.draw(prng)];
    return from === null || to === null || from === to ? null : [from, to];
  }

  /** Members in an order of the seed's. */
  shuffled(prng: Prng): readonly SimulatedMember[] {
    return this.cluster.members
      .map((member) => ({ member, at: prng.nextUint32() }))
      .sort((a, b) => a.at - b.at)
      .map(({ member }) => member);
  }

  /** Asks for the right to damage a member's disk: never so many that the last durable copy of something might be lost. */
  mayRuin(member: SimulatedMember): boolean {
    if (this.#ruined.has(member)) return false;
    const allowed = Math.floor((this.cluster.members.length - 1) / 2);
    if (this.#ruined.size >= allowed) return false;
    this.#ruined.add(member);
    return true;
  }

  isRuined(member: SimulatedMember): boolean {
    return this.#ruined.has(member);
  }

  /** Also when the faults are over: a member may end late of what was done to it. */
  #startLater(member: SimulatedMember): void {
    const downMs = nextBelow(this.#prng, DOWN_MS_MAX);
    this.cluster.clock.setTimer(downMs, () => startIfDown(member));
  }
}

export function startIfDown(member: SimulatedMember): void {
  if (!member.isUp && !member.isBroken && member.refusal === null) member.start();
}

/** One kind of fault. @returns whether it took place: there may be nobody to strike. */
export type Fault = (world: FaultWorld, prng: Prng) => boolean;
