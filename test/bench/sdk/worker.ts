/** The process that is measured: runs one row with one library. Arguments: row, library, address, ms of warming up, ms. */
import { plan } from "./plan.ts";

/** Tells the runner when measuring starts and what it came to. */
export type WorkerMessage =
  | { readonly kind: "measuring" }
  | {
      readonly kind: "measured";
      readonly operations: number;
      readonly seconds: number;
      readonly cpuMicros: number;
      readonly medianMs: number;
    };

const [rowName, library = "", address = "", warmUpMs, durationMs] = process.argv.slice(2);
const row = plan.rows.find(({ name }) => name === rowName);
if (row === undefined) throw new Error(`no row ${rowName}`);
const open = row.libraries[library];
if (open === undefined) throw new Error(`${row.name} has no load for ${library}`);

/** Lets every task work for a time. */
async function work(forMs: number): Promise<{ operations: number; timesMs: number[] }> {
  const until = performance.now() + forMs;
  const timesMs: number[] = [];
  let operations = 0;
  const run = async (task: number) => {
    for (let now = performance.now(); now < until; ) {
      const done = await load.operate(task);
      operations += done; // not in one: the sum would be read before the wait, and others' work be lost
      const after = performance.now();
      timesMs.push(after - now);
      now = after;
    }
  };
  await Promise.all(Array.from({ length: row!.tasks }, (_, task) => run(task)));
  return { operations, timesMs };
}

await using load = await open(address);
await work(Number(warmUpMs)); // compiled, connected, and with its leases granted
process.send!({ kind: "measuring" } satisfies WorkerMessage);
const cpu = process.cpuUsage();
const startedMs = performance.now();
const { operations, timesMs } = await work(Number(durationMs));
const seconds = (performance.now() - startedMs) / 1000;
const { user, system } = process.cpuUsage(cpu);
timesMs.sort((a, b) => a - b);
const medianMs = timesMs[timesMs.length >> 1] ?? Number.NaN;
process.send!({
  kind: "measured",
  ...{ operations, seconds, cpuMicros: user + system, medianMs },
} satisfies WorkerMessage);
process.disconnect();
