import { type RpcServer, Status } from "@conclave/rpc";
import { Auth, Cluster, Maintenance, type ServiceDescriptor } from "@conclave/wire";

/** Methods of etcd's API that this server knows by name and does not serve yet. */
const NOT_SERVED: readonly (readonly [string, ServiceDescriptor, readonly string[]])[] = [
  ["Auth", Auth, Object.keys(Auth)],
  ["Cluster", Cluster, ["MemberAdd", "MemberRemove", "MemberUpdate", "MemberPromote"]],
  ["Maintenance", Maintenance, ["Snapshot", "MoveLeader", "Downgrade"]],
];

/** Answers them with UNIMPLEMENTED and their name, so that nobody mistakes a gap for a fault. */
export function registerUnimplementedServices(server: RpcServer): void {
  for (const [service, descriptor, methods] of NOT_SERVED) {
    for (const name of methods) {
      const path = descriptor[name]?.path;
      if (path === undefined) continue;
      server.unary(path, (call) => {
        call.fail(Status.UNIMPLEMENTED, `${service}.${name} is not implemented by this server`);
      });
    }
  }
}
