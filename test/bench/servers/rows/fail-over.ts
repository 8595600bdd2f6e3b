import { eventually } from "../../../support/eventually.ts";
import { RawClient } from "../../../support/raw-client.ts";
import type { Deployment, MemberProcess } from "../../../support/server-process.ts";
import { LoadProcess } from "../load-process.ts";
import type { ServerRow } from "../row.ts";

/** What writers saw of a disturbance, in the words of the Go program. */
interface Disturbance {
  readonly nextWriteMs: number;
  readonly longestGapMs: number;
  readonly failures: readonly string[];
}

const WRITERS = { callers: 8 } as const;

/** How long nobody can write when a leader is lost, and when it is shut down in order. */
export const failOver: ServerRow = {
  name: "fail-over",
  title: "The leader of 3 members is killed, or shut down in order, under 8 writers",
  members: 3,
  figures: [
    { name: "killed", title: "killed, to the next write, ms", isBetter: "less", valueGoal: 2_000 },
    { name: "killedFailed", title: "killed, failed writes", isBetter: "less" },
    { name: "stopped", title: "shut down, longest pause, ms", isBetter: "less", valueGoal: 100 },
    { name: "stoppedFailed", title: "shut down, failed writes", isBetter: "less", valueGoal: 0 },
  ],
  async measure(deployment) {
    const killed = await disturbed(deployment, (leader) => leader.kill());
    const stopped = await disturbed(deployment, (leader) => leader.terminate());
    return {
      figures: {
        killed: killed.nextWriteMs,
        killedFailed: killed.failures.length,
        stopped: stopped.longestGapMs,
        stoppedFailed: stopped.failures.length,
      },
    };
  },
};

/** Ends the leader while writers work, and brings it back once they have written again. */
async function disturbed(
  deployment: Deployment,
  end: (leader: MemberProcess) => Promise<unknown>,
): Promise<Disturbance> {
  await using writers = new LoadProcess("writers", deployment.endpoints, WRITERS);
  await writers.next("writing");
  const leader = await eventually(() => leaderOf(deployment));
  writers.tell("begin");
  await writers.next("begun");
  await end(leader);
  writers.tell("end");
  const seen = await writers.next<Disturbance>("ended");
  await leader.restart();
  return seen;
}

async function leaderOf(deployment: Deployment): Promise<MemberProcess> {
  for (const member of deployment.members) {
    using client = new RawClient(member.endpoint);
    const status = await client.call("Maintenance.Status", {});
    if (status.leader === status.header.member_id) return member;
  }
  throw new Error("no member leads");
}
