import { WHOLE_CLUSTER } from "@conclave/state-machine";
import { AlarmType } from "@conclave/wire";
import type { MemberNode } from "../node/member-node.ts";
import type { HealthSource } from "./health.ts";

/** What the health endpoints want to know, from the member itself. */
export function healthSourceOf(node: MemberNode): HealthSource {
  const { member } = node;
  const isFor = (id: bigint): boolean => id === member.id || id === WHOLE_CLUSTER;
  return {
    hasLeader: () => member.raft.leader !== 0n,
    isLearner: () => member.raft.role === "learner",
    // A member that stands back with its own damage leaves the others healthy.
    activeAlarms: () =>
      member.machine
        .alarms()
        .filter(({ alarm, memberID }) => alarm !== AlarmType.CORRUPT || isFor(memberID))
        .map(({ alarm }) => (alarm === AlarmType.NOSPACE ? "NOSPACE" : "CORRUPT")),
    // As in etcd, a member is healthy once the others can find it.
    linearizableRead: async () => {
      await node.published;
      await new Promise<void>((resolve, reject) => {
        member.readLinearizable({
          onReadable: resolve,
          onRefused: (error) => reject(new Error(error.message)),
        });
      });
    },
    serializableRead: async () => {},
  };
}
