import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seededPrng } from "@conclave/base";
import { History as Holds } from "../../packages/testing/src/history.ts";
import { checkMembers } from "./checks/members.ts";
import { ChaosCluster } from "./cluster.ts";
import { FaultPlayer } from "./faults/fault-player.ts";
import { drawPlan, FAULT_KINDS } from "./faults/plan.ts";
import { History as Operations } from "./operations.ts";
import { drawCluster, type RunOptions, type RunReport } from "./run-options.ts";
import { agreedLedger, agreedRevision, verify } from "./verify.ts";
import { Crew } from "./workers/crew.ts";
import type { Scene } from "./workers/worker.ts";

/** Acknowledged writes that a run has to have before its faults, and again after them, to say anything. Count. */
const WRITES_MIN = 100;
/** A machine that has too much else to do for that makes the run void. Milliseconds. */
const WRITES_MS_MAX = 90_000;
/** V1: after the last fault the next write is acknowledged in this time. Milliseconds. */
const RECOVERY_MS_MAX = 30_000;

/** One run: a cluster at work, a plan of faults, rest, and then every promise is looked at. */
export async function run(options: RunOptions, losesData = false): Promise<RunReport> {
  const prng = seededPrng(options.seed);
  const drawn = drawCluster(prng);
  const limits = {
    faults: options.faults,
    holdMsMax: options.holdMsMax,
    kinds: (options.kinds ?? FAULT_KINDS).filter(
      (kind) => options.hasFaketime || kind !== "clock-step",
    ),
  };
  const plan = drawPlan(prng, limits);
  const hasClocks = plan.some(({ kind }) => kind === "clock-step");
  const hasSpare = plan.some(({ kind }) => kind === "replace");
  await using cluster = await ChaosCluster.start({ ...options, ...drawn, hasClocks, hasSpare });
  const nowMs = () => performance.now();
  const holds = new Holds(nowMs, `seed ${options.seed}`);
  const problems: string[] = [];
  const fail = (problem: string) => problems.push(problem);
  const scene: Scene = { cluster, prng, operations: new Operations(), holds, nowMs, fail };
  const faults = new FaultPlayer(cluster, (text) => holds.note(`FAULT ${text}`));
  try {
    await using crew = new Crew(scene);
    crew.start();
    await crew.progress(WRITES_MIN, WRITES_MS_MAX);
    await faults.play(plan);
    const recoveryMs = await recover(cluster, crew);
    crew.stopWriting();
    await crew.writersEnded();
    if (losesData) await losePower(scene, options.directory);
    else if (drawn.endsWithPowerLoss) await losePower(scene);
    await finish(scene, crew);
    if (problems.length > 0) throw new Error(problems.join("\n"));
    faults.checkRunning();
    return reportOf(scene, options, faults, recoveryMs);
  } catch (error) {
    keep(options.directory, scene);
    throw error;
  }
}

async function recover(cluster: ChaosCluster, crew: Crew): Promise<number> {
  const healedMs = performance.now();
  const firstMs = crew.nextWrite(RECOVERY_MS_MAX).then(() => performance.now() - healedMs);
  await Promise.all([firstMs, cluster.healthy()]);
  await crew.progress(WRITES_MIN, WRITES_MS_MAX);
  return firstMs;
}

/** What was acknowledged has to be on the members' disks, unless these are wiped. */
async function losePower({ cluster, holds }: Scene, wiped: string | null = null): Promise<void> {
  holds.note("FAULT all members lose power");
  await Promise.all(cluster.members.map(({ process }) => process.kill()));
  for (const { name, process } of cluster.members) {
    if (wiped !== null) rmSync(join(wiped, name), { recursive: true });
    process.start();
  }
  await cluster.healthy();
}

async function finish(scene: Scene, crew: Crew): Promise<void> {
  const { cluster } = scene;
  await checkMembers(cluster);
  await crew.leasesEnded();
  const revision = await agreedRevision(cluster);
  const ledger = await agreedLedger(cluster, revision);
  await crew.watchersHaveSeen(ledger);
  verify(scene, ledger, (at) => crew.seenMs(at));
}

/** A run in which all members lose their data in the end. @returns what it finds wrong; null if nothing */
export async function canary(options: RunOptions): Promise<string | null> {
  try {
    await run(options, true);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function reportOf(
  scene: Scene,
  { seed }: RunOptions,
  faults: FaultPlayer,
  recoveryMs: number,
): RunReport {
  const { writes, reads, leases } = scene.operations;
  const answered = writes.filter(({ revision }) => revision > 0);
  return {
    seed,
    members: scene.cluster.members.length,
    faults: Object.fromEntries(faults.counts),
    operations: answered.length + reads.length + leases.length,
    unknown: writes.filter(({ revision, isRefused }) => revision === 0 && !isRefused).length,
    revisions: scene.holds.changes.at(-1)?.revision ?? 0,
    eventsWatched: scene.holds.watches.reduce((sum, { delivered }) => sum + delivered.length, 0),
    holds: scene.holds.holds.length,
    recoveryMs: Math.round(recoveryMs),
    seconds: Math.round(performance.now() / 1_000),
  };
}

/** For whoever looks into a run that failed: what clients asked and were told, beside the members' logs. */
function keep(directory: string, { operations, holds }: Scene): void {
  const text = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}` : value);
  const history = {
    operations,
    holds: holds.holds,
    watches: holds.watches,
    changes: holds.changes,
  };
  writeFileSync(join(directory, "history.json"), JSON.stringify(history, text));
  writeFileSync(join(directory, "notes.txt"), `${holds.lines.join("\n")}\n`);
}
