import type { Metadata } from "./metadata.ts";
import type { StatusCode } from "./status.ts";

/** What is known about the connection a call came on. */
export interface PeerAddress {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Common name of a verified TLS client certificate, else null. */
  readonly certificateName: string | null;
}

/**
 * One unary call at the server. The record is pooled: valid from the handler's start until the handler calls
 * `reply` or `fail`, exactly one of which it must call, once, now or in a later turn. If the client is gone by
 * then, the answer is dropped silently.
 */
export interface UnaryCall {
  readonly path: string;
  readonly metadata: Metadata;
  readonly peer: PeerAddress;
  /** Monotonic ms after which nobody waits for the answer; Infinity without `grpc-timeout`. */
  readonly deadlineMs: number;
  /** True once the client cancelled, its deadline passed or its connection ended. */
  readonly cancelled: boolean;
  /** Called once, when `cancelled` becomes true before an answer was given. The call must still be answered. */
  onCancel: (() => void) | null;
  /** Sends the answer with status OK. The bytes must not be changed afterwards: they may have to wait. */
  reply(message: Uint8Array): void;
  fail(code: StatusCode, message: string): void;
  /** Adds metadata to the answer: before the message (initial), or after it (trailing). Call before `reply` or `fail`. */
  addInitialMetadata(name: string, value: string): void;
  addTrailingMetadata(name: string, value: string): void;
  /**
   * Ends the connection that the call came on, and every call on it: what comes there cannot be believed. The call must
   * still be answered; nobody hears it.
   */
  dropConnection(reason: string): void;
}

/** `message` is a view into the connection's receive buffer: valid only until the handler returns. */
export type UnaryHandler = (call: UnaryCall, message: Uint8Array) => void;

/** One streaming call (server-streaming, client-streaming or bidirectional) at the server. */
export interface ServerStream {
  readonly path: string;
  readonly metadata: Metadata;
  readonly peer: PeerAddress;
  readonly deadlineMs: number;
  /**
   * Sends one message, whose bytes must not be changed afterwards: they may have to wait. False: more is buffered than the
   * stream's high-water mark, so stop until `onDrain`. A sender that goes on anyway is cut at the connection's limit.
   *
   * @param rest the end of the message, where many messages end alike. What comes before is free again when this returns.
   */
  send(message: Uint8Array, rest?: Uint8Array): boolean;
  /** Whether `send` would still be within the high-water mark. */
  readonly writable: boolean;
  /** Ends the stream with a status. Later calls of `send` and `end` do nothing. */
  end(code: StatusCode, message?: string): void;
  /** Stops granting receive window until `resume`; at most one window of messages still arrives. */
  pause(): void;
  resume(): void;
  /** As for {@link UnaryCall}. Initial metadata leaves when the opener returns or the first message is sent. */
  addInitialMetadata(name: string, value: string): void;
  addTrailingMetadata(name: string, value: string): void;
  /** As for {@link UnaryCall}; the handler is told by `onCancel`. */
  dropConnection(reason: string): void;
}

/** What the service does with a stream. All are called in order, never re-entrantly. */
export interface ServerStreamHandler {
  /** `message` is valid only until this returns, unless `isOwned`: then it is the handler's for good. */
  onMessage(message: Uint8Array, isOwned: boolean): void;
  /** The client will send no more. Server-streaming handlers see one onMessage, then this. */
  onHalfClose(): void;
  /** The client went away (cancel, deadline, connection). `end` need not be called any more. */
  onCancel(): void;
  onDrain(): void;
}

export type StreamOpener = (stream: ServerStream) => ServerStreamHandler;

/** How a client call ended. */
export interface CallStatus {
  readonly code: StatusCode;
  readonly message: string;
  readonly trailers: Metadata;
  /**
   * Whether any byte of the request may have reached the server. False means certainly not applied: refused
   * before sending, or the server said so (GOAWAY beyond the stream's id, RST_STREAM REFUSED_STREAM).
   */
  readonly mayHaveReachedServer: boolean;
  /** The endpoint that the call was sent to, null if it was not sent. */
  readonly endpoint: string | null;
}

export interface CallOptions {
  /** Names in lower case, not those of gRPC itself; values in printable ASCII. TypeError otherwise. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Per-call limit in ms, sent as `grpc-timeout` and enforced here. Default: none. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /**
   * Wait for a connection while none is up (until the deadline) instead of failing with UNAVAILABLE. Default false:
   * the call still waits while an endpoint is being tried for the first time, and fails once all were tried in vain.
   */
  readonly waitForReady?: boolean;
  /** Only this endpoint, as the channel lists it, may serve the call. */
  readonly endpoint?: string;
  /** This endpoint may serve the call only if no other one is connected. */
  readonly avoidEndpoint?: string;
}

/**
 * `response` is owned by the callee (a copy of its own), null unless the status is OK. Called exactly once, and never
 * from inside `unary`.
 */
export type UnaryCallback = (status: CallStatus, response: Uint8Array | null) => void;

/** The client's end of a streaming call. */
export interface ClientStream {
  /** The endpoint that the stream was opened on, null until it was. */
  readonly endpoint: string | null;
  /** As for {@link ServerStream.send}. */
  send(message: Uint8Array): boolean;
  readonly writable: boolean;
  halfClose(): void;
  /** Resets the stream; `onEnd` follows with CANCELLED. */
  cancel(): void;
  pause(): void;
  resume(): void;
}

export interface ClientStreamHandler {
  /** Response headers arrived: the server has accepted the stream. */
  onOpen?(metadata: Metadata): void;
  /** `message` is valid only until this returns. */
  onMessage(message: Uint8Array): void;
  /** Exactly once, last. */
  onEnd(status: CallStatus): void;
  onDrain?(): void;
}

/** Anything calls can be made on: a balanced {@link Channel}, one connection, an in-memory pair. */
export interface Caller {
  unary(path: string, request: Uint8Array, options: CallOptions, callback: UnaryCallback): void;
  stream(path: string, options: CallOptions, handler: ClientStreamHandler): ClientStream;
}
