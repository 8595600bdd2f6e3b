import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { cpuMicrosOf } from "../process-cost.ts";
import type { Effort } from "../section.ts";
import type { BenchServer, Measurement } from "./row.ts";
import type { WorkerMessage } from "./worker.ts";

/** Beside this file, once both are bundled. */
const workerFile = fileURLToPath(new URL("./worker.mjs", import.meta.url));

/** Runs one row with one library in a process of its own, and adds what the server spent meanwhile. */
export function measure(
  place: { readonly row: string; readonly library: string },
  server: BenchServer,
  { warmUpMs, durationMs }: Effort,
): Promise<Measurement> {
  const args = [place.row, place.library, server.address, `${warmUpMs}`, `${durationMs}`];
  const child = fork(workerFile, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  return new Promise((resolve, reject) => {
    let cpuBefore = 0;
    let measurement: Measurement | null = null;
    child.on("message", (message: WorkerMessage) => {
      if (message.kind === "measuring") cpuBefore = cpuMicrosOf(server.pid);
      else measurement = measured(message, cpuMicrosOf(server.pid) - cpuBefore);
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (measurement !== null && code === 0) resolve(measurement);
      else reject(new Error(`${args.slice(0, 2).join(" ")}: the worker exited with ${code}`));
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
