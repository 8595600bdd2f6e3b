import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { BenchServer, Measurement } from "./row.ts";
import type { WorkerMessage } from "./worker.ts";

/** Beside this file, once both are bundled. */
const workerFile = fileURLToPath(new URL("./worker.mjs", import.meta.url));
/** The kernel's unit of `utime` and `stime` is 1/100 s wherever Node runs on Linux. */
const MICROS_PER_TICK = 10_000;

/** Runs one row with one library in a process of its own, and adds what the server spent meanwhile. */
export function measure(
  place: { readonly section: string; readonly row: string; readonly library: string },
  server: BenchServer,
  durationMs: number,
): Promise<Measurement> {
  const args = [place.section, place.row, place.library, server.address, `${durationMs}`];
  const child = fork(workerFile, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  return new Promise((resolve, reject) => {
    let cpuBefore = 0;
    let measurement: Measurement | null = null;
    child.on("message", (message: WorkerMessage) => {
      if (message.kind === "measuring") cpuBefore = cpuMicros(server.pid);
      else measurement = measured(message, cpuMicros(server.pid) - cpuBefore);
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (measurement !== null && code === 0) resolve(measurement);
      else reject(new Error(`${args.slice(0, 3).join(" ")}: the worker exited with ${code}`));
    });
  });
}

function measured(
  { operations, seconds, cpuMicros, medianMs }: Extract<WorkerMessage, { kind: "measured" }>,
  serverMicros: number,
): Measurement {
  if (operations === 0) throw new Error("nothing was done in the time");
  return {
    operationsPerSecond: operations / seconds,
    medianMs,
    clientCpuMicros: cpuMicros / operations,
    serverCpuMicros: serverMicros / operations,
  };
}

/** CPU that a process has spent, all threads, user and system; µs. */
function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
}
