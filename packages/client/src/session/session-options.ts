import { type Duration, durationMs } from "../duration.ts";

/**
 * Terms of a session. Set for the client by {@link ConnectOptions.session}, or for one by {@link Session.fork}.
 *
 * @example
 * ```ts
 * import { connect } from "@conclave/client";
 *
 * let progressAtMs = performance.now();
 * await using worker = await connect("http://127.0.0.1:2379", {
 *   session: {
 *     ttl: "15s", // a crash is noticed after that
 *     margin: "5s", // how long before it our own work has to have stopped
 *     renewWhile: () => performance.now() - progressAtMs < 60_000,
 *   },
 * });
 * await worker.locks.request("import", async (lock) => {
 *   await lock.kv.put("import/line", "1");
 *   progressAtMs = performance.now();
 * });
 * ```
 */
export interface SessionOptions {
  /** How long the server keeps the lease without a renewal; a dead holder blocks others this long. Default `"10s"`. */
  readonly ttl?: Duration;
  /**
   * How long before the server may let the lease expire the session counts as lost here: the time that work under way
   * has to stop. Less than two thirds of `ttl`, so that a renewal fits before it. Default 30 % of `ttl`.
   */
  readonly margin?: Duration;
  /**
   * Which thread renews the lease. Default `"main"`.
   * - `"main"`: a main thread that computes for longer than `ttl - margin` loses the session
   * - `"worker"`: a worker thread with a connection of its own, for as long as the main thread gives a sign of life
   *   within `stallLimit`. Costs a thread and a connection per client. Not with a `transport` of your own.
   */
  readonly keepalive?: "main" | "worker";
  /**
   * With `keepalive: "worker"`: how long the main thread may be silent. After it, the session is lost as `stalled` and
   * the worker renews no more, so that a process that hangs holds its locks for at most this and `ttl`. At least 500 ms.
   * Default: `ttl`.
   */
  readonly stallLimit?: Duration;
  /**
   * Asked before each renewal, on the main thread: while it returns false the lease is not renewed, the session is in
   * doubt, and it is lost at its deadline. For work that can hang without blocking the thread. It must not throw.
   */
  readonly renewWhile?: () => boolean;
}

/** Session options, checked, in ms. */
export interface SessionTerms {
  readonly ttlMs: number;
  readonly marginMs: number;
  readonly keepalive: "main" | "worker";
  /** Without a meaning for "main". */
  readonly stallLimitMs: number;
  readonly renewWhile: () => boolean;
}

const TTL_DEFAULT_MS = 10_000;
const MARGIN_DEFAULT_PART = 0.3;
/** Margins beyond this part of the TTL leave no room between the renewal, at a third, and the deadline. */
const MARGIN_MAX_PART = 2 / 3;
/** A main thread gives a sign of life ten times a second at best; less than a few of them say nothing. */
const STALL_LIMIT_MIN_MS = 500;

/**
 * Checks options; what they leave open is as in `defaults`, except what follows from a `ttl` that they set.
 * @throws RangeError, TypeError
 */
export function sessionTerms(options: SessionOptions, defaults?: SessionTerms): SessionTerms {
  const ttlMs =
    options.ttl === undefined
      ? (defaults?.ttlMs ?? TTL_DEFAULT_MS)
      : durationMs(options.ttl, "ttl");
  if (ttlMs < 1_000) throw new RangeError("ttl: at least 1s, the protocol counts in seconds");
  const inherited = options.ttl === undefined ? defaults : undefined;
  const keepalive = options.keepalive ?? defaults?.keepalive ?? "main";
  if (keepalive !== "main" && keepalive !== "worker") {
    throw new TypeError('keepalive: "main" or "worker"');
  }
  const renewWhile = options.renewWhile ?? defaults?.renewWhile ?? (() => true);
  if (typeof renewWhile !== "function") throw new TypeError("renewWhile: a function");
  return {
    ttlMs,
    marginMs: marginOf(options, ttlMs, inherited),
    keepalive,
    stallLimitMs: stallLimitOf(options, ttlMs, keepalive, inherited),
    renewWhile,
  };
}

function marginOf(options: SessionOptions, ttlMs: number, inherited?: SessionTerms): number {
  const defaultMs = inherited?.marginMs ?? ttlMs * MARGIN_DEFAULT_PART;
  const marginMs = options.margin === undefined ? defaultMs : durationMs(options.margin, "margin");
  if (marginMs <= 0 || marginMs >= ttlMs * MARGIN_MAX_PART) {
    throw new RangeError("margin: more than 0 and less than two thirds of ttl");
  }
  return marginMs;
}

function stallLimitOf(
  options: SessionOptions,
  ttlMs: number,
  keepalive: "main" | "worker",
  inherited?: SessionTerms,
): number {
  if (options.stallLimit === undefined) return inherited?.stallLimitMs ?? ttlMs;
  if (keepalive === "main") throw new TypeError('stallLimit: only with keepalive: "worker"');
  const stallLimitMs = durationMs(options.stallLimit, "stallLimit");
  if (stallLimitMs < STALL_LIMIT_MIN_MS) throw new RangeError("stallLimit: at least 500ms");
  return stallLimitMs;
}
