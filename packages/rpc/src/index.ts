export { type Abortable, AbortRegistry, keepListening } from "./abort-registry.ts";
export type { BackoffOptions } from "./backoff.ts";
export type * from "./call.ts";
export {
  Channel,
  type ChannelOptions,
  createChannel,
  type EndpointState,
} from "./channel.ts";
export { type Dial, type DialResult, socketDial, type TlsClientOptions } from "./dial.ts";
export { type MemoryNetwork, memoryChannel, memoryDial, memoryLinks } from "./in-memory.ts";
export {
  CLIENT_LIMITS,
  type ConnectionLimits,
  SERVER_LIMITS,
  type ServerLimits,
} from "./limits.ts";
export type { ByteLink, LinkReceiver } from "./link.ts";
export type { Metadata } from "./metadata.ts";
export { createRpcServer, RpcServer, type RpcServerOptions } from "./server.ts";
export type { Fallback } from "./server-core.ts";
export {
  createPort,
  type PortOptions,
  type ProtocolHandlers,
  type SniffOptions,
  sniff,
} from "./sniff.ts";
export { Status, type StatusCode } from "./status.ts";
export { parseTarget, type Target } from "./target.ts";
export type { RateLimit } from "./token-bucket.ts";
export { type AtTurnEnd, clockTurn, eventLoopTurn } from "./turn.ts";
