import { readFileSync } from "node:fs";

/** How much of each load: `CONCLAVE_OVERLOAD=full` for the whole of it, else what fits into every run of the tests. */
export const isFull = process.env.CONCLAVE_OVERLOAD === "full";

const size = (usual: number, full: number): number => (isFull ? full : usual);

export const CROWD_CONNECTIONS = size(40, 200);
export const CROWD_MS = size(4_000, 15_000);
const CONNECTIONS_WANTED = size(1_500, 9_900);
/** What else a process has open. Files. */
const OTHER_FILES = 200;

/** Node raises the soft limit of open files to the hard one itself; more than that no process here can have. */
export const CONNECTIONS = Math.min(CONNECTIONS_WANTED, openFilesMax() - OTHER_FILES);
/** Said with the figures if there were fewer connections than wanted. */
export const CONNECTIONS_REMARK =
  CONNECTIONS < CONNECTIONS_WANTED
    ? `not ${CONNECTIONS_WANTED}: ulimit -Hn is ${openFilesMax()}`
    : "";

function openFilesMax(): number {
  try {
    const [, hard = ""] =
      /^Max open files +\d+ +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return hard === "" ? Number.POSITIVE_INFINITY : Number(hard);
  } catch {
    return Number.POSITIVE_INFINITY; // no such file: another system, which may refuse
  }
}

export const WATCHES = size(10_000, 100_000);
export const LEASES = size(10_000, 100_000);
export const KEYS = size(150_000, 1_000_000);
