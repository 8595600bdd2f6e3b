import type { RpcServer } from "@conclave/rpc";
import { clusterVersionOf, type ServerConfig } from "../config.ts";
import type { MemberNode } from "../node/member-node.ts";
import { registerClusterService } from "./cluster-service.ts";
import { registerElectionService } from "./election-service.ts";
import { registerHealthService } from "./health-service.ts";
import { registerKvService } from "./kv-service.ts";
import { LeaderRequirement } from "./leader-requirement.ts";
import { registerLeaseService } from "./lease-service.ts";
import { registerLockService } from "./lock-service.ts";
import { registerMaintenanceService } from "./maintenance-service.ts";
import { MemberClient } from "./member-client.ts";
import { registerUnimplementedServices } from "./unimplemented-services.ts";
import { registerWatchService } from "./watch-service.ts";

/** Registers everything that clients can call on a member. */
export function registerServices(server: RpcServer, node: MemberNode, config: ServerConfig): void {
  const { member } = node;
  const hasLeader = (): boolean => member.raft.leader !== 0n;
  const { electionTimeoutMs } = config;
  const leaderRequirement = new LeaderRequirement({ hasLeader, electionTimeoutMs });
  node.onTick((nowMs) => leaderRequirement.onTick(nowMs));
  const client = new MemberClient(member);
  registerKvService(server, member, leaderRequirement, {
    requestBytesMax: config.maxRequestBytes,
    txnOpsMax: config.maxTxnOps,
  });
  registerWatchService(server, member, leaderRequirement);
  registerLeaseService(server, member, leaderRequirement);
  registerLockService(server, client);
  registerElectionService(server, client);
  registerClusterService(server, member);
  registerMaintenanceService(server, member, {
    version: config.emulatedVersion.text,
    clusterVersion: clusterVersionOf(config.emulatedVersion),
    quotaBytes: config.quotaBackendBytes,
  });
  registerHealthService(server, hasLeader);
  registerUnimplementedServices(server);
}
