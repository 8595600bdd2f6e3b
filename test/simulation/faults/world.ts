import { nextBelow, type Prng } from "@conclave/base";
import type { Cluster, SimulatedMember } from "@conclave/testing/cluster";
import { MembershipOperator } from "./operator.ts";

/** A member that ended is started again within this. Milliseconds. */
const DOWN_MS_MAX = 1_500;

/** The cluster as those see it who break it. */
export class FaultWorld {
  readonly cluster: Cluster;
  readonly operator: MembershipOperator;
  readonly #prng: Prng;
  /** Nothing that was planned happens any more. */
  #isOver = false;
  readonly #endsAtMs: number;
  #hushedUntilMs = 0;
  /** By name: faults that took place later than they were begun. Counts. */
  readonly late = new Map<string, number>();
  /** Members that may be damaged for good: with them gone, a quorum is left. */
  readonly #ruined = new Set<SimulatedMember>();

  /** @param forMs how long there are faults */
  constructor(cluster: Cluster, prng: Prng, forMs: number) {
    this.cluster = cluster;
    this.#endsAtMs = forMs;
    this.#prng = prng;
    const onJoined = (member: SimulatedMember): void => {
      member.onDown = () => this.#startLater(member);
    };
    for (const member of cluster.members) onJoined(member);
    const isRuined = (member: SimulatedMember): boolean => this.isRuined(member);
    const onDone = (name: string): void => this.onLate(name);
    this.operator = new MembershipOperator({ cluster, isRuined, onJoined, onDone });
  }

  end(): void {
    this.#isOver = true;
  }

  /** A fault that was begun has taken place. */
  onLate(name: string): void {
    this.late.set(name, (this.late.get(name) ?? 0) + 1);
  }

  later(ms: number, task: () => void): void {
    this.cluster.clock.setTimer(ms, () => {
      if (!this.#isOver && !this.isHushed) task();
    });
  }

  get isHushed(): boolean {
    return this.cluster.clock.nowMs() < this.#hushedUntilMs;
  }

  /** Nothing goes wrong for so long. Requires: what is wrong now is healed. @returns false if that would outlast the faults */
  maybeHush(ms: number): boolean {
    const untilMs = this.cluster.clock.nowMs() + ms;
    if (this.#isOver || this.isHushed || untilMs > this.#endsAtMs) return false;
    this.#hushedUntilMs = untilMs;
    this.cluster.failpoints.disarm();
    return true;
  }

  /** Those that were not removed, as far as their own processes know. */
  get #present(): readonly SimulatedMember[] {
    return this.cluster.members.filter(({ isRemoved }) => !isRemoved);
  }

  endHush(): void {
    this.#hushedUntilMs = 0;
  }

  get leader(): SimulatedMember | undefined {
    return this.cluster.running.find(({ node }) => node?.member.raft.role === "leader");
  }

  /** Any member; more often than the others the leader. */
  draw(prng: Prng): SimulatedMember | null {
    const members = this.#present;
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
    if (this.#ruined.has(member) || !this.operator.canSpare(member, false)) return false;
    this.#ruined.add(member);
    return true;
  }

  /** Members whose disks are whole, and that belong to the cluster. */
  get able(): readonly SimulatedMember[] {
    const { members } = this.cluster;
    return members.filter((member) => !this.isRuined(member) && !this.operator.isRemoved(member));
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
  const isOver = member.isBroken || member.isRemoved || member.refusal !== null;
  if (!member.isUp && !isOver) member.start();
}

/** One kind of fault. @returns whether it took place: there may be nobody to strike. */
export type Fault = (world: FaultWorld, prng: Prng) => boolean;
