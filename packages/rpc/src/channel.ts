import { type Clock, type Prng, seededPrng, systemClock } from "@conclave/base";
import { AbortRegistry } from "./abort-registry.ts";
import { type BackoffOptions, CONNECT_BACKOFF } from "./backoff.ts";
import { Balancer } from "./balancer.ts";
import type {
  Caller,
  CallOptions,
  ClientStream,
  ClientStreamHandler,
  UnaryCallback,
} from "./call.ts";
import {
  type CallOwner,
  type ClientCall,
  StreamClientCall,
  UnaryClientCall,
} from "./client-call.ts";
import { DeadlineWheel } from "./deadlines.ts";
import { type Dial, socketDial, type TlsClientOptions } from "./dial.ts";
import { NO_METADATA } from "./header-field.ts";
import { CLIENT_LIMITS, type ConnectionLimits } from "./limits.ts";
import { Status } from "./status.ts";
import { Subchannel, type SubchannelContext } from "./subchannel.ts";
import { parseTarget } from "./target.ts";
import { type AtTurnEnd, eventLoopTurn } from "./turn.ts";

export interface ChannelOptions {
  /** `host:port`, `http(s)://host:port`, `unix:path`; at least one. */
  readonly endpoints: readonly string[];
  /** TLS for endpoints without a scheme, and how to do it for those with `https`. */
  readonly tls?: TlsClientOptions;
  /** Limits that differ from CLIENT_LIMITS. */
  readonly limits?: Partial<ConnectionLimits>;
  /** Calls that may wait for a connection, or for a stream on one. Over: RESOURCE_EXHAUSTED. Count. Default 10,000. */
  readonly pendingCallsMax?: number;
  /** ms. Default 5,000. */
  readonly connectTimeoutMs?: number;
  readonly backoff?: Partial<BackoffOptions>;
  readonly clock?: Clock;
  /** Draws the jitter of the backoff. Default: seeded at random. */
  readonly prng?: Prng;
  readonly atTurnEnd?: AtTurnEnd;
  /** How to connect. Default: TCP, TLS and unix sockets. */
  readonly dial?: Dial;
}

export interface EndpointState {
  readonly endpoint: string;
  readonly state: "idle" | "connecting" | "ready" | "waiting" | "closed";
  /** Why the last attempt to connect failed, null since one did not. */
  readonly failure: string | null;
}

/**
 * Makes calls on whichever endpoint is connected, in turn. It connects to all of them on its first call and keeps them
 * connected. A call is sent once and never again: who wants to retry looks at `mayHaveReachedServer`.
 */
export class Channel implements Caller, CallOwner {
  readonly deadlines: DeadlineWheel;
  readonly aborts = new AbortRegistry();
  readonly #context: SubchannelContext;
  readonly #balancer = new Balancer();
  readonly #pendingCallsMax: number;
  /** Calls that wait for a connection or for room on one, in order. Invariant: at most `#pendingCallsMax`. */
  readonly #pending = new Set<ClientCall>();
  #pinnedPending = 0;
  #closed = false;
  #connected = false;

