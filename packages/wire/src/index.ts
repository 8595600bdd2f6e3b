export { DecodeError, UnsafeIntegerError } from "./codec/decode-error.ts";
export type { Encodable, MessageCodec } from "./codec/message-codec.ts";
export type { AnyMethod, MethodDescriptor, ServiceDescriptor } from "./codec/method.ts";
export { EMPTY_BYTES, NESTING_DEPTH_MAX } from "./codec/reader.ts";
export { Writer } from "./codec/writer.ts";
export { type EtcdError, goErrorText } from "./etcd-error.ts";
export * from "./generated/index.ts";
export { Code, codeName } from "./grpc-code.ts";
export { WatchCancelReasons } from "./watch-cancel-reasons.ts";
