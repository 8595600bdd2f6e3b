export type * from "./call.ts";
export {
  CLIENT_LIMITS,
  type ConnectionLimits,
  SERVER_LIMITS,
  type ServerLimits,
} from "./limits.ts";
export type { Metadata } from "./metadata.ts";
export { createRpcServer, type RpcServer, type RpcServerOptions } from "./server.ts";
export type { Fallback } from "./server-core.ts";
export { Status, type StatusCode } from "./status.ts";
