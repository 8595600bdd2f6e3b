import { type Duration, durationMs } from "../duration.ts";
import { type Isolation, type IsolationTerms, isolationTerms } from "./isolation.ts";

/**
 * What becomes of a transaction that met another one.
 *
 * @example
 * ```ts
 * await client.kv.put("stock/42", "7");
 * await client.transact(
 *   async (tx) => tx.put("stock/42", String(Number(await tx.getOrThrow("stock/42")) - 1)),
 *   {
 *     retry: {
 *       attempts: 50, // then CONFLICT
 *       max: "200ms", // between two of them
 *       jitter: true,
 *       escalate: "lock",
 *       escalateAfter: 3, // from the fourth on one after the other …
 *       lock: "stock-writers", // … in the queue of this lock
 *     },
 *   },
 * );
 * ```
 */
export interface TransactRetryOptions {
  /** Spread the pauses at random, so that transactions that met once do not meet again. Default true. */
  readonly jitter?: boolean;
  /** Longest pause between attempts. Default `"1s"`. The first repetition comes without a pause. */
  readonly max?: Duration;
  /** Attempts in all, after which it rejects with CONFLICT. Count. Default: as many as it takes. */
  readonly attempts?: number;
  /**
   * What to do after `escalateAfter` conflicts: `"lock"`, the default, stands in the queue of a lock for the further
   * attempts, so that a long transaction gets its turn among short ones; `"never"` goes on trying.
   */
  readonly escalate?: "lock" | "never";
  /** Conflicts before it escalates. Count. Default 5. */
  readonly escalateAfter?: number;
  /** Name of that lock. Default: one that is derived from the key that changed. */
  readonly lock?: string;
}

/**
 * How {@link Client.transact} runs. All of it is optional.
 *
 * @example
 * ```ts
 * const giveUp = new AbortController();
 * const { value } = await client.transact(
 *   async (tx) => {
 *     if (tx.attempt > 1) console.log(`met another one, attempt ${tx.attempt}`);
 *     const expired = await tx.getAll({ prefix: "carts/expired/" });
 *     for (const { key, value } of expired) {
 *       tx.signal.throwIfAborted();
 *       tx.put(`archive/${key}`, value);
 *       tx.delete(key);
 *     }
 *     return expired.length;
 *   },
 *   {
 *     isolation: "serializable",
 *     timeout: "10s", // for all attempts
 *     signal: giveUp.signal,
 *     opsMax: 100, // for servers with --max-txn-ops=100
 *   },
 * );
 * console.log(value);
 * ```
 */
export interface TransactOptions {
  /** Default `"serializable-snapshot"`. */
  readonly isolation?: Isolation;
  /** What becomes of it when it meets another one. */
  readonly retry?: TransactRetryOptions;
  /** Gives it up. Nothing is written, unless the error says `outcome: "unknown"`. */
  readonly signal?: AbortSignal;
  /** For all attempts together. Default: as long as it takes. */
  readonly timeout?: Duration;
  /** Most operations and most conditions of a commit: what the servers' `--max-txn-ops` is set to. Count. Default 128. */
  readonly opsMax?: number;
}

/** Options, checked. */
export interface TransactTerms {
  readonly isolation: IsolationTerms;
  readonly isJittered: boolean;
  readonly pauseMaxMs: number;
  readonly attemptsMax: number;
  /** Infinity: never. */
  readonly escalateAfter: number;
  readonly lockName: string | null;
  readonly opsMax: number;
}

const PAUSE_MAX_DEFAULT: Duration = "1s";
const ESCALATE_AFTER_DEFAULT = 5;
/** etcd's default of `--max-txn-ops`. */
const OPS_MAX_DEFAULT = 128;

/** @throws RangeError naming the option that is wrong */
export function transactTerms(options: TransactOptions): TransactTerms {
  const { retry = {}, opsMax = OPS_MAX_DEFAULT } = options;
  const { attempts = Number.POSITIVE_INFINITY, escalate = "lock" } = retry;
  const { escalateAfter = ESCALATE_AFTER_DEFAULT } = retry;
  if (!(attempts >= 1)) throw new RangeError("retry.attempts: 1 or more");
  if (!(escalateAfter >= 1)) throw new RangeError("retry.escalateAfter: 1 or more");
  if (!(opsMax >= 2)) throw new RangeError("opsMax: 2 or more");
  if (escalate !== "lock" && escalate !== "never") {
    throw new RangeError('retry.escalate: "lock" or "never"');
  }
  if (retry.lock === "") throw new RangeError("retry.lock: a lock needs a name");
  return {
    isolation: isolationTerms(options.isolation ?? "serializable-snapshot"),
    isJittered: retry.jitter ?? true,
    pauseMaxMs: durationMs(retry.max ?? PAUSE_MAX_DEFAULT, "retry.max"),
    attemptsMax: attempts,
    escalateAfter: escalate === "lock" ? escalateAfter : Number.POSITIVE_INFINITY,
    lockName: retry.lock ?? null,
    opsMax,
  };
}
