import { Cluster, type ClusterOptions } from "@conclave/testing/cluster";

/** For tests of the checks: a small cluster without hurry or hindrance. None of its members is started. */
export function threeMembers(
  more: Pick<ClusterOptions, "onBooted" | "strictReconfigCheck"> = {},
): Cluster {
  return new Cluster({
    seed: 1,
    size: 3,
    disk: { syncMsMax: 1, flushMsMax: 1 },
    network: { delayMsMax: 1 },
    heartbeatIntervalMs: 50,
    electionTimeoutMs: 500,
    preVote: true,
    snapshotCount: 1_000,
    keptEntriesMax: 0,
    ...more,
  });
}
