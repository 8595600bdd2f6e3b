import { limitsOf } from "../kv/limits.ts";
import { AcquisitionLimit } from "../ownership/acquisition-limit.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { Hold } from "../ownership/hold.ts";
import type { LeaveTurn, Share } from "../ownership/local-queue.ts";
import { type Entering, enterQueue, type QueueEntry } from "../ownership/queue-entry.ts";
import type { Session } from "../session/session.ts";
import type { LockDelay } from "./lock-delay.ts";
import {
  type LockOptions,
  type LockTerms,
  lockTerms,
  type RequestOptions,
} from "./lock-options.ts";
import type { LockQuery, LockQueryOptions } from "./query.ts";

/** A lock that is held. */
export type Lock = Hold;

/** One name, or several that are locked together, all or none. */
export type LockName = string | readonly string[];

/** Of a lock that does not take turns with the other tasks of its client. */
const NO_TURN: LeaveTurn = () => {};

type Body<Result> = (lock: Lock) => Result | Promise<Result>;

/**
 * Locks by name, in the order of asking, across processes and across clients: Go's `concurrency.Mutex`,
 * `etcdctl lock` and the `v3lock` service stand in the same queues. That shared layout has two traps: a lock named `order`
 * waits for whoever holds `order/42` too, so do not name one lock as the parent of another. And data kept below the name
 * of a lock, such as `order/42/state`, is nobody's place for us if it has no lease, but Go and `etcdctl` wait for it.
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
  request<Result>(name: LockName, body: Body<Result>): Promise<Result>;
  request<Result>(name: LockName, options: RequestOptions, body: Body<Result>): Promise<Result>;
  async request<Result>(
    name: LockName,
    ...rest: [body: Body<Result>] | [options: RequestOptions, body: Body<Result>]
  ): Promise<Result> {
    const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
    if (options.reentrant) return this.#reenter(name, options, body);
    return runBody(await this.acquire(name, options), body);
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
  async acquire(name: LockName, options: LockOptions = {}): Promise<Lock> {
    const terms = lockTerms(name, options);
    using limit = this.#limit(terms, options);
    // A wait among the tasks of this client is invisible to others, who look for circles; so it waits at the server.
    const skipsTurns = terms.steals || terms.within.length > 0;
    const leaveTurn = skipsTurns ? NO_TURN : await this.#takeTurns(terms, limit.signal);
    return await (this.#hold(terms, options, limit, leaveTurn, (entering) =>
      this.#queueUp(entering, terms, limit.signal),
    ) as Promise<Lock>);
  }

  /**
   * The lock if it is free now, else null. Writes nothing if it is not.
   * @throws ConclaveError if the server cannot be asked
   */
  async try(name: LockName, options: LockOptions = {}): Promise<Lock | null> {
    const terms = lockTerms(name, options);
    using limit = this.#limit(terms, options);
    // What is shared may be free though another task is just about to ask for it too.
    const needsTurn = !terms.steals && terms.claim.kind === "exclusive";
    const leaveTurn = needsTurn ? this.#tryTurns(terms) : NO_TURN;
    if (leaveTurn === null) return null;
    return await this.#hold(terms, options, limit, leaveTurn, async (entering) => {
      if (terms.steals) return this.#queueUp(entering, terms, limit.signal);
      const { enterIfFree } = await import("./try-lock.ts");
      const entry = await enterIfFree(this.#coordination, entering, limit.signal);
      return entry && { entry, revision: entry.createRevision };
    });
  }

  /**
   * Who holds and who waits, for every name that begins with `prefix`, by one linearizable read. Locks and elections of
   * other clients of etcd are among them.
   * @throws RangeError for a limit below 1; ConclaveError UNAVAILABLE, TIMEOUT, CANCELLED
   * @example
   * ```ts
   * await using lock = await client.locks.acquire("order/42", { label: "pay" });
   * const { held, pending } = await client.locks.query("order/");
   * for (const { name, owner, fence } of held) console.log(name, owner?.label, `${fence}`);
   * for (const { name, position } of pending) console.log(name, position);
   * ```
   */
  async query(prefix = "", options: LockQueryOptions = {}): Promise<LockQuery> {
    const { queryLocks } = await import("./query.ts");
    return queryLocks(this.#coordination, prefix, options);
  }

  /** Runs `body` under a lock that was acquired, and frees it; as {@link request} does from there. @internal */
  runUnder<Result>(lock: Lock, body: () => Result | Promise<Result>): Promise<Result> {
    return runBody(lock, body);
  }

  async #reenter<Result>(
    name: LockName,
    options: RequestOptions,
    body: Body<Result>,
  ): Promise<Result> {
    const { heldByThisTask, runHolding, runInside } = await import("./reentry.ts");
    const { names, claim } = lockTerms(name, options);
    if (claim.kind === "permits") throw new TypeError("reentrant: not with permits");
    const outer = heldByThisTask(this.#coordination, names, claim);
    if (outer !== null) return runInside(outer, body);
    const lock = await this.acquire(name, options);
    return runBody(lock, () => runHolding(this.#coordination, lock, claim, body));
  }

  async #queueUp(entering: Entering, terms: LockTerms, signal: AbortSignal): Promise<Entered> {
    const coordination = this.#coordination;
    const entry = await enterQueue(coordination, entering, signal);
    if (entry.wasGranted) return { entry, revision: entry.createRevision };
    const { waitForLock } = await import("./lock-wait.ts");
    return { entry, revision: await waitForLock(coordination, entry, terms, signal) };
  }

  /** Makes a hold of what `enter` comes back with, and undoes everything if it comes back with nothing. */
  async #hold(
    terms: LockTerms,
    options: LockOptions,
    limit: AcquisitionLimit,
    leaveTurn: LeaveTurn,
    enter: (entering: Entering) => Promise<Entered | null>,
  ): Promise<Lock | null> {
    const coordination = this.#coordination;
    let closeOwn = async () => {};
    let delay: LockDelay | null = null;
    // At once: whoever asks after it comes behind it.
    const local = standsAmongOwn(terms) ? coordination.localEntries.ask(terms.names[0]!) : null;
    const onOver = async (isClean: boolean) => {
      local?.end();
      leaveTurn();
      await delay?.close(isClean);
      await closeOwn();
    };
    try {
      const chosen = coordination.sessions.choose(options.session);
      closeOwn = chosen.closeOwn;
      const { session } = chosen;
      limit.restOn(session);
      delay = await this.#openDelay(terms, session, limit.signal);
      const { names, claim, value, maxHoldMs } = terms;
      const companions = delay?.companions ?? [];
      const entered = await enter({ names, claim, value, session, local, companions });
      if (entered !== null) {
        session.assert();
        // What is shared is waited for one task after the other, and held by all of them.
        if (claim.kind !== "exclusive") leaveTurn();
        const { entry, revision } = entered;
        return new Hold(coordination, entry, {
          code: "LOCK_LOST",
          revision,
          maxHoldMs,
          onLeaving: (isQuiet) => {
            // Else a write of this holder could still come after one of the next.
            if (isQuiet) local?.giveUp();
            // The request of a task that waits for room goes with the release: which comes first, the server's queue decides.
            leaveTurn();
          },
          onOver: (isClean) => {
            if (isClean) local?.giveUp();
            return onOver(isClean);
          },
        });
      }
    } catch (error) {
      await onOver(true);
      throw error;
    }
    await onOver(true);
    return null;
  }

  async #openDelay(
    { names, delayMs }: LockTerms,
    session: Session,
    signal: AbortSignal,
  ): Promise<LockDelay | null> {
    if (delayMs === 0) return null;
    const { LockDelay } = await import("./lock-delay.ts");
    return LockDelay.open(this.#coordination, session, names, delayMs, signal);
  }

  /** One name after the other, in the order that everybody takes them in, so that nobody waits in a circle. */
  async #takeTurns(terms: LockTerms, signal: AbortSignal): Promise<LeaveTurn> {
    const { localQueue } = this.#coordination;
    const share = shareOf(terms);
    const taken: LeaveTurn[] = [];
    try {
      for (const name of terms.names) taken.push(await localQueue.enter(name, signal, share));
    } catch (error) {
      leaveAll(taken);
      throw error;
    }
    return () => leaveAll(taken);
  }

  #tryTurns(terms: LockTerms): LeaveTurn | null {
    const taken: LeaveTurn[] = [];
    for (const name of terms.names) {
      const leaveTurn = this.#coordination.localQueue.tryEnter(name, shareOf(terms));
      if (leaveTurn === null) {
        leaveAll(taken);
        return null;
      }
      taken.push(leaveTurn);
    }
    return () => leaveAll(taken);
  }

  #limit({ names }: LockTerms, options: LockOptions): AcquisitionLimit {
    return new AcquisitionLimit(this.#coordination, limitsOf(options), () => {
      return `locking ${names.map((name) => JSON.stringify(name)).join(", ")}`;
    });
  }
}

interface Entered {
  readonly entry: QueueEntry;
  /** Of the read or write that proved that it was granted. */
  readonly revision: number;
}

/** Whether tasks like it may stand one behind the other in the server's queue, and hand over to each other. */
function standsAmongOwn({ names, claim, delayMs, steals, within }: LockTerms): boolean {
  const waitsPlainly = delayMs === 0 && !steals && within.length === 0;
  return waitsPlainly && names.length === 1 && claim.kind === "exclusive";
}

function shareOf(terms: LockTerms): Share {
  return standsAmongOwn(terms) ? "place" : "whole";
}

function leaveAll(turns: readonly LeaveTurn[]): void {
  for (const leave of turns) leave();
}

async function runBody<Result>(lock: Lock, body: Body<Result>): Promise<Result> {
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
