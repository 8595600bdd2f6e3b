import type { Deployment } from "../../support/server-process.ts";
import { cpuMicrosOf } from "../process-cost.ts";

/** CPU that all members have spent so far; µs. */
export function serverCpuMicros({ members }: Deployment): number {
  return members.map(({ pid }) => cpuMicrosOf(pid)).reduce((sum, micros) => sum + micros, 0);
}

/** Resident memory of the largest member, MiB. */
export function residentMiB({ members }: Deployment): number {
  return Math.max(...members.map((member) => member.residentBytes())) / 2 ** 20;
}
