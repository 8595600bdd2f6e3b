import { type AuthOptions, checkAuthOptions } from "./auth/auth-options.ts";
import { type Duration, durationMs } from "./duration.ts";
import type { Bytes } from "./kv/keys.ts";
import { type SessionOptions, type SessionTerms, sessionTerms } from "./session/session-options.ts";
import type { WorkerConnection } from "./session/worker/messages.ts";
import type { OpenTransport, TlsOptions } from "./transport/h2.ts";
import type { TransportDefaults } from "./transport/transport.ts";

/**
 * How often and how fast what is safe to repeat is repeated.
 *
 * @example
 * ```ts
 * import { connect } from "@conclave/client";
 *
 * const stop = new AbortController();
 * await using client = await connect("http://127.0.0.1:2379", {
 *   retry: { retries: 3, delay: "50ms", maxDelay: "500ms" }, // for what is safe to repeat
 *   timeout: "2s", // with all of these
 *   signal: stop.signal, // closes the client
 * });
 * await client.kv.get("greeting");
 * ```
 */
export interface RetryOptions {
  /** Attempts after the first; 0 switches retries off. Default 10. */
  readonly retries?: number;
  /** Before the first repetition; doubles from there, with jitter. Default 25 ms. */
  readonly delay?: Duration;
  /** Longest pause between attempts. Default `"1s"`. */
  readonly maxDelay?: Duration;
}

/** What {@link connect} takes besides the endpoints. All of it is optional. */
export interface ConnectOptions {
  /** Put before every key that goes out and taken off every key that comes back. Default: none. */
  readonly namespace?: Bytes;
  /** For `https:` endpoints: whom to trust and who to be. Default: the certificate authorities of Node. */
  readonly tls?: TlsOptions;
  /** Who the client is: a name and a password, or a function that provides tokens. Default: nobody. */
  readonly auth?: AuthOptions;
  /** How calls are made. Default: the SDK's own gRPC; `@conclave/client/grpc-js` has another. */
  readonly transport?: OpenTransport;
  /** Closes the client when it aborts, as {@link Client.close} does. */
  readonly signal?: AbortSignal;
  /** Terms of the session that locks and elections share. */
  readonly session?: SessionOptions;
  /** Repetition of what is safe to repeat. `retry: { retries: 0 }` switches it off. */
  readonly retry?: RetryOptions;
  /**
   * For a single call with its retries, unless the call says otherwise. A read gets half of what is left for each attempt.
   * Default `"5s"`.
   */
  readonly timeout?: Duration;
}

const TIMEOUT_DEFAULT: Duration = "5s";
const RETRIES_DEFAULT = 10;
const RETRY_DELAY_DEFAULT: Duration = 25;
const RETRY_DELAY_MAX_DEFAULT: Duration = "1s";

/** Options, checked, in ms. */
export interface ClientTerms {
  readonly namespace: Bytes;
  readonly session: SessionTerms;
  /** What a keep-alive worker connects with; null if none can. */
  readonly worker: WorkerConnection | null;
  readonly transport: TransportDefaults;
}

/**
 * @param worker what a keep-alive worker connects with, null if none can
 * @throws RangeError, TypeError naming the option that is wrong
 */
export function clientTerms(
  options: ConnectOptions,
  worker: WorkerConnection | null = null,
): ClientTerms {
  const { retry = {}, timeout = TIMEOUT_DEFAULT } = options;
  const retriesMax = retry.retries ?? RETRIES_DEFAULT;
  if (!(retriesMax >= 0)) throw new RangeError("retry.retries: 0 or more");
  const session = sessionTerms(options.session ?? {});
  if (options.auth !== undefined) checkAuthOptions(options.auth);
  if (session.keepalive === "worker") checkWorkerConnection(worker);
  return {
    namespace: options.namespace ?? "",
    session,
    worker,
    transport: {
      timeoutMs: durationMs(timeout, "timeout"),
      retry: {
        retriesMax,
        delayMinMs: durationMs(retry.delay ?? RETRY_DELAY_DEFAULT, "retry.delay"),
        delayMaxMs: durationMs(retry.maxDelay ?? RETRY_DELAY_MAX_DEFAULT, "retry.maxDelay"),
      },
    },
  };
}

function checkWorkerConnection(worker: WorkerConnection | null): void {
  if (worker === null) {
    throw new TypeError('session.keepalive: "worker" needs the default transport');
  }
  try {
    structuredClone(worker.tls);
  } catch (cause) {
    const message = 'tls: functions and contexts cannot be given to a thread (keepalive: "worker")';
    throw new TypeError(message, { cause });
  }
}
