import type { Clock } from "@conclave/base";
import {
  type CallOptions,
  type CallStatus,
  type ClientStream,
  type ClientStreamHandler,
  Status,
  type UnaryCallback,
} from "@conclave/rpc";
import { Lease } from "@conclave/wire";
import { OperationLimit, orAborted } from "../abort.ts";
import type { ClosableCaller } from "../transport/transport.ts";
import { AuthStream } from "./auth-stream.ts";
import type { TokenKeeper } from "./token-keeper.ts";
import { isTokenRefusal, statusOfFailedSignIn } from "./token-refusal.ts";

/**
 * Sends a token with every call (failure mode 23). A unary call that is refused for its token is sent once more with
 * another one, which is safe, for the refusal came before anything was done.
 *
 * A stream keeps the token it was opened with, while servers look at it whenever a watch is created. So streams end when
 * there is a new token, for their owners to open them again; and one that is opened after another broke (a member that
 * restarted has forgotten its tokens) signs in first. Keep-alive streams never wait: no server checks them, and the session's
 * time is running.
 */
export class AuthCaller implements ClosableCaller {
  readonly #inner: ClosableCaller;
  readonly #keeper: TokenKeeper;
  readonly #clock: Clock;
  readonly #streams = new Set<AuthStream>();
  /** Whether a stream broke since the token was issued. */
  #isDoubtful = false;
  /** Streams refused in a row for their token. */
  #refusedStreams = 0;

  constructor(inner: ClosableCaller, keeper: TokenKeeper, clock: Clock) {
    this.#inner = inner;
    this.#keeper = keeper;
    this.#clock = clock;
  }

  /** Requires: `request` stays as it is until the callback. */
  unary(path: string, request: Uint8Array, options: CallOptions, callback: UnaryCallback): void {
    const { token } = this.#keeper;
    const { timeoutMs } = options;
    const startedMs = this.#clock.nowMs();
    this.#inner.unary(path, request, withToken(options, token), (status, response) => {
      if (!isTokenRefusal(status)) {
        callback(status, response);
        return;
      }
      const passedMs = this.#clock.nowMs() - startedMs;
      const left =
        timeoutMs === undefined ? options : { ...options, timeoutMs: timeoutMs - passedMs };
      void this.#again(path, request, left, token, status, callback);
    });
  }

  async #again(
    path: string,
    request: Uint8Array,
    options: CallOptions,
    token: string,
    refused: CallStatus,
    callback: UnaryCallback,
  ): Promise<void> {
    const startedMs = this.#clock.nowMs();
    const { timeoutMs } = options;
    try {
      await this.#replace(token, options);
    } catch (error) {
      callback(statusOfFailedSignIn(error, refused), null);
      return;
    }
    const passedMs = this.#clock.nowMs() - startedMs;
    const left =
      timeoutMs === undefined ? options : { ...options, timeoutMs: timeoutMs - passedMs };
    this.#inner.unary(path, request, withToken(left, this.#keeper.token), callback);
  }

  /** Waits for another token no longer than the call may take. */
  async #replace(token: string, { signal, timeoutMs }: CallOptions): Promise<void> {
    using limit = new OperationLimit(this.#clock, "signing in again", { signal, timeoutMs });
    await orAborted(this.#keeper.replace(token), limit.signal);
  }

  stream(path: string, options: CallOptions, handler: ClientStreamHandler): ClientStream {
    const stream = new AuthStream(handler);
    this.#streams.add(stream);
    const mayWait = path !== Lease.LeaseKeepAlive.path;
    if (mayWait && this.#isDoubtful && this.#keeper.token !== "") {
      void this.#openLater(stream, path, options, handler);
    } else {
      this.#open(stream, path, options, handler);
    }
    return stream;
  }

  #open(
    stream: AuthStream,
    path: string,
    options: CallOptions,
    handler: ClientStreamHandler,
  ): void {
    const { token } = this.#keeper;
    const inner = this.#inner.stream(path, withToken(options, token), {
      ...handler,
      onMessage: (message) => {
        this.#refusedStreams = 0;
        if (!stream.isOver) handler.onMessage(message);
      },
      onEnd: (status) => {
        this.#streams.delete(stream);
        if (!stream.isOver) stream.end(this.#onStreamEnd(status));
      },
    });
    stream.open(inner);
  }

  #onStreamEnd(status: CallStatus): CallStatus {
    if (status.code !== Status.OK && status.code !== Status.CANCELLED) this.#isDoubtful = true;
    if (!isTokenRefusal(status)) return status;
    this.#refusedStreams += 1;
    // The next one signs in first. If even that is refused, its owner shall know.
    return this.#refusedStreams > 1 ? status : { ...status, ...AGAIN };
  }

  async #openLater(
    stream: AuthStream,
    path: string,
    options: CallOptions,
    handler: ClientStreamHandler,
  ): Promise<void> {
    const controller = new AbortController();
    stream.onCancelledEarly = () => controller.abort();
    const signals = [controller.signal, ...(options.signal ? [options.signal] : [])];
    try {
      const signal = AbortSignal.any(signals);
      await this.#replace(this.#keeper.token, { ...options, signal });
    } catch (error) {
      this.#streams.delete(stream);
      const isCancelled = signals.some(({ aborted }) => aborted);
      stream.end(isCancelled ? CANCELLED : statusOfFailedSignIn(error, CANCELLED));
      return;
    }
    if (stream.isOver) return;
    this.#open(stream, path, options, handler);
  }

  /** There is a new token: streams that were opened with another end, so that they are opened with this one. */
  reopenStreams(): void {
    this.#isDoubtful = false;
    for (const stream of [...this.#streams]) {
      if (stream.isOpen) stream.endWith({ ...CANCELLED, ...AGAIN, endpoint: stream.endpoint });
    }
  }

  close(): void {
    this.#keeper.close();
    this.#inner.close();
  }
}

function withToken(options: CallOptions, token: string): CallOptions {
  return token === "" ? options : { ...options, metadata: { ...options.metadata, token } };
}

const AGAIN = { code: Status.UNAVAILABLE, message: "there is a new token: open it again" } as const;

const CANCELLED: CallStatus = {
  code: Status.CANCELLED,
  message: "cancelled by the caller",
  trailers: { get: () => undefined, entries: () => new Map<string, string>().entries() },
  mayHaveReachedServer: false,
  endpoint: null,
};
