import { readFileSync } from "node:fs";

/** The kernel's unit of `utime` and `stime` is 1/100 s wherever Node runs on Linux. */
const MICROS_PER_TICK = 10_000;

/** CPU that a process has spent, all threads, user and system; µs. */
export function cpuMicrosOf(pid: number): number {
  const { user, kernel } = microsOf(`/proc/${pid}/stat`);
  return user + kernel;
}

/** CPU of a process or a thread, by its file `stat` in /proc; µs. */
export function microsOf(statFile: string): { readonly user: number; readonly kernel: number } {
  const stat = readFileSync(statFile, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    user: Number(fields[11]) * MICROS_PER_TICK,
    kernel: Number(fields[12]) * MICROS_PER_TICK,
  };
}
