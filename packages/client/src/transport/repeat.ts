import pRetry from "p-retry";
import { endedBy, pause } from "../abort.ts";
import { ConclaveError } from "../errors.ts";
import { Backoff, type Runtime } from "../runtime.ts";
import { FailedAttempts } from "./failed-attempts.ts";
import { mayRetry, type RetryPolicy } from "./retry.ts";
import type { Effect } from "./status-errors.ts";

/** How a call is repeated. */
export interface Repetition {
  readonly policy: RetryPolicy;
  /** When all of it has to be over, on the runtime's clock. */
  readonly deadlineMs: number;
  /** Pauses are of its time and chance. */
  readonly runtime: Runtime;
}

const NEVER = new AbortController().signal;

/**
 * Repeats `attempt`, whose first try has failed with `firstError`, with growing random delays. Loaded when a call first has
 * to be repeated.
 * @throws ConclaveError of all attempts together, or what {@link endedBy} makes of the signal
 */
export async function repeat<Response>(
  firstError: ConclaveError,
  attempt: () => Promise<Response>,
  effect: Effect,
  { policy, deadlineMs, runtime: { clock, prng } }: Repetition,
  signal: AbortSignal | undefined,
): Promise<Response> {
  let answer: { readonly response: Response } | null = null;
  const failed = new FailedAttempts(firstError);
  const backoff = new Backoff(prng, policy.delayMinMs * 2, policy.delayMaxMs);
  const recorded = async (number: number) => {
    if (number === 1) throw firstError;
    const leftMs = deadlineMs - clock.nowMs();
    await pause(clock, Math.min(backoff.nextDelayMs(), leftMs), signal ?? NEVER);
    try {
      answer = { response: await attempt() };
      return answer.response;
    } catch (error) {
      if (error instanceof ConclaveError) failed.add(error);
      throw error;
    }
  };
  try {
    return await pRetry(recorded, {
      retries: policy.retriesMax,
      // The pauses are made above.
      minTimeout: 0,
      maxTimeout: 0,
      signal,
      shouldRetry: ({ error }) => mayRetry(error, effect) && clock.nowMs() < deadlineMs,
    });
  } catch (error) {
    // p-retry looks at the signal once more after a success; an answer that is here is not thrown away.
    if (answer !== null) return (answer as { readonly response: Response }).response;
    if (failed.last !== error) {
      if (!signal?.aborted) throw error;
      failed.add(endedBy(signal, failed.outcome)); // in a pause
    }
    throw failed.summary();
  }
}
