import { seededPrng } from "@conclave/base";
import { Cluster } from "@conclave/testing/cluster";
import { LiveChecks } from "./checks/live.ts";
import { FaultScript, type ScriptedFault } from "./fault-script.ts";
import { drawOptions } from "./options.ts";
import { Run } from "./run.ts";
import type { RunReport } from "./run-report.ts";

/** How a seed is run, other than it usually is. */
export interface RunOptions {
  /** The only faults that happen. Default: all that the seed draws. */
  readonly faults?: readonly ScriptedFault[];
  /** Last lines of the trace to keep. Count. Default 60. */
  readonly traceLinesMax?: number;
  /** Shown the cluster before it starts. */
  readonly onCluster?: (cluster: Cluster) => void;
}

/** A run that broke a promise, with what is needed to see it again. */
export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
  readonly seed: number;
  /** What had been done to the cluster until then. */
  readonly faults: readonly ScriptedFault[];
  readonly trace: readonly string[];
  /** The row of the invariants' table, if the message names one: "R19". */
  readonly invariant: string;

  constructor(cluster: Cluster, faults: readonly ScriptedFault[], cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(reason, { cause });
    this.seed = cluster.options.seed;
    this.faults = faults;
    this.trace = cluster.trace.lastLines;
    this.invariant = /^([RMWLKV]\d+)\b/.exec(reason)?.[1] ?? "an assertion";
  }
}

/** One run: first anything fails, then nothing does, and everything must be as promised. */
export async function simulate(seed: number, options: RunOptions = {}): Promise<RunReport> {
  const prng = seededPrng(seed);
  const traceLinesMax = options.traceLinesMax ?? 60;
  const cluster: Cluster = new Cluster({
    ...drawOptions(seed, prng),
    traceLinesMax,
    onBooted: (member, node) => live.onBooted(member, node),
  });
  const live = new LiveChecks(cluster);
  const script = new FaultScript(options.faults);
  options.onCluster?.(cluster);
  try {
    return await new Run(cluster, live, prng, script).run();
  } catch (error) {
    throw new SimulationFailure(cluster, script.faults, error);
  }
}
