/** The process of one job, in a sandbox of its own. Argument: which job and its options, as JSON. Prints its report as JSON. */
import { type DisruptionReport, disruption } from "./figures/disruption.ts";
import { type FailoverReport, type FigureOptions, failover } from "./figures/failover.ts";
import { type HandOverReport, handOver } from "./figures/hand-over.ts";
import { canary, run } from "./run.ts";
import type { RunOptions, RunReport } from "./run-options.ts";

/** What can be done in a sandbox: from what options, to what report. */
export interface Jobs {
  run(options: RunOptions): Promise<RunReport>;
  canary(options: RunOptions): Promise<string | null>;
  failover(options: FigureOptions): Promise<FailoverReport>;
  handOver(options: FigureOptions): Promise<HandOverReport>;
  disruption(options: FigureOptions): Promise<DisruptionReport>;
}

const jobs: Jobs = { run, canary, failover, handOver, disruption };

async function work(): Promise<unknown> {
  const { job, options } = JSON.parse(process.argv[2] ?? "{}");
  return await jobs[job as keyof Jobs](options);
}

try {
  const report = await work();
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
} catch (error) {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${reason}\n`, () => process.exit(1));
}
