import { setTimeout as sleep } from "node:timers/promises";
import { ChaosCluster, type ChaosMember } from "../cluster.ts";
import type { Impairment } from "../network/packet-rules.ts";
import { DEFAULT_CLUSTER, type FigureOptions } from "./failover.ts";
import { Writers } from "./writers.ts";

/** How a follower is kept away from a leader that has its quorum without it. */
const ABSENCES = ["cut off", "deaf", "mute", "stopped", "killed"] as const;
export type Absence = (typeof ABSENCES)[number];

export interface DisruptionReport {
  readonly trials: number;
  /** Trials after which another term had begun, and how its follower had been away. */
  readonly disrupted: readonly Absence[];
}

/** Past every election timeout of the one that is away. */
const AWAY_MS = 2_300;
/** After its return: long enough for what it may have begun. */
const BACK_MS = 1_200;

/** A follower goes away and comes back, again and again: the others keep their leader. Thesis 4.2.3, R14. */
export async function disruption(options: FigureOptions): Promise<DisruptionReport> {
  await using cluster = await ChaosCluster.start({ ...options, ...DEFAULT_CLUSTER });
  await using _writers = await Writers.start(cluster.endpoints, 1);
  const disrupted: Absence[] = [];
  for (let trial = 0; trial < options.trials; trial += 1) {
    const absence = ABSENCES[trial % ABSENCES.length] ?? "cut off";
    const leader = await cluster.awaitLeader();
    const followers = cluster.members.filter((member) => member !== leader);
    const follower = followers[trial % followers.length];
    if (follower === undefined) throw new Error("a cluster has followers");
    const before = (await leader.status()).raftTerm;
    await goAway(cluster, follower, absence);
    await sleep(BACK_MS);
    const after = await (await cluster.awaitLeader()).status();
    if (after.raftTerm !== before) disrupted.push(absence);
  }
  return { trials: options.trials, disrupted };
}

async function goAway(
  cluster: ChaosCluster,
  follower: ChaosMember,
  absence: Absence,
): Promise<void> {
  if (absence === "stopped") {
    await follower.stop();
    await sleep(AWAY_MS);
    await follower.goOn();
  } else if (absence === "killed") {
    await follower.process.kill();
    await sleep(AWAY_MS);
    await follower.process.restart();
  } else {
    const cuts = cutsOf(cluster, follower, absence);
    await cluster.network.impose(...cuts);
    await sleep(AWAY_MS);
    await cluster.network.lift(...cuts);
  }
}

function cutsOf(
  { members }: ChaosCluster,
  { name }: ChaosMember,
  absence: "cut off" | "deaf" | "mute",
): Impairment[] {
  const others = members.map((member) => member.name).filter((other) => other !== name);
  const incoming = others.map((from): Impairment => ({ kind: "cut", from, to: name }));
  const outgoing = others.map((to): Impairment => ({ kind: "cut", from: name, to }));
  if (absence === "deaf") return incoming;
  if (absence === "mute") return outgoing;
  return [...incoming, ...outgoing];
}
