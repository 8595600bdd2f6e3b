import { readdirSync, readFileSync } from "node:fs";
import { microsOf } from "../process-cost.ts";

/** CPU of some threads, µs. */
export interface CpuTime {
  readonly user: number;
  readonly kernel: number;
}

/** What the kernel has counted of a process so far. */
export interface ProcessCounters {
  readonly main: CpuTime;
  /** All threads but the first: those of the disk, of LevelDB, of the collector and of the compiler. */
  readonly others: CpuTime;
  /** Calls of the families of read(2) and write(2), on files, sockets and whatever else. */
  readonly readsAndWrites: number;
}

export function processCounters(pid: number): ProcessCounters {
  const times = readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      return [{ thread, ...microsOf(`/proc/${pid}/task/${thread}/stat`) }];
    } catch {
      return []; // it has ended meanwhile
    }
  });
  const io = readFileSync(`/proc/${pid}/io`, "utf8");
  return {
    main: sumOf(times.filter(({ thread }) => Number(thread) === pid)),
    others: sumOf(times.filter(({ thread }) => Number(thread) !== pid)),
    readsAndWrites: ["syscr", "syscw"]
      .map((name) => Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(io)?.[1]))
      .reduce((sum, count) => sum + count),
  };
}

export function countersSince(before: ProcessCounters, after: ProcessCounters): ProcessCounters {
  return {
    main: difference(after.main, before.main),
    others: difference(after.others, before.others),
    readsAndWrites: after.readsAndWrites - before.readsAndWrites,
  };
}

function sumOf(times: readonly CpuTime[]): CpuTime {
  return times.reduce<CpuTime>(
    (sum, { user, kernel }) => ({ user: sum.user + user, kernel: sum.kernel + kernel }),
    { user: 0, kernel: 0 },
  );
}

/** Never below nothing: a thread that has ended is not counted any more. */
function difference(after: CpuTime, before: CpuTime): CpuTime {
  return {
    user: Math.max(0, after.user - before.user),
    kernel: Math.max(0, after.kernel - before.kernel),
  };
}
