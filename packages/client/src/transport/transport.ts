import type { Caller, CallOptions, ClientStream } from "@conclave/rpc";
import { Status } from "@conclave/rpc";
import type { MethodDescriptor } from "@conclave/wire";
import { endedBy } from "../abort.ts";
import { ConclaveError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import { mayRetry, type RetryPolicy } from "./retry.ts";
import { type Effect, errorOfStatus } from "./status-errors.ts";

/**
 * A {@link Caller} that can be closed: what is under way on it ends with UNAVAILABLE.
 *
 * @example
 * ```ts
 * import { connect, type OpenTransport } from "@conclave/client";
 * import { grpcTransport } from "@conclave/client/grpc-js";
 *
 * const open = grpcTransport();
 * const told: OpenTransport = (endpoints, tls) => {
 *   const caller = open(endpoints, tls);
 *   const close = caller.close.bind(caller);
 *   caller.close = () => {
 *     console.log(`leaves ${endpoints}`);
 *     close();
 *   };
 *   return caller;
 * };
 * await using client = await connect("http://127.0.0.1:2379", { transport: told });
 * ```
 */
export interface ClosableCaller extends Caller {
  /** Ends what is under way, and the connections. */
  close(): void;
}

/** Limits of one call, beside the client's defaults. */
export interface CallLimits {
  /** For all attempts together, ms. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The client's end of a typed stream. */
export interface MessageStream<Request> {
  /** Where it was opened, null until it was. */
  readonly endpoint: string | null;
  send(message: Request): void;
  /** Ends the stream without a word to its handler. */
  cancel(): void;
  /** Asks the server to stop sending, for the reader is behind. What is under way still arrives. */
  pause(): void;
  resume(): void;
}

export interface MessageHandler<Response> {
  /** The message and its bytes belong to the handler. */
  onMessage(message: Response): void;
  /** Exactly once, last, unless the stream was cancelled, or ended well and `onDone` was told. */
  onEnd(error: ConclaveError): void;
  /** The server ended the stream without an error. A stream that shall not end leaves it out. */
  onDone?(): void;
}

/** Where the last attempt of a call went; the next one goes elsewhere if it can. */
interface Sent {
  endpoint: string | null;
}

interface Attempt {
  readonly effect: Effect;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
  readonly sent: Sent;
}

export interface TransportDefaults {
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
}

/**
 * A member that has lost its leader ends such a stream instead of keeping silent on it (failure mode 12: a partitioned
 * member serves a dead watch).
 */
const REQUIRE_LEADER = { hasleader: "true" } as const;

/**
 * What is safe to repeat gets this part of the time that is left for each attempt, so that a member that hangs leaves time
 * to ask another.
 */
const ATTEMPT_PART = 1 / 2;

/** Typed calls on a {@link Caller}: encodes, decodes, limits, retries, and turns statuses into errors. */
export class Transport {
  readonly #caller: Caller;
  readonly #runtime: Runtime;
  readonly #defaults: TransportDefaults;
  #closed = false;

  constructor(caller: Caller, runtime: Runtime, defaults: TransportDefaults) {
    this.#caller = caller;
    this.#runtime = runtime;
    this.#defaults = defaults;
  }

  /** How long a call may take unless it says otherwise, ms. */
  get timeoutMs(): number {
    return this.#defaults.timeoutMs;
  }

  /** After this every call fails with CLOSED. What is under way is left to end. */
  close(): void {
    this.#closed = true;
  }

  /**
   * One unary call, repeated where that is safe.
   * @throws ConclaveError
   */
  async call<Request, Response, RequestInit, ResponseInit>(
    method: MethodDescriptor<Request, Response, RequestInit, ResponseInit>,
    request: RequestInit,
    effect: Effect,
    limits: CallLimits = {},
  ): Promise<Response> {
    const timeoutMs = limits.timeoutMs ?? this.#defaults.timeoutMs;
    const deadlineMs = this.#runtime.clock.nowMs() + timeoutMs;
    const bytes = method.request.encode(request);
    const { signal } = limits;
    const sent: Sent = { endpoint: null };
    const attempt = () => this.#attempt(method, bytes, { effect, deadlineMs, signal, sent });
    try {
      return await attempt();
    } catch (error) {
      const budgetMs = deadlineMs - this.#runtime.clock.nowMs();
      const { retry } = this.#defaults;
      const isOver = budgetMs <= 0 || retry.retriesMax === 0;
      if (isOver || !(error instanceof ConclaveError) || !mayRetry(error, effect)) throw error;
      const { repeat } = await import("./repeat.ts");
      return repeat(
        error,
        attempt,
        effect,
        { policy: retry, deadlineMs, runtime: this.#runtime },
        signal,
      );
    }
  }

  #attempt<Request, Response, RequestInit, ResponseInit>(
    method: MethodDescriptor<Request, Response, RequestInit, ResponseInit>,
    bytes: Uint8Array,
    { effect, deadlineMs, signal, sent }: Attempt,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(closedError());
        return;
      }
      if (signal?.aborted) {
        reject(endedBy(signal, "not-applied"));
        return;
      }
      const remainingMs = Math.max(1, deadlineMs - this.#runtime.clock.nowMs());
      const isOnly = effect === "once" || this.#defaults.retry.retriesMax === 0;
      const options: CallOptions = {
        timeoutMs: isOnly ? remainingMs : remainingMs * ATTEMPT_PART,
        ...(signal && { signal }),
        ...(sent.endpoint !== null && { avoidEndpoint: sent.endpoint }),
      };
      this.#caller.unary(method.path, bytes, options, (status, response) => {
        sent.endpoint = status.endpoint;
        if (response === null) {
          const error = errorOfStatus(status, effect, method.path);
          reject(signal?.aborted ? endedBy(signal, error.outcome) : error);
          return;
        }
        try {
          resolve(method.response.decode(response));
        } catch (cause) {
          reject(protocolError(method.path, effect, cause));
        }
      });
    });
  }

  /** Opens a stream that requires a leader. Messages are decoded from a copy, for they outlive the callback. */
  stream<Request, Response, RequestInit, ResponseInit>(
    method: MethodDescriptor<Request, Response, RequestInit, ResponseInit>,
    handler: MessageHandler<Response>,
    avoidEndpoint: string | null = null,
  ): MessageStream<RequestInit> {
    let over = false;
    const end = (error: ConclaveError) => {
      if (over) return;
      over = true;
      handler.onEnd(error);
    };
    if (this.#closed) {
      queueMicrotask(() => end(closedError()));
      const nothing = () => {};
      const cancel = () => {
        over = true;
      };
      return { endpoint: null, send: nothing, cancel, pause: nothing, resume: nothing };
    }
    const stream: ClientStream = this.#caller.stream(
      method.path,
      { metadata: REQUIRE_LEADER, ...(avoidEndpoint !== null && { avoidEndpoint }) },
      {
        onMessage: (bytes) => {
          if (over) return;
          let message: Response;
          try {
            message = method.response.decode(new Uint8Array(bytes));
          } catch (cause) {
            end(protocolError(method.path, "read", cause));
            stream.cancel();
            return;
          }
          handler.onMessage(message);
        },
        onEnd: (status) => {
          if (status.code !== Status.OK || handler.onDone === undefined) {
            end(errorOfStatus(status, "read", method.path));
          } else if (!over) {
            over = true;
            handler.onDone();
          }
        },
      },
    );
    return {
      get endpoint() {
        return stream.endpoint;
      },
      send: (message) => {
        if (!over) stream.send(method.request.encode(message));
      },
      cancel: () => {
        if (over) return;
        over = true;
        stream.cancel();
      },
      pause: () => stream.pause(),
      resume: () => stream.resume(),
    };
  }
}

export function closedError(): ConclaveError {
  return new ConclaveError("CLOSED", "not-applied", "the client was closed");
}

function protocolError(path: string, effect: Effect, cause: unknown): ConclaveError {
  const outcome = effect === "read" ? "not-applied" : "unknown";
  return new ConclaveError("PROTOCOL", outcome, `${path}: the answer cannot be read`, { cause });
}
