import { setTimeout as sleep } from "node:timers/promises";
import { ChaosCluster } from "../cluster.ts";
import { DEFAULT_CLUSTER, type FigureOptions } from "./failover.ts";
import { Writers } from "./writers.ts";

export interface HandOverReport {
  /** The longest time without an acknowledged write, from SIGTERM of the leader until its process had ended; one a trial, ms. */
  readonly gapsMs: readonly number[];
  /** Writes that ended with an error, over all trials. */
  readonly failures: readonly string[];
}

const WRITERS = 8;
/** Members that have just come up are busy with themselves. */
const REST_MS = 500;

/** How long nobody can write while a leader is shut down in order, and what becomes of the writes under way. */
export async function handOver(options: FigureOptions): Promise<HandOverReport> {
  await using cluster = await ChaosCluster.start({ ...options, ...DEFAULT_CLUSTER });
  await using writers = await Writers.start(cluster.endpoints, WRITERS);
  const gapsMs: number[] = [];
  for (let trial = 0; trial < options.trials; trial += 1) {
    await sleep(REST_MS);
    const leader = await cluster.awaitLeader();
    const fromMs = performance.now();
    const code = await leader.process.terminate();
    const toMs = performance.now();
    if (code !== 0) throw new Error(`${leader.name} ended with ${code} after SIGTERM`);
    await sleep(REST_MS);
    gapsMs.push(longestGap(writers, fromMs, toMs));
    await leader.process.restart();
    await cluster.healthy();
  }
  return { gapsMs, failures: writers.failures };
}

/** The longest gap that touches the time between. */
function longestGap({ acknowledged }: Writers, fromMs: number, toMs: number): number {
  const times = acknowledged.map(({ ackedMs }) => ackedMs).sort((a, b) => a - b);
  let longest = 0;
  for (let at = 1; at < times.length; at += 1) {
    const [before = 0, after = 0] = [times[at - 1], times[at]];
    if (after >= fromMs && before <= toMs) longest = Math.max(longest, after - before);
  }
  if ((times.at(-1) ?? 0) < toMs) throw new Error("void: no write was acknowledged afterwards");
  return Math.round(longest);
}
