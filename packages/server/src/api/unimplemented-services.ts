import { type RpcServer, Status, type StatusCode } from "@conclave/rpc";
import { Auth, Maintenance, type ServiceDescriptor } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";

/** Methods of etcd's API that this server knows by name and does not serve yet. */
const NOT_SERVED: readonly (readonly [string, ServiceDescriptor, readonly string[]])[] = [
  ["Auth", Auth, Object.keys(Auth).filter((name) => name !== "Authenticate")],
  ["Maintenance", Maintenance, ["Snapshot", "MoveLeader", "Downgrade"]],
];

/** Answers them with UNIMPLEMENTED and their name, so that nobody mistakes a gap for a fault. */
export function registerUnimplementedServices(server: RpcServer): void {
  // Clients that bring credentials go on without a token after this, as with an etcd whose auth is off.
  const { code, message } = EtcdErrors.authNotEnabled;
  server.unary(Auth.Authenticate.path, (call) => call.fail(code as StatusCode, message));
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
