import { nextBelow, nextChance, type Prng } from "@conclave/base";
import { FAILPOINTS } from "@conclave/testing/cluster";
import { DISK_FAULTS } from "./disks.ts";
import { MESSAGE_FAULTS } from "./messages.ts";
import { NETWORK_FAULTS } from "./network.ts";
import { PROCESS_FAULTS } from "./processes.ts";
import type { Fault } from "./world.ts";

const CHOICES = FAILPOINTS.flatMap(({ name, actions }) =>
  actions.map((action) => ({ point: name, action })),
);

/** Somebody passes a named point of the code, and crashes, stalls or fails there. Counted when it is passed. */
const armFailpoint: Fault = ({ cluster }, prng) => {
  const choice = CHOICES[nextBelow(prng, CHOICES.length)];
  if (choice === undefined) return false;
  const { point, action } = choice;
  const skip = nextChance(prng, 0.5) ? 0 : nextBelow(prng, 8);
  cluster.note(`armed "${point}": ${action}, skip ${skip}`);
  cluster.failpoints.arm(point, action, skip);
  return true;
};

/** Every fault that strikes at a moment of its own. */
export const FAULTS = {
  ...PROCESS_FAULTS,
  ...NETWORK_FAULTS,
  ...MESSAGE_FAULTS,
  ...DISK_FAULTS,
  armFailpoint,
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;
const NAMES = (Object.keys(FAULTS) as FaultName[]).filter((name) => name !== "armFailpoint");

/** One fault of a run. What it strikes is drawn from a seed of its own: leaving out others does not change that. */
export interface PlannedFault {
  readonly atMs: number;
  readonly name: FaultName;
  readonly seed: number;
}

/** The faults of a run, in order of time: first anything, then what is left broken for ever. */
export interface FaultPlan {
  readonly faults: readonly PlannedFault[];
  /** By how much the clock of each member may run faster or slower, as a part. */
  readonly clockDriftMax: number;
  /** Of the draws of who drifts how far. */
  readonly driftSeed: number;
  /** Of the draw of who is healed. */
  readonly endSeed: number;
}

/** Mean time between two faults, drawn for each run. Milliseconds. */
const GAPS_MS = [40, 80, 120, 200, 500] as const;
/** F26. Ordinary clocks drift by a hundredth of the least of these. */
const DRIFTS = [0, 0, 0.01, 0.2] as const;
/** Failpoints armed in a run, drawn for each. Most are passed, some never. Counts. */
const ARMED = [0, 5, 15, 40] as const;

/** Which kinds a run knows is drawn first: few at a time find more than all at once (swarm testing). */
export function drawPlan(prng: Prng, forMs: number): FaultPlan {
  const share = [0.15, 0.3, 0.6][nextBelow(prng, 3)] ?? 0.3;
  const known = NAMES.filter(() => nextChance(prng, share));
  const gapMs = GAPS_MS[nextBelow(prng, GAPS_MS.length)] ?? 250;
  const faults: PlannedFault[] = [];
  for (let atMs = 0; ; ) {
    atMs += nextBelow(prng, 2 * gapMs);
    const name = known[nextBelow(prng, known.length || 1)];
    const seed = prng.nextUint32();
    if (atMs >= forMs || name === undefined) break;
    faults.push({ atMs, name, seed });
  }
  for (let left = ARMED[nextBelow(prng, ARMED.length)] ?? 0; left > 0 && forMs > 0; left -= 1) {
    faults.push({ atMs: nextBelow(prng, forMs), name: "armFailpoint", seed: prng.nextUint32() });
  }
  faults.sort((a, b) => a.atMs - b.atMs);
  return {
    faults,
    clockDriftMax: forMs > 0 ? (DRIFTS[nextBelow(prng, DRIFTS.length)] ?? 0) : 0,
    driftSeed: prng.nextUint32(),
    endSeed: prng.nextUint32(),
  };
}
