import { nextBelow, nextChance, type Prng } from "@conclave/base";
import type { FaultKind } from "./faults/plan.ts";

/** What one run is told: the same seed draws the same cluster and the same plan of faults. */
export interface RunOptions {
  readonly seed: number;
  readonly server: string;
  /** For data and logs, and, of a run that failed, its history. */
  readonly directory: string;
  readonly faults: number;
  /** No fault lasts longer, ms. */
  readonly holdMsMax: number;
  readonly hasFaketime: boolean;
  /** Faults of these kinds only. Default: of all. */
  readonly kinds?: readonly FaultKind[];
}

/** What one run came to. */
export interface RunReport {
  readonly seed: number;
  readonly members: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Acknowledged, of keys and leases. */
  readonly operations: number;
  /** Writes of which nobody was told whether they happened. */
  readonly unknown: number;
  readonly revisions: number;
  readonly eventsWatched: number;
  readonly holds: number;
  /** From the end of the last fault to the next acknowledged write, ms. */
  readonly recoveryMs: number;
  readonly seconds: number;
}

export interface DrawnCluster {
  readonly size: number;
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
  readonly snapshotCount: number;
  /** Members are replaced only while the others have been connected for 5 s, which is seldom among faults. */
  readonly isStrict: boolean;
  /** In the end all members are killed once more: what was acknowledged has to be on their disks. */
  readonly endsWithPowerLoss: boolean;
}

export function drawCluster(prng: Prng): DrawnCluster {
  const heartbeatIntervalMs = nextChance(prng, 0.5) ? 100 : 50;
  return {
    size: nextChance(prng, 0.7) ? 3 : 5,
    heartbeatIntervalMs,
    electionTimeoutMs: heartbeatIntervalMs * 10,
    // Small ones make members that were away come back by snapshot.
    snapshotCount: [10_000, 500, 50][nextBelow(prng, 3)] ?? 50,
    endsWithPowerLoss: nextChance(prng, 0.5),
    isStrict: nextChance(prng, 0.1),
  };
}
