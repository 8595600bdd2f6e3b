/**
 * The SDK over `@grpc/grpc-js` instead of its own gRPC: for those whose interceptors, proxies or tracing hang on it.
 * `@grpc/grpc-js` is a peer dependency, so it is the copy that the application has.
 */
import type { OpenTransport } from "../transport/h2.ts";
import { GrpcCaller, type GrpcTransportOptions } from "./grpc-caller.ts";

export type { OpenTransport } from "../transport/h2.ts";
export type { ClosableCaller } from "../transport/transport.ts";
export type { GrpcTransportOptions } from "./grpc-caller.ts";
export { type GrpcResolverOptions, registerGrpcResolver } from "./resolver.ts";

/**
 * A transport for {@link connect} that makes its calls with `@grpc/grpc-js`. Endpoints, failover, deadlines and outcomes are
 * as with the transport of the SDK itself.
 *
 * @example
 * ```ts
 * import { connect } from "@conclave/client";
 * import { grpcTransport } from "@conclave/client/grpc-js";
 *
 * const transport = grpcTransport({ channelOptions: { "grpc.max_receive_message_length": 64 * 2 ** 20 } });
 * await using overGrpc = await connect(["http://127.0.0.1:2379"], { transport });
 * await overGrpc.kv.put("greeting", "hello");
 * ```
 */
export function grpcTransport(options: GrpcTransportOptions = {}): OpenTransport {
  return (endpoints, tls) => new GrpcCaller(endpoints, tls, options);
}
