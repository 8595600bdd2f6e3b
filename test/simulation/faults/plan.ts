import { nextBelow, nextChance, type Prng } from "@conclave/base";
import { FAILPOINTS } from "@conclave/testing/cluster";
import { DIRECTORY_FAULTS } from "./directories.ts";
import { DISK_FAULTS } from "./disks.ts";
import { MEETING_FAULTS } from "./meetings.ts";
import { MEMBERSHIP_FAULTS } from "./memberships.ts";
import { MESSAGE_FAULTS } from "./messages.ts";
import { NETWORK_FAULTS } from "./network.ts";
import { PROCESS_FAULTS } from "./processes.ts";
import type { Fault } from "./world.ts";

/** Points that a run passes a few times at most: armed so much oftener than the others, and taken at the first pass. */
const SELDOM_PASSED =
  /^(prepared|segment re(pair|move)|install|state sync|snapshot|apply delete)|vote|timeout-now|lease-/;
const SELDOM_WEIGHT = 3;

const CHOICES = FAILPOINTS.flatMap(({ name, actions }) => {
  const isSeldom = SELDOM_PASSED.test(name);
  return actions.flatMap((action) =>
    Array.from({ length: isSeldom ? SELDOM_WEIGHT : 1 }, () => ({ point: name, action, isSeldom })),
  );
});

/** A snapshot is put in place in a few steps that few runs come to: they are drawn more often than by their number. */
const INSTALL_CHOICES = CHOICES.filter(({ point }) => point.startsWith("install"));
const INSTALL_SHARE = 0.2;

