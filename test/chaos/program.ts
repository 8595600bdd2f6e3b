/** The process of one run, in a sandbox of its own. Argument: what to do and its options, as JSON. Prints a report as JSON. */

import { run } from "./run.ts";
import type { RunOptions, RunReport } from "./run-options.ts";

/** What a sandbox may be asked to do. */
export interface Jobs {
  readonly run: { readonly options: RunOptions; readonly report: RunReport };
}

export type Job = {
  readonly [Name in keyof Jobs]: { readonly job: Name; readonly options: Jobs[Name]["options"] };
}[keyof Jobs];

async function work(job: Job): Promise<unknown> {
  return run(job.options);
}

try {
  const report = await work(JSON.parse(process.argv[2] ?? "{}"));
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
} catch (error) {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${reason}\n`, () => process.exit(1));
}
