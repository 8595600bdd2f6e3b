import { eventually } from "../../support/eventually.ts";
import type { ChaosMember } from "../cluster.ts";
import type { ActiveFault, BeginFault, FaultScene } from "./active-fault.ts";

/** A member that comes back while others are cut off serves nothing yet; the next one is not kept waiting for ever. */
const ROLLING_WAIT_MS = 5_000;
const UP_TIMEOUT_MS = 10_000;

/** The power cord. */
export const kill: BeginFault = (scene) =>
  withProcesses(scene, [scene.member], "kill -9", {
    begin: (member) => member.process.kill(),
    end: async (member) => member.process.start(),
  });

/** The power cord of the rack. */
export const killAll: BeginFault = (scene) =>
  withProcesses(scene, [...scene.cluster.members], "kill -9", {
    begin: (member) => member.process.kill(),
    end: async (member) => member.process.start(),
  });

/** SIGSTOP, then SIGCONT: it wakes up believing that no time has passed. */
export const stop: BeginFault = (scene) =>
  withProcesses(scene, [scene.member], "SIGSTOP", {
    begin: (member) => member.stop(),
    end: (member) => member.goOn(),
  });

export const terminate: BeginFault = (scene) =>
  withProcesses(scene, [scene.member], "SIGTERM", {
    begin: endInOrder,
    end: async (member) => member.process.start(),
  });

export const rollingRestart: BeginFault = async (scene) => {
  const members = [...scene.cluster.members];
  if (!scene.take(members)) return null;
  const roll = async () => {
    for (const member of members) {
      await endInOrder(member);
      member.process.start();
      await member.process.waitHealthy(ROLLING_WAIT_MS).catch((error: Error) => {
        if (!member.process.running) throw error;
      });
    }
  };
  // A failure is told when the fault is ended.
  const rolled = roll().then(
    () => null,
    (error: unknown) => error,
  );
  const end = async () => {
    const error = await rolled;
    scene.leave(members);
    if (error !== null) throw error;
  };
  return { text: "restart of one after the other", end };
};

async function endInOrder(member: ChaosMember): Promise<void> {
  // A process that is still loading its code dies of the signal. One that clients cannot reach has had its time.
  await eventually(() => member.status(), UP_TIMEOUT_MS).catch(() => {});
  const code = await member.process.terminate();
  if (code !== 0) throw new Error(`${member.name} ended with ${code} after SIGTERM`);
}

interface Steps {
  readonly begin: (member: ChaosMember) => Promise<void>;
  readonly end: (member: ChaosMember) => Promise<void>;
}

async function withProcesses(
  scene: FaultScene,
  members: readonly ChaosMember[],
  what: string,
  steps: Steps,
): Promise<ActiveFault | null> {
  if (!scene.take(members)) return null;
  await Promise.all(members.map(steps.begin));
  const end = async () => {
    await Promise.all(members.map(steps.end));
    scene.leave(members);
  };
  return { text: `${what} ${members.map(({ name }) => name).join(" ")}`, end };
}
