import { hostname } from "node:os";
import { type Duration, durationMs } from "../duration.ts";
import { Hold } from "../ownership/hold.ts";
import { type Claim, claimFields, EXCLUSIVE } from "../ownership/queue-order.ts";
import type { Session } from "../session/session.ts";

const HOST = hostname();

/**
 * How a lock is asked for. All of it is optional.
 *
 * @example
 * ```ts
 * const giveUp = new AbortController(); // aborts when our caller does
 * await client.locks.request(
 *   "printer/1",
 *   {
 *     timeout: "30s", // for the waiting
 *     signal: giveUp.signal, // for the waiting, too
 *     maxHold: "10m", // for the printing
 *     delay: "15s", // what a crashed holder had sent is printed by then; printers check no fences
 *     label: "invoices",
 *   },
 *   async (lock) => lock.assert(),
 * );
 *
 * // An operator takes it from a holder that hangs, and whose lease is renewed all the same.
 * const hung = await client.locks.acquire("printer/2");
 * await using taken = await client.locks.acquire("printer/2", { steal: true });
 * console.log(taken.fence > hung.fence); // true
 * ```
 */
export interface LockOptions {
  /**
   * `"exclusive"` (the default) is for one holder; `"shared"` for any number that ask so, between those that ask for it
   * alone: readers and a writer. Who asks first is granted first, so neither side starves the other.
   *
   * Those who share hold it at the same time, each with a fence of its own: a resource that refuses smaller fences would
   * refuse the older of two rightful holders. Check fences where the exclusive holder writes. The same goes for permits.
   */
  readonly mode?: "exclusive" | "shared";
  /** How many of the permits `of` the name this lock takes: a semaphore. Everybody has to agree on `of`. */
  readonly permits?: number;
  /** How many permits the name has. Only with `permits`. */
  readonly of?: number;
  /** Gives the waiting up, and leaves nothing behind. It does not end a lock that is held. */
  readonly signal?: AbortSignal;
  /** For the whole acquisition, with every step of it. Default: wait as long as it takes. */
  readonly timeout?: Duration;
  /**
   * What the lock rests on: the client's `"shared"` session (the default), a session of its `"own"`, which nothing else
   * can lose, or one that was made by `session.fork()`.
   */
  readonly session?: "shared" | "own" | Session;
  /** Says in the queue entry who waits, for people who look at the queue. */
  readonly label?: string;
  /**
   * The longest it may be held. After that it is lost with reason `max-hold`: a holder that hangs, but whose session is
   * renewed all the same, does not keep others out for ever. Default: no limit.
   */
  readonly maxHold?: Duration;
  /**
   * After a holder that was lost without releasing (a crash, a partition, its `maxHold`), nobody gets the lock for so long: time for
   * what the holder had under way to arrive, where a resource cannot check fences. A clean release is immediate.
   * A waiter that crashes delays those behind it too. Whole seconds; other clients of etcd respect it as well.
   */
  readonly delay?: Duration;
  /**
   * Locks that this very task holds already. If a circle of such tasks waits for each other, in whatever processes, one of
   * them rejects with a {@link DeadlockError} within seconds, instead of all waiting for ever.
   */
  readonly within?: Hold | readonly Hold[];
  /**
   * Takes the lock from whoever holds it, and overtakes whoever waits: they lose it, the holder with reason `stolen`. Only
   * their fences stop what they still have under way. Not for permits.
   */
  readonly steal?: boolean;
}

/**
 * How a lock is asked for by {@link Locks.request}.
 *
 * @example
 * ```ts
 * const pay = (id: number) =>
 *   client.locks.request(`order/${id}`, { reentrant: true }, async (lock) => {
 *     await lock.kv.put(`order/${id}/state`, "paid");
 *   });
 * const settle = (id: number) =>
 *   client.locks.request(`order/${id}`, { reentrant: true }, () => pay(id)); // inside, under the same lock
 * await settle(42);
 * ```
 */
export interface RequestOptions extends LockOptions {
  /**
   * Inside the body of another `request` of this name, that was itself `reentrant`, runs at once under the same lock,
   * instead of waiting for itself for ever. Asking for an exclusive lock inside a shared one throws.
   */
  readonly reentrant?: boolean;
}

/** Names that one lock can have: each takes three of the 128 operations of a transaction, with room for companions. */
export const LOCK_NAMES_MAX = 32;

/** Options, checked, in ms. */
export interface LockTerms {
  /** Sorted, none twice. */
  readonly names: readonly string[];
  readonly claim: Claim;
  readonly value: string;
  readonly maxHoldMs: number | null;
  /** 0: none. */
  readonly delayMs: number;
  readonly steals: boolean;
  readonly within: readonly Hold[];
}

/** @throws TypeError or RangeError naming what is wrong */
export function lockTerms(name: string | readonly string[], options: LockOptions): LockTerms {
  const names = namesOf(name);
  const claim = claimAsked(options);
  if (claim.kind === "permits" && names.length > 1) {
    throw new TypeError("permits are of one name, not of several");
  }
  const { maxHold, delay, steal: steals = false, within = [] } = options;
  if (steals && claim.kind === "permits") throw new TypeError("permits cannot be stolen");
  return {
    names,
    claim,
    value: entryValue(options, claim, names),
    maxHoldMs: maxHold === undefined ? null : maxHoldMsOf(maxHold),
    delayMs: delay === undefined ? 0 : durationMs(delay, "delay"),
    steals,
    within: within instanceof Hold ? [within] : within,
  };
}

function maxHoldMsOf(maxHold: Duration): number {
  const ms = durationMs(maxHold, "maxHold");
  if (ms === 0) throw new RangeError("maxHold: more than 0");
  return ms;
}

function namesOf(name: string | readonly string[]): readonly string[] {
  const names = typeof name === "string" ? [name] : [...name].sort();
  if (names.length === 0 || names.includes("")) throw new TypeError("a lock needs a name");
  if (names.length > LOCK_NAMES_MAX) {
    throw new RangeError(`a lock has at most ${LOCK_NAMES_MAX} names`);
  }
  const twice = names.find((each, at) => names[at - 1] === each);
  if (twice !== undefined) throw new TypeError(`${JSON.stringify(twice)} is named twice`);
  return names;
}

function claimAsked({ mode = "exclusive", permits, of }: LockOptions): Claim {
  if (mode !== "exclusive" && mode !== "shared") {
    throw new TypeError('mode: "exclusive" or "shared"');
  }
  if (permits === undefined && of === undefined) {
    return mode === "shared" ? { kind: "shared" } : EXCLUSIVE;
  }
  if (permits === undefined || of === undefined) {
    throw new TypeError("permits and of: give both or neither");
  }
  if (mode === "shared") throw new TypeError("permits: not with a mode");
  if (!Number.isSafeInteger(of) || of < 1) throw new RangeError("of: a whole number from 1 up");
  if (!Number.isSafeInteger(permits) || permits < 1 || permits > of) {
    throw new RangeError("permits: a whole number from 1 to `of`");
  }
  return { kind: "permits", permits, of };
}

/** What the queue entry says about who waits, as JSON. */
function entryValue({ label }: LockOptions, claim: Claim, names: readonly string[]): string {
  return JSON.stringify({
    host: HOST,
    pid: process.pid,
    label,
    since: new Date().toISOString(),
    ...(names.length > 1 && { names }),
    ...claimFields(claim),
  });
}
