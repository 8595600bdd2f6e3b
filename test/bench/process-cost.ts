import { readFileSync } from "node:fs";

/** The kernel's unit of `utime` and `stime` is 1/100 s wherever Node runs on Linux. */
const MICROS_PER_TICK = 10_000;

/** CPU that a process has spent, all threads, user and system; µs. */
export function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
}
