import { AlarmType } from "@conclave/wire";
import type { Member } from "../node/member.ts";
import type { HealthSource } from "./health.ts";

/** What the health endpoints want to know, from the member itself. */
export function healthSourceOf(member: Member): HealthSource {
  return {
    hasLeader: () => member.raft.leader !== 0n,
    isLearner: () => member.raft.role === "learner",
    activeAlarms: () =>
      member.machine
        .alarms()
        .map(({ alarm }) => (alarm === AlarmType.NOSPACE ? "NOSPACE" : "CORRUPT")),
    linearizableRead: () =>
      new Promise((resolve, reject) => {
        member.readLinearizable({
          onReadable: resolve,
          onRefused: (error) => reject(new Error(error.message)),
        });
      }),
    serializableRead: async () => {},
  };
}
