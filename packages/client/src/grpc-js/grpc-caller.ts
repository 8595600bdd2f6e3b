import { type Clock, systemClock } from "@conclave/base";
import {
  AbortRegistry,
  type CallOptions,
  type ClientStream,
  type ClientStreamHandler,
  parseTarget,
  Status,
  type StatusCode,
  type UnaryCallback,
} from "@conclave/rpc";
import type { ChannelCredentials, ChannelOptions } from "@grpc/grpc-js";
import { LIMITS, type TlsOptions } from "../transport/h2.ts";
import type { ClosableCaller } from "../transport/transport.ts";
import type { GrpcCall } from "./grpc-call.ts";
import { GrpcEndpoint } from "./grpc-endpoint.ts";
import { GrpcStreamCall } from "./grpc-stream.ts";
import { GrpcUnaryCall } from "./grpc-unary.ts";

/**
 * What {@link grpcTransport} takes. All of it is optional.
 *
 * @example
 * ```ts
 * import { connect } from "@conclave/client";
 * import { grpcTransport } from "@conclave/client/grpc-js";
 * import { credentials } from "@grpc/grpc-js";
 *
 * const transport = grpcTransport({
 *   credentials: credentials.createInsecure(), // or of Google, or with call credentials of yours
 *   channelOptions: { "grpc.keepalive_time_ms": 20_000 },
 *   pendingCallsMax: 1_000, // fail rather than pile up while nothing is connected
 * });
 * await using client = await connect("http://127.0.0.1:2379", { transport });
 * await client.kv.put("greeting", "hello");
 * ```
 */
export interface GrpcTransportOptions {
  /** Options of grpc-js for every channel, over those that the SDK sets. */
  readonly channelOptions?: ChannelOptions;
  /** Credentials for every channel, in place of those made of `connect`'s `tls`. */
  readonly credentials?: ChannelCredentials;
  /** Calls that may wait for a connection. Over: TOO_LARGE. Count. Default 10,000. */
  readonly pendingCallsMax?: number;
}

const PENDING_CALLS_MAX = 10_000;

/** As the SDK's own transport does it; no retries, which are ours to decide. */
const CHANNEL_OPTIONS: ChannelOptions = {
  "grpc.keepalive_time_ms": LIMITS.keepaliveTimeMs,
  "grpc.keepalive_timeout_ms": LIMITS.keepaliveTimeoutMs,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 5_000,
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  "grpc.enable_retries": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.use_local_subchannel_pool": 1,
};

/** Makes calls over grpc-js on whichever endpoint is connected, in turn; keeps all of them connected from its first call on. */
export class GrpcCaller implements ClosableCaller {
  /** A call that waits for a connection keeps the process alive, which grpc-js does only for calls it has. */
  readonly #clock: Clock = systemClock({ keepsProcessAlive: true });
  readonly #endpoints: readonly GrpcEndpoint[];
  readonly #pendingCallsMax: number;
  readonly #aborts = new AbortRegistry();
  /** Calls that wait for a connection, in order. Invariant: at most `#pendingCallsMax`. */
  readonly #pending = new Set<GrpcCall>();
  readonly #started = new Set<GrpcCall>();
  #next = 0;
  #isConnecting = false;
  #isClosed = false;

  /** @throws TypeError for something that is not an endpoint */
  constructor(
    endpoints: readonly string[],
    tls: TlsOptions | undefined,
    options: GrpcTransportOptions,
  ) {
    if (endpoints.length === 0) throw new TypeError("a channel needs an endpoint");
    const targets = [...new Set(endpoints)].map(parseTarget);
    const channelOptions = { ...CHANNEL_OPTIONS, ...options.channelOptions };
    this.#pendingCallsMax = options.pendingCallsMax ?? PENDING_CALLS_MAX;
    this.#endpoints = targets.map(
      (target) =>
        new GrpcEndpoint(target, tls, options.credentials, channelOptions, () => this.#dispatch()),
    );
  }

