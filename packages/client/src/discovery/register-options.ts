import { type Duration, durationMs } from "../duration.ts";
import type { Session } from "../session/session.ts";
import type { HealthCheck, HealthTerms } from "./health-gate.ts";

/**
 * How {@link Services.register} keeps the entry. All of it is optional.
 *
 * @example
 * ```ts
 * const stop = new AbortController(); // aborts when the process ends
 * await using _me = await client.services.register(
 *   "catalog",
 *   { addr: "10.0.0.5:8080" },
 *   {
 *     health: () => process.memoryUsage().rss < 2 ** 33,
 *     healthInterval: "10s",
 *     healthTimeout: "1s",
 *     whenUnhealthy: "mark", // callers prefer the others, and still see this one
 *     ttl: "15s", // gone so long after a crash
 *     replace: true, // we listen on this address: whoever else has it is our crashed predecessor
 *     timeout: "1m",
 *     drain: 0,
 *     signal: stop.signal,
 *   },
 * );
 * ```
 * @example
 * ```ts
 * // Both go away together, should this process die.
 * const session = client.session.fork({ ttl: "5s" });
 * await using _http = await client.services.register("http", { addr: "10.0.0.5:80" }, { session, drain: 0 });
 * await using _rpc = await client.services.register("rpc", { addr: "10.0.0.5:81" }, { session, drain: 0 });
 * ```
 */
export interface RegisterOptions {
  /**
   * Asked every `healthInterval`, before the first registration too: only a healthy instance is shown as `up`. False, an
   * error, and no answer within `healthTimeout` mean unhealthy; `true` brings it back.
   */
  readonly health?: HealthCheck;
  /** Default `"5s"`. */
  readonly healthInterval?: Duration;
  /** Default `"2s"`. */
  readonly healthTimeout?: Duration;
  /** What becomes of an unhealthy instance: removed, or shown with status `unhealthy`. Default `"remove"`. */
  readonly whenUnhealthy?: "remove" | "mark";
  /** How long it is shown as `draining` before it is deleted, when disposed of. Default `"1s"`; 0: deleted at once. */
  readonly drain?: Duration;
  /** Gives the registration a session of its own: how long it outlives a crash. Not with `session`. */
  readonly ttl?: Duration;
  /** What it rests on; after its loss, a fork of it. Default: the shared session, after its loss the next one. */
  readonly session?: Session;
  /**
   * Take the key from whoever has it, such as one's own predecessor that crashed and whose lease still runs. Only for an
   * address that is proven to be ours, say by listening on it. Default false: wait until the other is gone.
   */
  readonly replace?: boolean;
  /** For the first registration, waiting for the other one included. Default `"30s"`. */
  readonly timeout?: Duration;
  /** Until the first registration: gives it up. Then: ends it, as disposing of it does. */
  readonly signal?: AbortSignal;
}

/** Options, checked, in ms. */
export interface RegisterTerms {
  readonly health: HealthTerms | null;
  readonly whenUnhealthy: "remove" | "mark";
  readonly drainMs: number;
  /** Null: no session of its own. */
  readonly ttl: Duration | null;
  readonly session: Session | null;
  readonly replace: boolean;
  readonly timeoutMs: number;
}

/** @throws TypeError, RangeError */
export function registerTerms(options: RegisterOptions): RegisterTerms {
  const { health, whenUnhealthy = "remove", ttl = null, session = null } = options;
  if (health !== undefined && typeof health !== "function")
    throw new TypeError("health: a function");
  if (!["remove", "mark"].includes(whenUnhealthy)) {
    throw new TypeError('whenUnhealthy: "remove" or "mark"');
  }
  if (ttl !== null && session !== null) throw new TypeError("either ttl or session, not both");
  const intervalMs = durationMs(options.healthInterval ?? "5s", "healthInterval");
  if (intervalMs < 1) throw new RangeError("healthInterval: at least 1 ms");
  const timeoutMs = durationMs(options.healthTimeout ?? "2s", "healthTimeout");
  if (ttl !== null) durationMs(ttl, "ttl");
  return {
    health: health === undefined ? null : { check: health, intervalMs, timeoutMs },
    whenUnhealthy,
    drainMs: durationMs(options.drain ?? "1s", "drain"),
    ttl,
    session,
    replace: options.replace ?? false,
    timeoutMs: durationMs(options.timeout ?? "30s", "timeout"),
  };
}
