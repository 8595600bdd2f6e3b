import type { ScriptedFault } from "./fault-script.ts";
import type { FaultCounts } from "./faults.ts";
import type { ProbeName } from "./probes.ts";

/** What one run amounted to. */
export interface RunReport {
  readonly seed: number;
  /** Equal for equal seeds. */
  readonly traceHash: number;
  readonly events: number;
  readonly operations: number;
  readonly revisions: number;
  readonly leaders: number;
  readonly snapshotsInstalled: number;
  readonly locksHeld: number;
  readonly recipesHeld: number;
  readonly leasesGranted: number;
  readonly watches: number;
  readonly eventsWatched: number;
  readonly faults: FaultCounts;
  /** By "point: action". */
  readonly failpoints: Readonly<Record<string, number>>;
  /** What was done to the cluster, to do it again. */
  readonly faultScript: readonly ScriptedFault[];
  readonly virtualMs: number;
  /** Names of the interesting states that were reached: see probes.ts. */
  readonly probes: readonly ProbeName[];
  /** Hashes of the shapes that the cluster as a whole was seen in. */
  readonly states: readonly number[];
}