  unary(path: string, request: Uint8Array, options: CallOptions, callback: UnaryCallback): void {
    const deadlineMs = this.#deadlineOf(options);
    this.#begin(
      // The bytes are the caller's again when this returns.
      new GrpcUnaryCall(path, Buffer.from(request), options, callback, deadlineMs, this),
    );
  }

  stream(path: string, options: CallOptions, handler: ClientStreamHandler): ClientStream {
    const call = new GrpcStreamCall(path, options, handler, this.#deadlineOf(options), this);
    this.#begin(call);
    return call;
  }

  #deadlineOf({ timeoutMs }: CallOptions): number {
    return timeoutMs === undefined ? Number.POSITIVE_INFINITY : this.#clock.nowMs() + timeoutMs;
  }

  #begin(call: GrpcCall): void {
    const refusal = this.#refusalOf(call);
    if (refusal !== null) {
      queueMicrotask(() => call.abort(...refusal));
      return;
    }
    const { signal } = call.options;
    if (signal !== undefined) this.#aborts.add(signal, call);
    this.#connect();
    if (!this.#maybeStart(call)) this.#wait(call);
  }

  /** Why the call is over before it began, or null. */
  #refusalOf({ options: { signal }, deadlineMs }: GrpcCall): readonly [StatusCode, string] | null {
    if (this.#isClosed) return [Status.CANCELLED, "channel closed"];
    if (signal?.aborted) return [Status.CANCELLED, "cancelled by the caller"];
    if (!(deadlineMs > this.#clock.nowMs())) return [Status.DEADLINE_EXCEEDED, DEADLINE_TEXT];
    return null;
  }

  #wait(call: GrpcCall): void {
    if (this.#pending.size >= this.#pendingCallsMax) {
      const text = "too many calls wait for a connection";
      queueMicrotask(() => call.abort(Status.RESOURCE_EXHAUSTED, text));
      return;
    }
    this.#pending.add(call);
    if (call.deadlineMs === Number.POSITIVE_INFINITY) return;
    call.waitTimer = this.#clock.setTimer(call.deadlineMs - this.#clock.nowMs(), () =>
      call.abort(Status.DEADLINE_EXCEEDED, DEADLINE_TEXT),
    );
  }

  #connect(): void {
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    for (const endpoint of this.#endpoints) endpoint.connect();
  }

  #dispatch(): void {
    for (const call of this.#pending) {
      if (this.#maybeStart(call)) this.#pending.delete(call);
    }
  }

  #maybeStart(call: GrpcCall): boolean {
    const endpoint = this.#pick(call.options);
    if (endpoint === null) return false;
    call.waitTimer?.cancel();
    this.#started.add(call);
    call.start(endpoint, Math.max(1, call.deadlineMs - this.#clock.nowMs()));
    return true;
  }

  /** The next endpoint that is connected; if all have failed, one of them, for it fails at once and says why. */
  #pick({ endpoint, avoidEndpoint, waitForReady }: CallOptions): GrpcEndpoint | null {
    const allowed = this.#endpoints.filter(
      (each) => endpoint === undefined || each.endpoint === endpoint,
    );
    const ready = allowed.filter(({ isReady }) => isReady);
    const preferred = ready.filter((each) => each.endpoint !== avoidEndpoint);
    const candidates = preferred.length > 0 ? preferred : ready;
    this.#next += 1;
    if (candidates.length > 0) return candidates[this.#next % candidates.length]!;
    const isHopeless = waitForReady !== true && allowed.every(({ hasFailed }) => hasFailed);
    return isHopeless && allowed.length > 0 ? allowed[this.#next % allowed.length]! : null;
  }

  /** @internal */
  forget(call: GrpcCall): void {
    this.#pending.delete(call);
    this.#started.delete(call);
    const { signal } = call.options;
    if (signal !== undefined) this.#aborts.remove(signal, call);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const [pending, started] = [[...this.#pending], [...this.#started]];
    setImmediate(() => {
      for (const call of pending) call.abort(Status.CANCELLED, "channel closed");
      for (const call of started) call.abort(Status.UNAVAILABLE, "channel closed");
      for (const endpoint of this.#endpoints) endpoint.close();
    });
  }
}

const DEADLINE_TEXT = "context deadline exceeded";
