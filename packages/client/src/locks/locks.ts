import { hostname } from "node:os";
import { OperationLimit } from "../abort.ts";
import type { Duration } from "../duration.ts";
import { limitsOf } from "../kv/limits.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { Hold } from "../ownership/hold.ts";
import type { LeaveTurn } from "../ownership/local-queue.ts";
import {
  enterEmptyQueue,
  enterQueue,
  type QueueEntry,
  waitUntilFirst,
} from "../ownership/queue-entry.ts";
import type { Session } from "../session/session.ts";

/** A lock that is held. */
export type Lock = Hold;

/** How a lock is asked for. All of it is optional. */
export interface LockOptions {
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
}

/**
 * Locks by name, in the order of asking, across processes and across clients: Go's `concurrency.Mutex`,
 * `etcdctl lock` and the `v3lock` service stand in the same queues. That shared layout has a trap: a lock named `order`
 * waits for whoever holds `order/42` too, so do not name one lock as the parent of another.
 *
 * A lock over a network is a strong hint and no more: pass `lock.fence` on to what it protects, and let that refuse
 * smaller fences.
 *
 * @example
 * ```ts
 * const done = await client.locks.request("order/42", { timeout: "5s" }, async (lock) => {
 *   await lock.kv.put("order/42/state", "paid");
 *   return true;
 * });
 * console.log(done);
 *
 * await using nightly = await client.locks.try("nightly"); // null if somebody else has it
 * if (nightly !== null) console.log(`fence ${nightly.fence}`);
 * ```
 */
export class Locks {
  readonly #coordination: Coordination;

  /** @internal */
  constructor(coordination: Coordination) {
    this.#coordination = coordination;
  }

  /**
   * Runs `body` while holding the lock.
   * @returns what `body` returned, if the lock was held to the end
   * @throws what `body` threw; else LockLostError if the lock was lost meanwhile, even though `body` returned;
   *   ConclaveError if the lock could not be had. A failure to release is never thrown: the lock frees itself
   * @example
   * ```ts
   * import { fenceHeaders } from "@conclave/client/fencing";
   *
   * await client.locks.request("order/42", async (lock) => {
   *   const request = { headers: fenceHeaders(lock.fence), signal: lock.signal };
   *   console.log(request); // for the payment service
   *   await lock.kv.put("order/42/state", "paid"); // commits only while held
   * });
   * ```
   */
  request<Result>(name: string, body: (lock: Lock) => Result | Promise<Result>): Promise<Result>;
  request<Result>(
    name: string,
    options: LockOptions,
    body: (lock: Lock) => Result | Promise<Result>,
  ): Promise<Result>;
  async request<Result>(
    name: string,
    ...rest:
      | [body: (lock: Lock) => Result | Promise<Result>]
      | [options: LockOptions, body: (lock: Lock) => Result | Promise<Result>]
  ): Promise<Result> {
    const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
    const lock = await this.acquire(name, options);
    let result: Result;
    try {
      result = await body(lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
    const loss = lock.loss();
    if (loss !== null) throw loss;
    if ((await lock.release()) === "already-lost") throw lock.lossFoundAtRelease();
    return result;
  }

  /**
   * Waits for the lock.
   * @throws ConclaveError TIMEOUT or CANCELLED, after which nothing is left in the queue; SessionLostError if the session
   *   was lost while waiting
   * @example
   * ```ts
   * await using lock = await client.locks.acquire("order/42", { timeout: "5s" });
   * ```
   */
  async acquire(name: string, options: LockOptions = {}): Promise<Lock> {
    using limit = this.#limit(name, options);
    const leaveTurn = await this.#coordination.localQueue.enter(name, limit.signal);
    return await (this.#hold(options, leaveTurn, async (session) => {
      limit.alsoEndWith(session.signal);
      return this.#queueUp(session, name, entryValue(options), limit.signal);
    }) as Promise<Lock>);
  }

  /**
   * The lock if it is free now, else null. Writes nothing if it is not.
   * @throws ConclaveError if the server cannot be asked
   */
  async try(name: string, options: LockOptions = {}): Promise<Lock | null> {
    using limit = this.#limit(name, options);
    const leaveTurn = this.#coordination.localQueue.tryEnter(name);
    if (leaveTurn === null) return null;
    return await this.#hold(options, leaveTurn, async (session) => {
      limit.alsoEndWith(session.signal);
      const value = entryValue(options);
      const entry = await enterEmptyQueue(this.#coordination, session, name, value, limit.signal);
      return entry && { entry, revision: entry.createRevision };
    });
  }

  async #queueUp(session: Session, name: string, value: string, signal: AbortSignal) {
    const coordination = this.#coordination;
    const entry = await enterQueue(coordination, session, name, value, signal);
    if (entry.wasFirst) return { entry, revision: entry.createRevision };
    return { entry, revision: await waitUntilFirst(coordination, entry, "LOCK_LOST", signal) };
  }

  /** Makes a hold of what `enter` comes back with, and undoes everything if it comes back with nothing. */
  async #hold(
    options: LockOptions,
    leaveTurn: LeaveTurn,
    enter: (session: Session) => Promise<{ entry: QueueEntry; revision: number } | null>,
  ): Promise<Lock | null> {
    let closeOwn = async () => {};
    const onOver = () => {
      leaveTurn();
      return closeOwn();
    };
    try {
      const chosen = this.#coordination.sessions.choose(options.session);
      closeOwn = chosen.closeOwn;
      const { session } = chosen;
      const entered = await enter(session);
      if (entered !== null) {
        session.assert();
        return new Hold(this.#coordination, entered.entry, "LOCK_LOST", entered.revision, onOver);
      }
    } catch (error) {
      await onOver();
      throw error;
    }
    await onOver();
    return null;
  }

  #limit(name: string, options: LockOptions): OperationLimit {
    if (name === "") throw new TypeError("a lock needs a name");
    const what = `locking ${JSON.stringify(name)}`;
    const { runtime, windDown } = this.#coordination;
    const limit = new OperationLimit(runtime.clock, what, limitsOf(options));
    limit.alsoEndWith(windDown.signal);
    return limit;
  }
}

/** What the queue entry says about who waits, as JSON. */
function entryValue(options: LockOptions): string {
  const { label } = options;
  return JSON.stringify({
    host: hostname(),
    pid: process.pid,
    label,
    since: new Date().toISOString(),
  });
}
