import type { Timer } from "@conclave/base";
import { endedBy, onAbort } from "../abort.ts";
import { ConclaveError, LockLostError, type LossReason, SessionLostError } from "../errors.ts";
import type { Comparison } from "../kv/compare.ts";
import type { KeyValue } from "../kv/key-value.ts";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import { op } from "../kv/op.ts";
import { clockedSignal } from "../session/clocked-signal.ts";
import type { Session } from "../session/session.ts";
import type { Coordination } from "./coordination.ts";
import { entryGuards, leaveToDebris, type ReleaseResult, removeEntry } from "./entry-removal.ts";
import { Fence } from "./fence.ts";
import { GuardedKv } from "./guarded-kv.ts";
import type { HoldScope } from "./hold-scope.ts";
import { OwnKeyWatch } from "./own-key-watch.ts";
import type { LossCode, QueueEntry } from "./queue-entry.ts";

/**
 * A hold is watched only once it has lasted this long, ms: most are shorter, and a watch costs them more than the lock.
 * Nothing is missed, for the watch starts at the revision of the acquisition.
 */
const WATCH_AFTER_MS = 50;

type HoldState =
  | { readonly kind: "held" }
  | { readonly kind: "released"; readonly result: Promise<ReleaseResult> }
  | { readonly kind: "lost"; readonly reason: LossReason; readonly cause: unknown };

/** What goes with a hold besides its entry. */
export interface HoldTerms {
  readonly code: LossCode;
  /** Of the read or write that proved the hold. */
  readonly revision: number;
  /**
   * Called once its release is under way. `isQuiet`: nothing that is guarded by the hold can come into effect any more that is
   * not known to have.
   */
  readonly onLeaving?: (isQuiet: boolean) => void;
  /** Called once, after release or loss. */
  readonly onOver: (isClean: boolean) => Promise<void>;
  /** It is given up after so long, whatever its holder does. Null: never. */
  readonly maxHoldMs?: number | null;
}

/**
 * What is ours while the session lives and the queue entry stands: a lock, or the leadership of a term.
 *
 * @example
 * ```ts
 * await using lock = await client.locks.acquire("order/42", { timeout: "5s" });
 * lock.signal.addEventListener("abort", () => console.log("stop"), { once: true });
 * console.log(`fence ${lock.fence}, proven for ${lock.remaining()} ms`);
 * lock.assert(); // by the clock
 * await lock.verify(); // by the server
 * await client.txn().if(lock.guard).commit(); // in a transaction of one's own
 * ```
 */
export class Hold implements AsyncDisposable {
  /** The names that are held: one, but for a lock of several. */
  readonly names: readonly string[];
  /** The queue entries that stand for it, one for each name. Within the client's namespace. */
  readonly keys: readonly string[];
  /** Grows with every holder of the name. Give it to whatever the hold protects. */
  readonly fence: Fence;
  /** Writes that commit only while held. */
  readonly kv: GuardedKv;
  protected readonly coordination: Coordination;
  protected readonly session: Session;
  readonly #entry: QueueEntry;
  readonly #terms: HoldTerms;
  /** Null until somebody asks for the signal: most holds are over before anybody has. */
  #controller: AbortController | null = null;
  /** Makes the reason that the signal aborts with; null while it shall not. */
  #stopReason: (() => unknown) | null = null;
  /** Aborts when the hold is over, for whatever reason; `signal` may abort before. Null until somebody asks. */
  #over: AbortController | null = null;
  readonly #leaveWindDown: () => void;
  #stopListening = () => {};
  #stopListeningToStop = () => {};
  readonly #timers: Timer[];
  #ownKeys: readonly OwnKeyWatch[] = [];
  #contended: Promise<void> | null = null;
  /** While its key is deleted on purpose: what comes of it. */
  #givingUp: Promise<ReleaseResult> | null = null;
  /** Whether somebody has conditions on it, for transactions that are not ours to see. */
  #guardsAreOut = false;
  #state: HoldState = { kind: "held" };

