import type { RpcServer } from "@conclave/rpc";
import { clusterVersionOf, type ServerConfig } from "../config.ts";
import type { MemberNode } from "../node/member-node.ts";
import { CallGuard } from "./call-guard.ts";
import { registerClusterService } from "./cluster-service.ts";
import { registerElectionService } from "./election-service.ts";
import { HealthService } from "./health-service.ts";
import { registerKvService } from "./kv-service.ts";
import { registerLeaseService } from "./lease-service.ts";
import { registerLockService } from "./lock-service.ts";
import { registerMaintenanceService } from "./maintenance-service.ts";
import { MemberClient } from "./member-client.ts";
import { registerUnimplementedServices } from "./unimplemented-services.ts";
import { registerWatchService } from "./watch-service.ts";

/** Registers everything that clients can call on a member. @returns what can end their streams */
export function registerServices(
  server: RpcServer,
  node: MemberNode,
  config: ServerConfig,
): CallGuard {
  const { member } = node;
  const hasLeader = (): boolean => member.raft.leader !== 0n;
  const { electionTimeoutMs } = config;
  const refusal = () => member.stateGuard.quarantine.refusal;
  const isLearner = () => member.isLearner;
  const guard = new CallGuard({ hasLeader, refusal, isLearner, electionTimeoutMs });
  node.onRefusing((error) => guard.refuseStreams(error));
  node.onTick((nowMs) => guard.onTick(nowMs));
  const limits = { requestBytesMax: config.maxRequestBytes, txnOpsMax: config.maxTxnOps };
  const client = new MemberClient(member, limits);
  registerKvService(server, member, guard, limits);
  registerWatchService(server, member, guard);
  registerLeaseService(server, member, guard);
  registerLockService(server, client, guard);
  registerElectionService(server, client, guard);
  registerClusterService(server, member, guard);
  registerMaintenanceService(server, member, guard, {
    version: config.emulatedVersion.text,
    clusterVersion: clusterVersionOf(config.emulatedVersion),
    quotaBytes: config.quotaBackendBytes,
  });
  const health = new HealthService(() => hasLeader() && refusal() === null);
  health.register(server, guard);
  node.onTick(() => health.onTick());
  registerUnimplementedServices(server);
  return guard;
}
