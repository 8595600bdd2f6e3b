/**
 * `npm run sim -- …`: clusters in one process, each made from a seed.
 *
 *     --seed S               one run, with its whole trace; --quiet: without
 *     --script FILE          one run with only the faults of the script
 *     --count N [--from S]   N seeds from S on (default: 1), in one process for each core (--jobs)
 *     --seeds A..B           the same, both included
 *     --twice                each seed is run again by its own fault script, and the traces are compared
 *     --report               writes what the runs amounted to into docs/reliability.md
 *     --demanding            fails, too, if a fault or an interesting state was not reached (see probes.ts)
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Cluster } from "@conclave/testing/cluster";
import { parseScript, type ScriptedFault } from "./fault-script.ts";
import { writeSimulationReport } from "./report.ts";
import { runSeed, SeedPool, serveSeedPool } from "./seed-pool.ts";
import { SimulationFailure, simulate } from "./simulation.ts";
import { failureText, Totals } from "./totals.ts";

/** Failures whose scripts are shrunk. A fault that breaks every seed is no clearer for being shrunk a thousand times. */
const SHRUNK_MAX = 3;
/** Between two lines of progress. Milliseconds. */
const PROGRESS_MS = 10_000;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    script: { type: "string" },
    seeds: { type: "string" },
    from: { type: "string", default: "1" },
    count: { type: "string", default: "100" },
    jobs: { type: "string", default: String(availableParallelism()) },
    twice: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
    demanding: { type: "boolean", default: false },
    quiet: { type: "boolean", default: false },
    worker: { type: "boolean", default: false },
  },
});

if (values.worker) serveSeedPool();
else if (values.script !== undefined) {
  const { seed, faults } = parseScript(readFileSync(values.script, "utf8"));
  await replay(seed, faults);
} else if (values.seed !== undefined) await replay(wholeNumber(values.seed), undefined);
else await runMany(...seedRange());

async function replay(seed: number, faults: readonly ScriptedFault[] | undefined): Promise<void> {
  let trace: readonly string[] = [];
  const onCluster = (cluster: Cluster): void => {
    trace = cluster.trace.lastLines;
  };
  const traceLinesMax = values.quiet ? 0 : Number.POSITIVE_INFINITY;
  try {
    const chosen = faults === undefined ? {} : { faults };
    const report = await simulate(seed, { ...chosen, traceLinesMax, onCluster });
    console.log([...trace, `seed ${seed} kept every promise`].join("\n"));
    const totals = new Totals();
    totals.add(report);
    console.log(totals.wall);
  } catch (error) {
    if (!(error instanceof SimulationFailure)) throw error;
    console.log(trace.join("\n"));
    process.exitCode = 1;
    if (faults !== undefined) {
      console.log(error.cause);
      return;
    }
    const outcome = await runSeed({ seed, isTwice: false, shrinks: true });
    if (outcome.failure === null) console.log(`R20: seed ${seed} failed once, not twice`, error);
    else console.log(failureText({ ...outcome, failure: { ...outcome.failure, trace: [] } }));
  }
}

async function runMany(from: number, count: number): Promise<void> {
  const startedMs = performance.now();
  const totals = new Totals();
  let failed = 0;
  let toldMs = startedMs;
  const orders = Array.from({ length: count }, (_, at) => ({
    seed: from + at,
    isTwice: values.twice,
    get shrinks() {
      return failed < SHRUNK_MAX;
    },
  }));
  const pool = new SeedPool(wholeNumber(values.jobs), orders, (outcome) => {
    if (outcome.failure === null) totals.add(outcome.report);
    else {
      failed += 1;
      console.log(failureText(outcome));
    }
    if (performance.now() - toldMs < PROGRESS_MS || values.quiet) return;
    toldMs = performance.now();
    console.error(`${totals.wall}, ${failed} failed`);
  });
  await pool.run(fileURLToPath(import.meta.url), ["--worker"]);
  const seconds = (performance.now() - startedMs) / 1000;
  const missing = values.demanding ? totals.missing(count) : [];
  for (const what of missing) console.log(`too rarely reached: ${what}`);
  if (failed > 0 || missing.length > 0) process.exitCode = 1;
  else if (values.report) writeSimulationReport(totals, { from, count, seconds });
  console.log(`${totals.wall}; ${failed} failed; ${seconds.toFixed(0)} s`);
}

function seedRange(): [from: number, count: number] {
  if (values.seeds === undefined) return [wholeNumber(values.from), wholeNumber(values.count)];
  const [first = "", last = ""] = values.seeds.split("..");
  return [wholeNumber(first), wholeNumber(last) - wholeNumber(first) + 1];
}

/** A seed with a typing error must not replay another run. */
function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new RangeError(`${text}: not a whole number`);
  return Number(text);
}
