import { ConclaveError, type ErrorCode } from "../errors.ts";
import type { Effect } from "./status-errors.ts";

/** How often and how fast a call is repeated. Times in ms. */
export interface RetryPolicy {
  /** Attempts after the first. 0 switches retries off. */
  readonly retriesMax: number;
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
}

/** What may be over a moment later, on this member or the next. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set([
  "UNAVAILABLE",
  "NO_LEADER",
  "TOO_MANY_REQUESTS",
]);

/**
 * Whether to repeat a failed call. A request that is not safe to repeat goes again only if its first attempt certainly
 * did nothing: repeating it on doubt is the commonest correctness bug among clients (failure mode 7; Jepsen on jetcd).
 */
export function mayRetry(error: unknown, effect: Effect): boolean {
  if (!(error instanceof ConclaveError)) return false;
  // An attempt's time was over, not the call's: that is looked at by whoever counts it.
  if (error.code === "TIMEOUT") return effect !== "once";
  return TRANSIENT.has(error.code) && (effect !== "once" || error.outcome === "not-applied");
}
