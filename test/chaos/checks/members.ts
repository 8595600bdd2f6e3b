import { isDeepStrictEqual } from "node:util";
import { check } from "../../simulation/checks/violation.ts";
import { eventually } from "../../support/eventually.ts";
import type { ChaosCluster } from "../cluster.ts";
import { listMembers } from "../membership.ts";

const AGREE_TIMEOUT_MS = 20_000;

/** Who is listed, at every member, is who runs, under its own id and with a vote; who was removed has ended (F27, R13). */
export async function checkMembers(cluster: ChaosCluster): Promise<void> {
  await eventually(async () => {
    const statuses = await Promise.all(cluster.members.map((member) => member.status()));
    const running = cluster.members.map(({ name }, at) => {
      check(statuses[at]?.isLearner === false, () => `R13: ${name} has no vote`);
      return `${statuses[at]?.header?.memberId.toString(16)} ${name} ${cluster.peerUrlOf(name)}`;
    });
    for (const { name, channel } of cluster.members) {
      const members = await listMembers(channel, false);
      const listed = members.map(
        ({ ID, name, peerURLs }) => `${ID.toString(16)} ${name} ${peerURLs}`,
      );
      check(
        isDeepStrictEqual(listed.sort(), running.sort()),
        () => `R13: ${name} lists ${listed.join(", ")}, but there run ${running.join(", ")}`,
      );
    }
  }, AGREE_TIMEOUT_MS);
  for (const { name, process } of cluster.retired) {
    const code = await process.ended(AGREE_TIMEOUT_MS).catch(() => "not at all");
    check(code === 0, () => `${name} was removed and ended with ${code}\n${process.logTail()}`);
  }
}
