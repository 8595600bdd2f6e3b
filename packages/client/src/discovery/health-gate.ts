import type { Clock } from "@conclave/base";
import { OperationLimit, orAborted, pause } from "../abort.ts";

/** Whether the instance can take calls. `signal` aborts when the answer is no longer waited for. */
export type HealthCheck = (signal: AbortSignal) => boolean | Promise<boolean>;

/** How a health check is asked, in ms. */
export interface HealthTerms {
  readonly check: HealthCheck;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/**
 * Asks a health check again and again until `signal` aborts, one question at a time. False, a failure and no answer in time
 * are the same: not healthy. `onVerdict` gets null for healthy, else why not.
 */
export async function watchHealth(
  clock: Clock,
  terms: HealthTerms,
  signal: AbortSignal,
  onVerdict: (problem: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    const problem = await ask(clock, terms, signal);
    if (signal.aborted) return;
    onVerdict(problem);
    await pause(clock, terms.intervalMs, signal).catch(() => {}); // The loop looks at it.
  }
}

async function ask(clock: Clock, terms: HealthTerms, signal: AbortSignal): Promise<unknown> {
  const { check, timeoutMs } = terms;
  using limit = new OperationLimit(clock, "the health check", { timeoutMs, signal });
  const answering = Promise.resolve().then(() => check(limit.signal));
  try {
    const isHealthy = await orAborted(answering, limit.signal);
    return isHealthy ? null : new Error("the health check said no");
  } catch (error) {
    return error ?? new Error("the health check failed");
  }
}
