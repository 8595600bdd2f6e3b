import type { Deployment } from "../../../support/server-process.ts";
import { residentMiB } from "../cost.ts";
import { LoadProcess } from "../load-process.ts";
import { measureLoad, quantileMs } from "../measure-load.ts";
import type { ServerRow } from "../row.ts";

const CROWD = { connections: 16, callers: 256 } as const;
/** Of the steady load, beside the filled store. */
const PUTS_PER_SECOND = 10_000;
/** A stall of seconds has to fit into the time that it is looked for. */
const STEADY_TIMES_LONGER = 5;

/** One life of a store with a million keys: filled, worked on, stopped, started again. */
export const million: ServerRow = {
  name: "million",
  title: "A million keys: filled, held under 10,000 puts/s, restarted",
  members: 1,
  isFresh: true,
  figures: [
    { name: "fill", title: "filled, puts/s", isBetter: "more", ratioGoal: 2 },
    { name: "fillP99", title: "p99 while filling, ms", isBetter: "less" },
    { name: "resident", title: "RSS after it, MiB", isBetter: "less", ratioGoal: 0.75 },
    { name: "p50", title: "steady puts, p50, ms", isBetter: "less" },
    { name: "p99", title: "steady puts, p99, ms", isBetter: "less" },
    { name: "p999", title: "steady puts, p99.9, ms", isBetter: "less", ratioGoal: 1 },
    { name: "longest", title: "steady puts, the longest, ms", isBetter: "less" },
    { name: "restart", title: "restarted, to the first read, s", isBetter: "less", ratioGoal: 0.5 },
    { name: "residentAgain", title: "RSS after the restart, MiB", isBetter: "less" },
  ],
  async measure(deployment, { durationMs, isQuick }) {
    const keys = isQuick ? 2_000 : 1_000_000;
    const fill = await measureLoad(deployment, "fill", { ...CROWD, keys, count: 0 });
    const steady = await measureLoad(deployment, "steady-put", {
      ...CROWD,
      keys,
      rate: isQuick ? 500 : PUTS_PER_SECOND,
      seconds: (durationMs / 1000) * STEADY_TIMES_LONGER,
    });
    const restart = await restartSeconds(deployment, keys);
    return {
      quantiles: steady.quantiles,
      figures: {
        fill: fill.operations / fill.seconds,
        fillP99: quantileMs(fill, 0.99),
        resident: fill.residentMiB,
        p50: quantileMs(steady, 0.5),
        p99: quantileMs(steady, 0.99),
        p999: quantileMs(steady, 0.999),
        longest: quantileMs(steady, 1),
        restart,
        residentAgain: residentMiB(deployment),
      },
    };
  },
};

/** From the start of the process to the answer to a linearizable read. */
async function restartSeconds(deployment: Deployment, keys: number): Promise<number> {
  const member = deployment.nextMember();
  await member.terminate();
  await using reader = new LoadProcess("first-read", [member.endpoint], { keys });
  await reader.next("waiting");
  const startedMs = performance.now();
  member.start();
  await reader.next("read");
  return (performance.now() - startedMs) / 1000;
}
