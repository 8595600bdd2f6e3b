/**
 * Whether a request took effect. `"unknown"`: it may have, or may still. Only a request that is safe to
 * repeat may be repeated on `"unknown"`.
 */
export type Outcome = "not-applied" | "unknown";

/**
 * Every code an error of this SDK can carry, each explained in docs/errors.md (a test keeps the two equal).
 * Codes are stable; messages are for people and may change.
 *
 * @example
 * ```ts
 * import { ERROR_CODES } from "@conclave/client";
 *
 * const failures = new Map(ERROR_CODES.map((code) => [code, 0])); // a counter for each, from the start
 * console.log(failures.size);
 * ```
 */
export const ERROR_CODES = [
  "ABORTED",
  "ALREADY_EXISTS",
  "BARRIER_BROKEN",
  "CANCELLED",
  "CLOSED",
  "COMPACTED",
  "CONFLICT",
  "CORRUPT",
  "DEADLOCK",
  "FAILED_PRECONDITION",
  "FUTURE_REVISION",
  "INTERNAL",
  "INVALID_ARGUMENT",
  "INVALID_VALUE",
  "KEY_NOT_FOUND",
  "LEADERSHIP_LOST",
  "LEASE_NOT_FOUND",
  "LOCAL_QUEUE_FULL",
  "LOCK_LOST",
  "NO_ENDPOINT",
  "NO_LEADER",
  "NO_SPACE",
  "PERMISSION_DENIED",
  "PROTOCOL",
  "REVISION_REGRESSED",
  "SESSION_LOST",
  "TIMEOUT",
  "TOO_LARGE",
  "TOO_MANY_REQUESTS",
  "UNAUTHENTICATED",
  "UNAVAILABLE",
  "UNIMPLEMENTED",
  "UNKNOWN",
] as const;

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * The one error class of the SDK. A wrong argument is a TypeError or RangeError instead, thrown at once.
 *
 * @example
 * ```ts
 * import { ConclaveError } from "@conclave/client";
 *
 * try {
 *   await client.kv.put("stock/42", "7");
 * } catch (error) {
 *   if (!(error instanceof ConclaveError) || error.outcome !== "unknown") throw error;
 *   // It may have been written, or may still be: look before doing it again.
 *   if ((await client.kv.get("stock/42"))?.text !== "7") throw error;
 * }
 * ```
 */
export class ConclaveError extends Error {
  override readonly name: string = "ConclaveError";
  /** What happened; see docs/errors.md. */
  readonly code: ErrorCode;
  /** Whether the request took effect. */
  readonly outcome: Outcome;

  constructor(code: ErrorCode, outcome: Outcome, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.outcome = outcome;
  }
}

/**
 * The revision asked for is no longer in the store: it was compacted away. Code `COMPACTED`.
 *
 * @example
 * ```ts
 * import { CompactedError } from "@conclave/client";
 *
 * const { revision } = await client.kv.put("config", "1");
 * await client.kv.put("config", "2");
 * await client.kv.compact(revision + 1);
 * try {
 *   await client.kv.get("config", { revision });
 * } catch (error) {
 *   if (!(error instanceof CompactedError)) throw error;
 *   console.log(`nothing before ${error.compactRevision ?? "now"} is left`);
 *   console.log((await client.kv.get("config"))?.text); // the present state is all there is
 * }
 * ```
 */
export class CompactedError extends ConclaveError {
  override readonly name = "CompactedError";
  /** The oldest revision that can still be read or watched; null if the server did not say. */
  readonly compactRevision: number | null;

  constructor(message: string, compactRevision: number | null, options?: ErrorOptions) {
    super("COMPACTED", "not-applied", message, options);
    this.compactRevision = compactRevision;
  }
}

/**
 * Why a session, lock or term was lost.
 * - `expired`: no renewal was acknowledged in time, so validity could no longer be proven
 * - `stalled`: as `expired`, and this process was not running when the deadline passed (pause, busy event loop); or, renewed
 *   by a worker, its main thread was silent for longer than the `stallLimit`
 * - `revoked`: the server said that the lease is gone, before its time
 * - `deleted`: someone deleted the key that stands for the hold
 * - `stolen`: someone overwrote that key, so it no longer belongs to this session
 * - `max-hold`: it was held for longer than its `maxHold`, and given up
 * - `session`: the session was closed by its owner while the hold rested on it
 * - `shutdown`: the client was closed
 */
export type LossReason =
  | "expired"
  | "stalled"
  | "revoked"
  | "deleted"
  | "stolen"
  | "max-hold"
  | "session"
  | "shutdown";

