import pRetry from "p-retry";
import { cancelledError } from "../abort.ts";
import { ConclaveError } from "../errors.ts";
import { FailedAttempts } from "./failed-attempts.ts";
import { mayRetry, type RetryPolicy } from "./retry.ts";
import type { Effect } from "./status-errors.ts";

/**
 * Repeats `attempt`, whose first try has failed with `firstError`, with growing random delays. Loaded when a call first has
 * to be repeated.
 * @param budgetMs how long all of it may take from here
 * @throws ConclaveError of all attempts together; CANCELLED if the signal aborts
 */
export async function repeat<Response>(
  firstError: ConclaveError,
  attempt: () => Promise<Response>,
  effect: Effect,
  policy: RetryPolicy,
  budgetMs: number,
  signal: AbortSignal | undefined,
): Promise<Response> {
  let answer: { readonly response: Response } | null = null;
  const failed = new FailedAttempts(firstError);
  const recorded = async (number: number) => {
    if (number === 1) throw firstError;
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
      minTimeout: policy.delayMinMs,
      maxTimeout: policy.delayMaxMs,
      randomize: true,
      maxRetryTime: budgetMs,
      signal,
      shouldRetry: ({ error }) => mayRetry(error, effect),
    });
  } catch (error) {
    // p-retry looks at the signal once more after a success; an answer that is here is not thrown away.
    if (answer !== null) return (answer as { readonly response: Response }).response;
    if (signal?.aborted && !(error instanceof ConclaveError)) {
      throw cancelledError(signal, failed.outcome);
    }
    throw error instanceof ConclaveError ? failed.summary() : error;
  }
}
