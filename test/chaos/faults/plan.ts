import { nextBelow, nextChance, type Prng } from "@conclave/base";

/** Everything that is done to a cluster, each as likely as its weight. */
const KINDS = {
  kill: { weight: 4, holdMs: [100, 2_500] },
  "kill-all": { weight: 1, holdMs: [50, 500] },
  stop: { weight: 4, holdMs: [100, 10_000] },
  terminate: { weight: 2, holdMs: [100, 1_000] },
  "rolling-restart": { weight: 1, holdMs: [0, 0] },
  replace: { weight: 3, holdMs: [50, 1_000] },
  isolate: { weight: 3, holdMs: [500, 3_000] },
  "one-way-cut": { weight: 4, holdMs: [500, 3_000] },
  bridge: { weight: 2, holdMs: [500, 3_000] },
  split: { weight: 2, holdMs: [500, 3_000] },
  loss: { weight: 3, holdMs: [500, 2_500] },
  reset: { weight: 2, holdMs: [20, 200] },
  slow: { weight: 2, holdMs: [500, 2_000] },
  "clock-step": { weight: 2, holdMs: [1_000, 2_000] },
} as const satisfies Record<string, { weight: number; holdMs: readonly [number, number] }>;

export type FaultKind = keyof typeof KINDS;

export const FAULT_KINDS = Object.keys(KINDS) as readonly FaultKind[];

/** A fault as it is drawn before the run; whom it meets depends on who leads when it begins. Shares are of 0 to 1. */
export interface PlannedFault {
  readonly kind: FaultKind;
  /** It is for the leader, if there is one; else for the member that `target` stands for. */
  readonly isForLeader: boolean;
  readonly target: number;
  readonly other: number;
  readonly strength: number;
  /** How long it lasts, ms. */
  readonly holdMs: number;
  /** From its beginning to that of the next one, which may come before its end. */
  readonly nextAfterMs: number;
}

export interface PlanLimits {
  readonly faults: number;
  /** No fault lasts longer, ms. */
  readonly holdMsMax: number;
  /** Kinds that can be had here. */
  readonly kinds: readonly FaultKind[];
}

export function drawPlan(prng: Prng, limits: PlanLimits): readonly PlannedFault[] {
  return Array.from({ length: limits.faults }, () => drawFault(prng, limits));
}

function drawFault(prng: Prng, limits: PlanLimits): PlannedFault {
  const kind = drawKind(prng, limits.kinds);
  const [least, most] = KINDS[kind].holdMs;
  const holdMs = Math.round(
    drawBetween(prng, least, Math.max(least, Math.min(most, limits.holdMsMax))),
  );
  return {
    kind,
    isForLeader: nextChance(prng, 0.5),
    target: drawShare(prng),
    other: drawShare(prng),
    strength: drawShare(prng),
    holdMs,
    nextAfterMs: Math.round(holdMs * (0.4 + drawShare(prng)) + 200 * drawShare(prng)),
  };
}

function drawKind(prng: Prng, kinds: readonly FaultKind[]): FaultKind {
  const lots = kinds.flatMap((kind) => Array<FaultKind>(KINDS[kind].weight).fill(kind));
  return lots[nextBelow(prng, lots.length)] ?? "kill";
}

/** Short times as often as long ones: evenly on a logarithmic scale. */
function drawBetween(prng: Prng, least: number, most: number): number {
  if (most <= least) return least;
  return least * (most / least) ** drawShare(prng);
}

function drawShare(prng: Prng): number {
  return prng.nextUint32() / 2 ** 32;
}
