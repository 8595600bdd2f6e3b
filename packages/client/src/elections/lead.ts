import pRetry from "p-retry";
import { onAbort } from "../abort.ts";
import { type Duration, durationMs } from "../duration.ts";
import { ConclaveError, type ErrorCode, LockLostError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import type { Term } from "./term.ts";

/**
 * What {@link Election.lead} takes besides the body.
 *
 * @example
 * ```ts
 * const shutdown = new AbortController();
 * await client.election("billing").lead(
 *   async (term) => {
 *     for (let bill = 1; !term.signal.aborted; bill += 1) {
 *       await term.kv.put("billing/last", `${bill}`);
 *       if (bill === 3) shutdown.abort(); // here: three are enough
 *     }
 *   },
 *   {
 *     signal: shutdown.signal,
 *     grace: "5s",
 *     onOverrun: "exit", // who does not stop in time is stopped: a second leader must not overlap it
 *   },
 * );
 * ```
 */
export interface LeadOptions {
  /** Ends it all: the term's signal aborts, and once `body` has ended, the lead is given up. */
  readonly signal?: AbortSignal;
  /** How long `body` may take to end after its term's signal aborted. Default: the session's margin is all there is. */
  readonly grace?: Duration;
  /**
   * What to do when `body` overruns the grace: go on waiting, since a second term must not overlap it (`"wait"`, the
   * default); end the process with code 70 (`"exit"`), which is what makes sure; or a function of your own.
   */
  readonly onOverrun?: "wait" | "exit" | ((term: Term) => void);
}

/** Pauses between campaigns that failed, ms. */
const CAMPAIGN_RETRY_MIN_MS = 100;
const CAMPAIGN_RETRY_MAX_MS = 10_000;
const EXIT_CODE_OVERRUN = 70;

/** Errors that campaigning again cannot mend. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  "CLOSED",
  "INVALID_ARGUMENT",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "UNIMPLEMENTED",
]);

/** What the loop needs of an election. */
export interface Campaigner {
  /** Waits to be elected. `ending` aborts the term's signal without giving up the lead yet. */
  campaign(signal: AbortSignal, ending: AbortSignal): Promise<Term>;
}

/**
 * Campaigns, runs `body` while leading, and campaigns again when the term is over, for ever. A term starts only after
 * the body of the one before has ended, however late, so one process never leads twice at once (failure mode 6).
 */
export async function lead(
  campaigner: Campaigner,
  runtime: Runtime,
  body: (term: Term) => void | Promise<void>,
  options: LeadOptions,
): Promise<void> {
  const stop = options.signal ?? new AbortController().signal;
  while (!stop.aborted) {
    const term = await campaignUntilElected(campaigner, stop);
    if (term === null) return;
    await runTerm(term, runtime, body, options);
  }
}

async function campaignUntilElected(
  campaigner: Campaigner,
  stop: AbortSignal,
): Promise<Term | null> {
  try {
    return await pRetry(() => campaigner.campaign(stop, stop), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: CAMPAIGN_RETRY_MIN_MS,
      maxTimeout: CAMPAIGN_RETRY_MAX_MS,
      randomize: true,
      signal: stop,
      shouldRetry: ({ error }) =>
        !stop.aborted && error instanceof ConclaveError && !FINAL.has(error.code),
    });
  } catch (error) {
    if (stop.aborted) return null;
    throw error;
  }
}

/** Ends when `body` has ended and the lead is given up. */
async function runTerm(
  term: Term,
  runtime: Runtime,
  body: (term: Term) => void | Promise<void>,
  options: LeadOptions,
): Promise<void> {
  const stopWatching = onAbort(term.signal, () => guardOverrun());
  let overrun: { cancel(): void } | null = null;
  const guardOverrun = () => {
    if (options.grace === undefined) return;
    const graceMs = durationMs(options.grace, "grace");
    overrun = runtime.clock.setTimer(graceMs, () => onOverrun(term, options));
  };
  try {
    await body(term);
  } catch (error) {
    if (!isEchoOf(term.signal, error)) throw error;
  } finally {
    stopWatching();
    (overrun as { cancel(): void } | null)?.cancel();
    await term.resign();
  }
}

function onOverrun(term: Term, options: LeadOptions): void {
  const { onOverrun: action = "wait" } = options;
  if (action === "exit") process.exit(EXIT_CODE_OVERRUN);
  if (typeof action === "function") action(term);
}

/** Whether a body ended with an error only because its term did. */
function isEchoOf(signal: AbortSignal, error: unknown): boolean {
  if (!signal.aborted) return false;
  if (error === signal.reason || error instanceof LockLostError) return true;
  if (error instanceof ConclaveError && error.code === "CANCELLED") return true;
  return error instanceof Error && error.name === "AbortError";
}