/**
 * The session's lease can no longer be relied on, and never again: a lost session stays lost. Code `SESSION_LOST`.
 *
 * @example
 * ```ts
 * import { SessionLostError } from "@conclave/client";
 *
 * await client.session.open();
 * client.session.signal.addEventListener("abort", () => {
 *   const error = client.session.signal.reason;
 *   if (error instanceof SessionLostError) console.log(`lost: ${error.reason}`);
 * });
 * ```
 */
export class SessionLostError extends ConclaveError {
  override readonly name = "SessionLostError";
  /** Why. */
  readonly reason: LossReason;

  constructor(reason: LossReason, options?: ErrorOptions) {
    super("SESSION_LOST", "unknown", `the session was lost: ${reason}`, options);
    this.reason = reason;
  }
}

/**
 * A lock (code `LOCK_LOST`) or a leadership (code `LEADERSHIP_LOST`) is no longer ours. It is the reason with which
 * the `signal` of the hold aborts, with outcome `"unknown"`: what the holder had under way may have taken effect.
 * With outcome `"not-applied"` it is the refusal of a guarded write.
 *
 * @example
 * ```ts
 * import { LockLostError } from "@conclave/client";
 *
 * try {
 *   await client.locks.request("order/42", async (lock) => {
 *     await client.kv.deleteAll("order/42/"); // an administrator takes the lock away
 *     await lock.verify();
 *   });
 * } catch (error) {
 *   if (!(error instanceof LockLostError)) throw error;
 *   console.log(`another may have had the lock meanwhile: ${error.reason}`);
 * }
 * ```
 */
export class LockLostError extends ConclaveError {
  override readonly name = "LockLostError";
  /** Why. */
  readonly reason: LossReason;

  constructor(
    code: "LOCK_LOST" | "LEADERSHIP_LOST",
    outcome: Outcome,
    holdName: string,
    reason: LossReason,
    options?: ErrorOptions,
  ) {
    const what = code === "LOCK_LOST" ? "lock" : "leadership of";
    super(code, outcome, `${what} ${JSON.stringify(holdName)} was lost: ${reason}`, options);
    this.reason = reason;
  }
}

/**
 * A place in a circle of tasks that wait for each other.
 *
 * @example
 * ```ts
 * import { DeadlockError } from "@conclave/client";
 *
 * try {
 *   await client.locks.request("a", { label: "import" }, async (held) => {
 *     await client.locks.request("b", { within: held, label: "import" }, async () => {});
 *   });
 * } catch (error) {
 *   if (!(error instanceof DeadlockError)) throw error;
 *   for (const { name, label, host, pid, key, waitingOn } of error.cycle) {
 *     console.log(`${label} (${host}, ${pid}) waits for ${name} as ${key}, behind ${waitingOn.join()}`);
 *   }
 * }
 * ```
 */
export interface WaitingLock {
  /** What is waited for. */
  readonly name: string;
  /** The entry that waits. */
  readonly key: string;
  /** Who waits, as far as the entry says so. */
  readonly host: string | null;
  /** Its process, on that host. */
  readonly pid: number | null;
  /** What the lock was asked for with. */
  readonly label: string | null;
  /** Keys of the entries that keep it out. */
  readonly waitingOn: readonly string[];
}

/**
 * Tasks wait for each other's locks in a circle, and this one gave up so that the others can go on: of all that wait, it
 * asked last. Free what you hold, and begin anew. Code `DEADLOCK`.
 *
 * @example
 * ```ts
 * import { DeadlockError } from "@conclave/client";
 *
 * try {
 *   await client.locks.request("a", async (held) => {
 *     await client.locks.request("b", { within: held }, async () => {});
 *   });
 * } catch (error) {
 *   if (!(error instanceof DeadlockError)) throw error;
 *   console.log(error.cycle.map(({ name, label }) => `${label} waits for ${name}`).join(", "));
 * }
 * ```
 */
export class DeadlockError extends ConclaveError {
  override readonly name = "DeadlockError";
  /** Who waits for whom: each for the next, the last for the first. */
  readonly cycle: readonly WaitingLock[];

  constructor(lockName: string, cycle: readonly WaitingLock[]) {
    const path = cycle.map(({ name, label, pid }) => `${label ?? pid ?? "?"} for ${name}`);
    const message = `waiting for ${JSON.stringify(lockName)} would never end: ${path.join(", ")}`;
    super("DEADLOCK", "not-applied", message);
    this.cycle = cycle;
  }
}
