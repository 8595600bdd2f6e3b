import type { Launcher } from "./launch.ts";
import type { RunOptions, RunReport } from "./run-options.ts";

/** Runs at a time. Each has three to five members, which mostly wait: for elections, faults, leases, and one another. */
const AT_ONCE = 2;
/** A run takes ten seconds; what takes so much longer hangs. */
const RUN_TIMEOUT_MS = 180_000;

export interface FailedRun {
  readonly seed: number;
  readonly reason: string;
}

export interface Series {
  readonly reports: readonly RunReport[];
  readonly failed: readonly FailedRun[];
  /** All of it. */
  readonly minutes: number;
}

/** One run for each seed. A run that fails ends no other. */
export async function runSeries(
  launcher: Launcher,
  seeds: readonly number[],
  terms: Pick<RunOptions, "faults" | "holdMsMax" | "hasFaketime">,
  progress: (line: string) => void,
): Promise<Series> {
  const begunMs = performance.now();
  const waiting = [...seeds];
  const reports: RunReport[] = [];
  const failed: FailedRun[] = [];
  const work = async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      try {
        const report = await launcher.launch("run", { ...terms, seed }, RUN_TIMEOUT_MS);
        reports.push(report);
        progress(JSON.stringify(report));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        failed.push({ seed, reason });
        progress(`seed ${seed}: ${reason}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { reports, failed, minutes: (performance.now() - begunMs) / 60_000 };
}

/** How often each kind of fault there is came about. */
export function faultTotals(reports: readonly RunReport[]): ReadonlyMap<string, number> {
  const totals = new Map<string, number>();
  for (const { faults } of reports) {
    for (const [kind, count] of Object.entries(faults)) {
      totals.set(kind, (totals.get(kind) ?? 0) + count);
    }
  }
  return totals;
}

/** A figure of all runs together. */
export function sumOf(
  reports: readonly RunReport[],
  figure: "operations" | "unknown" | "revisions" | "eventsWatched" | "holds",
): number {
  return reports.reduce((sum, report) => sum + report[figure], 0);
}