  constructor(options: ChannelOptions) {
    const clock = options.clock ?? systemClock();
    this.#context = {
      clock,
      atTurnEnd: options.atTurnEnd ?? eventLoopTurn(),
      prng: options.prng ?? seededPrng(crypto.getRandomValues(new Uint32Array(1))[0]!),
      dial: options.dial ?? socketDial(options.tls),
      limits: { ...CLIENT_LIMITS, ...options.limits },
      backoff: { ...CONNECT_BACKOFF, ...options.backoff },
      connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    };
    this.deadlines = new DeadlineWheel(clock);
    this.#pendingCallsMax = options.pendingCallsMax ?? 10_000;
    this.setEndpoints(options.endpoints);
  }

  // ---- endpoints ------------------------------------------------------------------------------------------------

  get endpoints(): readonly EndpointState[] {
    return this.#balancer.subchannels.map(({ target, state, failure }) => ({
      endpoint: target.endpoint,
      state,
      failure,
    }));
  }

  /** Replaces the list. Connections to endpoints that stay are kept; on others, calls in progress end in peace. */
  setEndpoints(endpoints: readonly string[]): void {
    if (endpoints.length === 0) throw new TypeError("a channel needs an endpoint");
    const targets = [...new Set(endpoints)].map(parseTarget);
    const before = new Map(this.#balancer.subchannels.map((sub) => [sub.target.endpoint, sub]));
    this.#balancer.subchannels = targets.map((target) => {
      const kept = before.get(target.endpoint);
      before.delete(target.endpoint);
      return kept ?? new Subchannel(target, this.#context, this.#subchannelOwner);
    });
    for (const dropped of before.values()) dropped.retire();
    if (this.#connected) this.connect();
  }

  readonly #subchannelOwner = {
    onRoom: () => this.#dispatch(),
    onTrouble: () => {
      this.#dispatch(); // a call may have waited for a better endpoint than the ones left
      this.#failWaiting();
    },
  };

  /** Starts to connect to every endpoint; the first call does so too. */
  connect(): void {
    this.#connected = true;
    for (const subchannel of this.#balancer.subchannels) subchannel.connect();
  }

  /** A caller whose calls go to one endpoint of this channel only. */
  callerFor(endpoint: string): Caller {
    return {
      unary: (path, request, options, callback) =>
        this.unary(path, request, { ...options, endpoint }, callback),
      stream: (path, options, handler) => this.stream(path, { ...options, endpoint }, handler),
    };
  }

  // ---- calls ----------------------------------------------------------------------------------------------------

  unary(path: string, request: Uint8Array, options: CallOptions, callback: UnaryCallback): void {
    const call = new UnaryClientCall(path, request, options, callback, this);
    if (!this.#admit(call)) return;
    const connection = this.#balancer.pick(options);
    if (connection !== null) connection.openUnary(call);
    else if (this.#wait(call)) call.request = Buffer.from(request);
  }

  stream(path: string, options: CallOptions, handler: ClientStreamHandler): ClientStream {
    const highWaterBytes = this.#context.limits.streamHighWaterBytes;
    const call = new StreamClientCall(path, options, handler, this, highWaterBytes);
    if (!this.#admit(call)) return call;
    const connection = this.#balancer.pick(options);
    if (connection !== null) connection.openStream(call);
    else this.#wait(call);
    return call;
  }

  /** @returns whether the call may go on: it is not too late for it. */
  #admit(call: ClientCall): boolean {
    const { signal, timeoutMs } = call.options;
    if (this.#closed) return this.#refuse(call, Status.CANCELLED, "channel closed");
    if (signal?.aborted === true) {
      return this.#refuse(call, Status.CANCELLED, "cancelled by the caller");
    }
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) {
      if (!(timeoutMs > 0)) {
        return this.#refuse(call, Status.DEADLINE_EXCEEDED, "context deadline exceeded");
      }
      call.deadlineMs = this.#context.clock.nowMs() + timeoutMs;
      this.deadlines.add(call);
    }
    if (signal !== undefined) this.aborts.add(signal, call);
    if (!this.#connected) this.connect();
    return true;
  }

  #refuse(call: ClientCall, code: Refusal, message: string): false {
    this.defer(() => call.finish(code, message, NO_METADATA, false));
    return false;
  }

  #wait(call: ClientCall): boolean {
    if (call.options.waitForReady !== true) {
      const failure = this.#balancer.failureOf(call.options);
      if (failure !== null) return this.#refuse(call, Status.UNAVAILABLE, failure);
    }
    if (this.#pending.size >= this.#pendingCallsMax) {
      return this.#refuse(call, Status.RESOURCE_EXHAUSTED, "too many calls wait for a connection");
    }
    this.#pending.add(call);
    if (isChoosy(call)) this.#pinnedPending += 1;
    return true;
  }

  forget(call: ClientCall): void {
    if (this.#pending.delete(call) && isChoosy(call)) this.#pinnedPending -= 1;
  }

  defer(callback: () => void): void {
    this.#context.atTurnEnd(callback);
  }

  /** Sends calls that waited, as far as there is room. */
  #dispatch(): void {
    if (this.#pending.size === 0) return;
    let full = false;
    for (const call of this.#pending) {
      const choosy = isChoosy(call);
      if (full && !choosy) {
        if (this.#pinnedPending === 0) return;
        continue;
      }
      const connection = this.#balancer.pick(call.options);
      if (connection === null) {
        if (!choosy) full = true;
        continue;
      }
      this.forget(call);
      if (call instanceof UnaryClientCall) connection.openUnary(call);
      else connection.openStream(call);
    }
  }

  /** Fails the calls that nothing is left for to wait for. */
  #failWaiting(): void {
    if (this.#pending.size === 0) return;
    for (const call of [...this.#pending]) {
      if (call.options.waitForReady === true) continue;
      const failure = this.#balancer.failureOf(call.options);
      if (failure !== null) call.finish(Status.UNAVAILABLE, failure, NO_METADATA, false);
    }
  }

  /** Ends all calls, those in progress with UNAVAILABLE and those that wait with CANCELLED, and all connections. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const call of this.#pending) this.#refuse(call, Status.CANCELLED, "channel closed");
    this.defer(() => {
      for (const subchannel of this.#balancer.subchannels) subchannel.close("channel closed");
      this.deadlines.rest();
    });
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

type Refusal =
  | typeof Status.CANCELLED
  | typeof Status.DEADLINE_EXCEEDED
  | typeof Status.UNAVAILABLE
  | typeof Status.RESOURCE_EXHAUSTED;

/** Whether a call cares which endpoint serves it. */
function isChoosy(call: ClientCall): boolean {
  return call.options.endpoint !== undefined || call.options.avoidEndpoint !== undefined;
}

export function createChannel(options: ChannelOptions): Channel {
  return new Channel(options);
}
