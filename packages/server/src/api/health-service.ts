import { type RpcServer, Status } from "@conclave/rpc";
import { Health, HealthCheckRequest, HealthCheckResponse, ServingStatus } from "@conclave/wire";

/** grpc.health.v1 for the whole server (service ""), as etcd has it: serving while this member can serve reads. */
export function registerHealthService(server: RpcServer, isServing: () => boolean): void {
  const statusOf = (body: Uint8Array): ServingStatus | null => {
    if (HealthCheckRequest.decode(body).service !== "") return null;
    return isServing() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  };
  server.unary(Health.Check.path, (call, body) => {
    const status = statusOf(body);
    if (status === null) call.fail(Status.NOT_FOUND, "unknown service");
    else call.reply(HealthCheckResponse.encode({ status }));
  });
}