  /** @internal */
  constructor(coordination: Coordination, entry: QueueEntry, terms: HoldTerms) {
    this.coordination = coordination;
    this.session = entry.session;
    this.names = entry.names;
    this.keys = entry.keys;
    this.fence = new Fence(entry.createRevision);
    this.#entry = entry;
    this.#terms = terms;
    const { windDown } = coordination;
    this.#leaveWindDown = windDown.enter(() => this.#stop(() => windDown.signal.reason));
    this.kv = new GuardedKv(() => coordination.txn(), {
      guards: () => entryGuards(this.#entry),
      assert: () => this.assert(),
      onGuardFailed: () => this.onGuardFailed(),
    });
    const { clock } = coordination.runtime;
    const { maxHoldMs = null } = terms;
    this.#timers = [clock.setTimer(WATCH_AFTER_MS, () => this.#watchOwnKeys())];
    if (maxHoldMs !== null) {
      this.#timers.push(clock.setTimer(maxHoldMs, () => this.#lose("max-hold")));
    }
    this.#stopListening = onAbort(this.session.signal, () => this.#onSessionLost());
    coordination.runtime.onHold?.(this);
  }

  /**
   * What is held, for messages; of several names, all of them.
   * @example
   * ```ts
   * await using lock = await client.locks.acquire(["acct/b", "acct/a"]);
   * console.log(lock.name, lock.names.length); // acct/a, acct/b 2
   * ```
   */
  get name(): string {
    return this.names.join(", ");
  }

  /**
   * The queue entry that stands for it, the first of several. Within the client's namespace.
   * @example
   * ```ts
   * await using lock = await client.locks.acquire("order/42");
   * const entry = await client.kv.get(lock.key);
   * console.log(entry?.createRevision === lock.fence.revision, lock.keys.length); // true 1
   * ```
   */
  get key(): string {
    return this.keys[0]!;
  }

  /**
   * Aborts when the hold is lost, with a {@link LockLostError} that says why, before the server can grant it to
   * another; or when it is released, with a {@link ConclaveError} CLOSED.
   */
  get signal(): AbortSignal {
    this.#controller ??= this.#makeController();
    return this.#controller.signal;
  }

  #makeController(): AbortController {
    const controller = new AbortController();
    clockedSignal(controller, () => this.session.remaining());
    if (this.#stopReason !== null) controller.abort(this.#stopReason());
    return controller;
  }

  /** Aborts the signal, or has it aborted when somebody asks for it. The first reason stays. */
  #stop(reason: () => unknown): void {
    if (this.#stopReason !== null) return;
    this.#stopReason = reason;
    this.#controller?.abort(reason());
  }

  /** Whether its entry's value is its holder's own to use, as a term's is. @internal */
  get isTerm(): boolean {
    return this.#terms.code === "LEADERSHIP_LOST";
  }

  /** Whether it was released or lost. @internal */
  get isOver(): boolean {
    this.session.remaining();
    return this.#state.kind !== "held";
  }

  /** How long it is still proven to be ours, ms; 0 if it is not. Looks at the clock, not at a flag. */
  remaining(): number {
    return this.#state.kind === "held" ? this.session.remaining() : 0;
  }

  /** @throws LockLostError if it is lost by the clock at this moment; ConclaveError CLOSED if it was released */
  assert(): void {
    this.session.remaining();
    if (this.#state.kind === "lost") throw this.#lossError("not-applied");
    if (this.#state.kind === "released") throw this.#releasedError();
  }

  /**
   * Asks the server, by a linearizable read, whether the hold is still ours.
   * @throws LockLostError if not; ConclaveError if the server cannot be asked
   */
  async verify(options: CallOptions = {}): Promise<void> {
    this.assert();
    const { results } = await this.coordination
      .txn()
      .then(...this.keys.map((key) => op.get(key)))
      .commitAs("read", limitsOf(options));
    const { leaseId } = this.#entry;
    const isOurs = (own: KeyValue | null) =>
      own?.createRevision === this.fence.revision && own.leaseId === leaseId;
    if (this.#state.kind === "held" && !results.every(isOurs)) this.#lose("deleted");
    this.assert();
  }

  /**
   * A condition for your own transactions: true while the hold is ours.
   * @throws TypeError for a lock of several names, which takes several conditions: {@link guards}
   */
  get guard(): Comparison {
    const [guard, ...others] = this.guards;
    if (guard === undefined || others.length > 0) {
      throw new TypeError("a lock of several names has several guards: .if(...lock.guards)");
    }
    return guard;
  }

  /**
   * Conditions for your own transactions, one for each name: true while the hold is ours. After they were asked for, the next task
   * of this client holds the lock only when the server has said that it was given up: take them from here, rather than
   * make them of `key` and `fence`, and no write of yours can come after one of the next holder.
   */
  get guards(): readonly Comparison[] {
    this.#guardsAreOut = true;
    return entryGuards(this.#entry);
  }

  /**
   * Resolves when somebody else waits for it: a hint to wind up soon, for work that can stop anywhere. Never rejects.
   * @example
   * ```ts
   * await client.locks.request("reindex", async (lock) => {
   *   let isWanted = false;
   *   lock.contended.then(() => (isWanted = true));
   *   for (let page = 0; page < 3 && !isWanted; page += 1) await lock.kv.put("reindex/page", `${page}`);
   * });
   * ```
   */
  get contended(): Promise<void> {
    this.#contended ??= this.#untilContended();
    return this.#contended;
  }

  async #untilContended(): Promise<void> {
    const { untilContended } = await import("./contention.ts");
    this.#over ??= new AbortController();
    if (this.isOver) this.#over.abort(this.name);
    await untilContended(this.coordination, this.#entry, this.#over.signal);
  }

  /** A place for resources that shall not outlive the hold: see {@link HoldScope}. Never rejects: of a hold that is over, it is over. */
  async scope(): Promise<HoldScope> {
    const { HoldScope } = await import("./hold-scope.ts");
    return new HoldScope(this.signal);
  }

  /**
   * Gives the hold up. Never throws; calling it again gives the same answer.
   * @example
   * ```ts
   * const lock = await client.locks.acquire("order/42");
   * console.log(await lock.release()); // released
   * ```
   */
  release(): Promise<ReleaseResult> {
    const state = this.#state;
    if (state.kind === "released") return state.result;
    if (state.kind === "lost") return Promise.resolve("already-lost");
    this.#stopWatching();
    const result = this.#release();
    this.#state = { kind: "released", result };
    this.#stop(() => this.#releasedError());
    return result;
  }

  /**
   * Gives the hold up by a transaction of the caller's, which tells whether the hold was ours until then. If it throws, the
   * hold goes on, unless its key is gone.
   */
  protected async giveUpBy(remove: () => Promise<boolean>): Promise<void> {
    this.assert();
    const removing = remove();
    const result = removing.then<ReleaseResult, ReleaseResult>(
      (wasOurs) => (wasOurs ? "released" : "already-lost"),
      () => "unknown",
    );
    this.#givingUp = result;
    const wasOurs = await removing.finally(() => {
      this.#givingUp = null;
    });
    if (wasOurs) return this.#endGivenUp(result);
    const wasToldOfEnd = this.#state.kind === "released" && this.#state.result === result;
    if (wasToldOfEnd) this.#state = { kind: "lost", reason: "deleted", cause: undefined };
    throw this.onGuardFailed();
  }

  async #endGivenUp(result: Promise<ReleaseResult>): Promise<void> {
    if (this.#state.kind !== "held") return;
    this.#stopWatching();
    this.#state = { kind: "released", result };
    this.#stop(() => this.#releasedError());
    await this.#end(true);
  }

  /** A key that is gone while it is given up went by that, most likely, and another leads: the answer may be long in coming. */
  #onKeyLost(reason: LossReason): void {
    if (this.#givingUp === null || reason !== "deleted") this.#lose(reason);
    else void this.#endGivenUp(this.#givingUp);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release().then(() => {});
  }

  /**
   * Aborts `signal` when another does, to tell the work to stop, while the hold itself stays until it is released.
   * @internal
   */
  endWith(stop: AbortSignal): void {
    this.#stopListeningToStop = onAbort(stop, () => this.#stop(() => endedBy(stop, "not-applied")));
  }

  /** Why it was lost, or null. @internal */
  loss(): LockLostError | null {
    this.session.remaining();
    return this.#state.kind === "lost" ? this.#lossError("unknown") : null;
  }

  /** The release found that the key had gone before. @internal */
  lossFoundAtRelease(): LockLostError {
    return new LockLostError(this.#terms.code, "unknown", this.name, "deleted");
  }

  #watchOwnKeys(): void {
    const terms = {
      startRevision: this.#terms.revision + 1,
      isTerm: this.isTerm,
      onLost: (reason: LossReason) => this.#onKeyLost(reason),
    };
    this.#ownKeys = this.keys.map(
      (key) => new OwnKeyWatch(this.coordination, this.#entry, key, terms),
    );
  }

  #stopWatching(): void {
    this.#stopListening();
    this.#stopListeningToStop();
    for (const timer of this.#timers) timer.cancel();
    for (const ownKey of this.#ownKeys) ownKey.close();
    this.#over?.abort(this.name); // With a reason: without one it would make an error nobody sees.
  }

  #end(isClean: boolean): Promise<void> {
    this.#leaveWindDown();
    return this.#terms.onOver(isClean);
  }

  async #release(): Promise<ReleaseResult> {
    const removing = removeEntry(this.coordination, this.#entry);
    this.#terms.onLeaving?.(!this.#guardsAreOut && this.kv.isSettled);
    const result = await removing;
    await this.#end(result === "released");
    return result;
  }

  #onSessionLost(): void {
    const { reason } = this.session.signal;
    this.#lose(reason instanceof SessionLostError ? reason.reason : "session", reason);
  }

  /** The server refused a guarded write: it is lost, or was released. */
  protected onGuardFailed(): Error {
    if (this.#state.kind === "held") this.#lose("deleted");
    return this.#state.kind === "released" ? this.#releasedError() : this.#lossError("not-applied");
  }

  #lose(reason: LossReason, cause?: unknown): void {
    // A key that went with its lease is not why: after a pause, its event can come before anyone has looked at the clock.
    this.session.remaining();
    if (this.#state.kind !== "held") return;
    this.#stopWatching();
    this.#state = { kind: "lost", reason, cause };
    this.#stop(() => this.#lossError("unknown"));
    this.session.renewNow(); // A key that is gone may mean that its lease is.
    if (reason === "max-hold" || this.keys.length > 1) {
      leaveToDebris(this.coordination, this.#entry, this.keys); // Companions stay: they make the lock-delay.
    }
    void this.#end(false);
  }

  #lossError(outcome: "unknown" | "not-applied"): LockLostError {
    const { reason, cause } = this.#state as { reason: LossReason; cause?: unknown };
    return new LockLostError(this.#terms.code, outcome, this.name, reason, { cause });
  }

  #releasedError(): ConclaveError {
    return new ConclaveError("CLOSED", "not-applied", `${JSON.stringify(this.name)} was released`);
  }
}
