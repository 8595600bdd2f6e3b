import { setTimeout as sleep } from "node:timers/promises";
import type { Member } from "@conclave/wire";
import type { ChaosCluster, ChaosMember } from "../cluster.ts";
import { Operator } from "../membership.ts";
import type { BeginFault, FaultScene } from "./active-fault.ts";

/** What a server refuses to start with, such as a cluster that it cannot find. */
const REFUSED = 2;
/** From its first start until it votes. Milliseconds. */
const JOIN_TIMEOUT_MS = 90_000;
const POLL_MS = 100;

/**
 * A member makes way for another (F27): its directory is lost, or it is removed while it runs, which may be before it hears of that. The new
 * one comes to the same address, or to another.
 */
export const replace: BeginFault = async (scene) => {
  const { cluster, member, plan } = scene;
  const spare = cluster.takeSpare();
  if (spare === null) return null;
  if (!scene.take([member])) {
    cluster.leaveSpare(spare);
    return null;
  }
  const isLost = plan.strength < 0.6;
  const place = isLost && plan.other < 0.5 ? member.name : spare;
  if (isLost) await cluster.loseDirectory(member);
  else cluster.retire(member);
  const text = `${isLost ? "loss of the directory" : "removal"} of ${member.name}, replaced by one at ${place}`;
  return { text, end: () => complete(scene, place, spare) };
};

async function complete(scene: FaultScene, place: string, spare: string): Promise<void> {
  const { cluster, member } = scene;
  const operator = new Operator(cluster, member);
  await operator.remove(cluster.peerUrlOf(member.name));
  const members = await operator.add(cluster.peerUrlOf(place));
  await cluster.clear(place);
  const newcomer = cluster.succeed(member, place, initialClusterOf(cluster, members));
  scene.take([newcomer]);
  newcomer.process.start();
  await untilItVotes(newcomer, operator, cluster);
  scene.leave([member, newcomer]);
  cluster.leaveSpare(place === spare ? member.name : spare);
}

/** As etcdctl prints it for a member that was added. */
function initialClusterOf(cluster: ChaosCluster, members: readonly Member[]): string {
  return members
    .map(({ peerURLs: [peerUrl = ""] }) => `${cluster.placeOf(peerUrl)}=${peerUrl}`)
    .join(",");
}

/** Whoever started it starts it again when it gave up because it could reach nobody. */
async function untilItVotes(
  newcomer: ChaosMember,
  operator: Operator,
  cluster: ChaosCluster,
): Promise<void> {
  const deadlineMs = performance.now() + JOIN_TIMEOUT_MS;
  const added = await operator.memberAt(cluster.peerUrlOf(newcomer.name));
  while (!(await votes(newcomer, added?.ID ?? 0n))) {
    const { process } = newcomer;
    if (!process.running) {
      const code = await process.ended();
      if (code !== REFUSED)
        throw new Error(`a new member ended with ${code}\n${process.logTail()}`);
      process.start();
    }
    if (performance.now() > deadlineMs) {
      throw new Error(`V1: a new member has no vote yet\n${process.logTail()}`);
    }
    await sleep(POLL_MS);
  }
}

async function votes(member: ChaosMember, id: bigint): Promise<boolean> {
  const status = await member.status().catch(() => null);
  if (status === null) return false;
  if (status.header?.memberId !== id) throw new Error(`${member.name} runs as somebody else`);
  return status.leader !== 0n && status.raftAppliedIndex > 0 && !status.isLearner;
}
