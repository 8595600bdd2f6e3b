import { eventually } from "../../support/eventually.ts";
import { ChaosCluster } from "../cluster.ts";
import { Writers } from "./writers.ts";

export interface FigureOptions {
  readonly server: string;
  readonly directory: string;
  readonly trials: number;
}

export interface FailoverReport {
  /** From SIGKILL of the leader to the answer to the first write that was asked for after it; one for each trial, ms. */
  readonly timesMs: readonly number[];
}

const WRITERS = 4;
const NEXT_WRITE_MS_MAX = 30_000;

/** The settings that a member has if nobody says otherwise. */
export const DEFAULT_CLUSTER = {
  size: 3,
  heartbeatIntervalMs: 100,
  electionTimeoutMs: 1_000,
  snapshotCount: 10_000,
  hasClocks: false,
} as const;

/** How long nobody can write after a leader lost its power. */
export async function failover(options: FigureOptions): Promise<FailoverReport> {
  await using cluster = await ChaosCluster.start({ ...options, ...DEFAULT_CLUSTER });
  await using writers = await Writers.start(cluster.endpoints, WRITERS);
  const timesMs: number[] = [];
  for (let trial = 0; trial < options.trials; trial += 1) {
    const leader = await cluster.awaitLeader();
    const killedMs = performance.now();
    await leader.process.kill();
    const next = await eventually(() => firstSince(writers, killedMs), NEXT_WRITE_MS_MAX, 5);
    timesMs.push(Math.round(next - killedMs));
    await leader.process.restart();
    await cluster.healthy();
  }
  return { timesMs };
}

function firstSince({ acknowledged }: Writers, sinceMs: number): number {
  const times = acknowledged.filter(({ invokedMs }) => invokedMs >= sinceMs);
  if (times.length === 0) throw new Error("void: no write was acknowledged after the leader died");
  return Math.min(...times.map(({ ackedMs }) => ackedMs));
}