/** Somebody passes a named point of the code, and crashes, stalls or fails there. Counted when it is passed. */
const armFailpoint: Fault = ({ cluster }, prng) => {
  const choices = nextChance(prng, INSTALL_SHARE) ? INSTALL_CHOICES : CHOICES;
  const choice = choices[nextBelow(prng, choices.length)];
  if (choice === undefined) return false;
  const { point, action, isSeldom } = choice;
  const skip = isSeldom || nextChance(prng, 0.5) ? 0 : nextBelow(prng, 8);
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
  ...MEETING_FAULTS,
  ...MEMBERSHIP_FAULTS,
  ...DIRECTORY_FAULTS,
  armFailpoint,
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;
/** What is planned by itself, beside what the storms bring. */
const CHANGES = Object.keys(MEMBERSHIP_FAULTS) as FaultName[];
const DIRECTORIES = Object.keys(DIRECTORY_FAULTS) as FaultName[];
const NAMES = (Object.keys(FAULTS) as FaultName[]).filter(
  (name) => name !== "armFailpoint" && ![...CHANGES, ...DIRECTORIES].includes(name),
);

/** Whether it takes place, if at all, later than it is begun. */
export function isLate(name: FaultName): boolean {
  return CHANGES.includes(name) || name === "oldDirectory" || name === "lyingDisk";
}

/** One fault of a run. What it strikes is drawn from a seed of its own: leaving out others does not change that. */
export interface PlannedFault {
  readonly atMs: number;
  readonly name: FaultName;
  readonly seed: number;
}

/** The faults of a run, in order of time: first anything, then what is left broken for ever. */
export interface FaultPlan {
  readonly faults: readonly PlannedFault[];
  /** When everything is healed between two storms. Virtual ms. */
  readonly calmsAtMs: readonly number[];
  /** By how much the clock of each member may run faster or slower, as a part. */
  readonly clockDriftMax: number;
  /** Of the draws of who drifts how far. */
  readonly driftSeed: number;
  /** Of the draw of who is healed. */
  readonly endSeed: number;
}

/** Mean time between two faults, drawn for each run. Milliseconds. */
const GAPS_MS = [25, 50, 80, 120, 300] as const;
/**
 * How long faults go on before there is a calm, drawn for each run. A cluster that is never whole gets nothing done: then
 * there is nothing to lose, nobody to catch up, and no snapshot to send. Milliseconds.
 */
const STORMS_MS = [600, 1_200, 2_500, Number.POSITIVE_INFINITY] as const;
/** Time for an election, and for work after it. Milliseconds. */
const CALM_MS_MIN = 500;
const CALM_MS_MAX = 2_000;
/** F26. Ordinary clocks drift by a hundredth of the least of these. */
const DRIFTS = [0, 0, 0.01, 0.2] as const;
/** Failpoints armed in a run, drawn for each. Most are passed, some never. Counts. */
const ARMED = [0, 10, 30, 60] as const;

/** Changes of the membership that are asked for, drawn for each run: two in five have any. Counts. */
const CHANGES_ASKED = [0, 0, 0, 5, 12] as const;
/** Directories that are to rot, or to be lost or put back: as far as there may be any more ruin. Counts. */
const DIRECTORIES_RUINED = [0, 0, 1, 3] as const;

/** Which kinds a run knows is drawn first: few at a time find more than all at once (swarm testing). */
export function drawPlan(prng: Prng, forMs: number): FaultPlan {
  const share = [0.15, 0.3, 0.6][nextBelow(prng, 3)] ?? 0.3;
  const known = NAMES.filter(() => nextChance(prng, share));
  const gapMs = GAPS_MS[nextBelow(prng, GAPS_MS.length)] ?? 250;
  const calms = drawCalms(prng, forMs);
  const isCalm = (atMs: number): boolean =>
    calms.some((calm) => atMs >= calm.fromMs && atMs < calm.toMs);
  const faults: PlannedFault[] = [];
  for (let atMs = 0; ; ) {
    atMs += nextBelow(prng, 2 * gapMs);
    const name = known[nextBelow(prng, known.length || 1)];
    const seed = prng.nextUint32();
    if (atMs >= forMs || name === undefined) break;
    if (!isCalm(atMs)) faults.push({ atMs, name, seed });
  }
  for (let left = ARMED[nextBelow(prng, ARMED.length)] ?? 0; left > 0 && forMs > 0; left -= 1) {
    faults.push({ atMs: nextBelow(prng, forMs), name: "armFailpoint", seed: prng.nextUint32() });
  }
  const plan = {
    calmsAtMs: calms.map(({ fromMs }) => fromMs),
    clockDriftMax: forMs > 0 ? (DRIFTS[nextBelow(prng, DRIFTS.length)] ?? 0) : 0,
    driftSeed: prng.nextUint32(),
    endSeed: prng.nextUint32(),
  };
  faults.push(...drawSome(prng, forMs, CHANGES, CHANGES_ASKED));
  faults.push(...drawSome(prng, forMs, DIRECTORIES, DIRECTORIES_RUINED));
  return { ...plan, faults: faults.sort((a, b) => a.atMs - b.atMs) };
}

/** In storms and in calms, where changes come about more often. */
function drawSome(
  prng: Prng,
  forMs: number,
  names: readonly FaultName[],
  counts: readonly number[],
): readonly PlannedFault[] {
  const count = forMs > 0 ? (counts[nextBelow(prng, counts.length)] ?? 0) : 0;
  return Array.from({ length: count }, () => ({
    atMs: nextBelow(prng, forMs),
    name: names[nextBelow(prng, names.length)] ?? "heal",
    seed: prng.nextUint32(),
  }));
}

interface Calm {
  readonly fromMs: number;
  readonly toMs: number;
}

function drawCalms(prng: Prng, forMs: number): readonly Calm[] {
  const stormMs = STORMS_MS[nextBelow(prng, STORMS_MS.length)] ?? Number.POSITIVE_INFINITY;
  const calms: Calm[] = [];
  for (let fromMs = stormMs; fromMs < forMs; ) {
    const toMs = fromMs + CALM_MS_MIN + nextBelow(prng, CALM_MS_MAX - CALM_MS_MIN);
    calms.push({ fromMs, toMs });
    fromMs = toMs + stormMs;
  }
  return calms;
}
