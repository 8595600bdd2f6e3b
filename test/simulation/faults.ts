import { nextBelow, type Prng, seededPrng } from "@conclave/base";
import {
  type Cluster,
  FAILPOINTS,
  forkPrng,
  type SimulatedMember,
} from "@conclave/testing/cluster";
import type { FaultScript } from "./fault-script.ts";
import { drawBroken, drawCore, heal, LEFT_BROKEN, type LeftBroken } from "./faults/ending.ts";
import type { MembershipOperator } from "./faults/operator.ts";
import { drawPlan, FAULTS, type FaultName, type FaultPlan, isLate } from "./faults/plan.ts";
import { FaultWorld } from "./faults/world.ts";

/** What goes wrong without a moment of its own. */
const OTHERS = [
  "failpointCrash",
  "failpointDelay",
  "failpointError",
  "driftingClock",
  "refusedDisk",
  "repairedDisk",
] as const;

export type FaultKind = Exclude<FaultName, "armFailpoint"> | LeftBroken | (typeof OTHERS)[number];

/** How often what went wrong. A message that is lost, doubled or late is none of its own: its spell is. */
export type FaultCounts = Readonly<Record<FaultKind, number>>;

export const FAULT_KINDS: readonly FaultKind[] = [
  ...(Object.keys(FAULTS) as FaultName[]).filter((name) => name !== "armFailpoint"),
  ...(Object.keys(LEFT_BROKEN) as LeftBroken[]),
  ...OTHERS,
];

/** Carries out what a seed plans, as far as the script admits it. Any number of members may be down at once: then nothing is answered, and nothing lost. */
export class Faults {
  readonly #cluster: Cluster;
  readonly #script: FaultScript;
  readonly #plan: FaultPlan;
  readonly #world: FaultWorld;
  readonly #counts = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<
    FaultKind,
    number
  >;

  /** Null: all of those that are able, whoever they are by then. */
  #core: readonly SimulatedMember[] | null = [];

  /** @param forMs how long there are faults; 0: none */
  constructor(cluster: Cluster, prng: Prng, script: FaultScript, forMs: number) {
    this.#cluster = cluster;
    this.#script = script;
    this.#plan = drawPlan(forkPrng(prng), forMs);
    this.#world = new FaultWorld(cluster, forkPrng(prng), forMs);
  }

  /** Requires: no member has been started yet. */
  start(): void {
    this.#setClocks();
    for (const atMs of this.#plan.calmsAtMs) this.#world.later(atMs, () => heal(this.#world));
    for (const { atMs, name, seed } of this.#plan.faults) {
      this.#world.later(atMs, () => {
        if (!this.#admits(name, String(seed))) return;
        if (FAULTS[name](this.#world, seededPrng(seed))) this.#onStruck(name);
      });
    }
  }

  /** F26: each clock has a speed of its own. Lease times are measured by them, elections too. */
  #setClocks(): void {
    const { clockDriftMax, driftSeed } = this.#plan;
    if (clockDriftMax === 0) return;
    const prng = seededPrng(driftSeed);
    for (const member of this.#cluster.members) {
      const rate = 1 + (clockDriftMax * (nextBelow(prng, 2_001) - 1_000)) / 1_000;
      if (!this.#admits("driftingClock", `${member.name} ${rate}`)) continue;
      member.clockRate = rate;
      this.#counts.driftingClock += 1;
    }
  }

  #admits(kind: string, details: string): boolean {
    if (!this.#script.admits(this.#cluster.clock.nowMs(), kind, details)) return false;
    this.#cluster.note(`fault ${kind} ${details}`);
    return true;
  }

  #onStruck(name: FaultName): void {
    // What is armed is no fault before somebody gets there, nor a change before it is made.
    if (name !== "armFailpoint" && !isLate(name)) this.#counts[name] += 1;
  }

  /** No more faults, but for what stays broken: never so much that no quorum is left. */
  end(): void {
    const prng = seededPrng(this.#plan.endSeed);
    this.#world.end();
    const core = drawCore(this.#world, prng);
    this.#core = core;
    this.#cluster.failpoints.disarm();
    heal(this.#world);
    for (const { member, how } of drawBroken(this.#world, core ?? this.core, prng)) {
      if (!this.#admits(how, member.name)) continue;
      LEFT_BROKEN[how](this.#world, member);
      this.#counts[how] += 1;
    }
  }

  /** After the {@link end}: the members that have to serve from now on, and to come to hold the same. */
  get core(): readonly SimulatedMember[] {
    return this.#core ?? this.#world.able;
  }

  /** Whether the membership is what it is to be, those who were removed know, and those who forgot what they promised were refused. */
  get isSettled(): boolean {
    const { members } = this.#cluster;
    if (members.some(({ forgot, refusal }) => forgot !== null && refusal === null)) return false;
    return !this.#world.operator.hasAsked || this.#world.operator.isSettled;
  }

  /** What became of the changes of the membership. */
  get operator(): MembershipOperator {
    return this.#world.operator;
  }

  get counts(): FaultCounts {
    const { members, failpoints } = this.#cluster;
    const counts = { ...this.#counts };
    for (const [name, count] of failpoints.taken) {
      if (name.endsWith(": crash")) counts.failpointCrash += count;
      else if (name.endsWith(": delay")) counts.failpointDelay += count;
      else counts.failpointError += count;
    }
    for (const kind of FAULT_KINDS) counts[kind] += this.#world.late.get(kind) ?? 0;
    counts.repairedDisk = members.reduce((sum, { repairs }) => sum + repairs, 0);
    counts.refusedDisk = members.filter(({ refusal }) => refusal !== null).length;
    return counts;
  }

  /** Which failpoints were taken, by "point: action". */
  get failpointsTaken(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#cluster.failpoints.taken);
  }
}

/** All that {@link Faults.failpointsTaken} can name. */
export const FAILPOINT_ACTIONS: readonly string[] = FAILPOINTS.flatMap(({ name, actions }) =>
  actions.map((action) => `${name}: ${action}`),
);
