import type { Timer } from "@conclave/base";
import { cancelledError, onAbort } from "../abort.ts";
import { ConclaveError, LockLostError, type LossReason, SessionLostError } from "../errors.ts";
import { type Comparison, compare } from "../kv/compare.ts";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import { op } from "../kv/op.ts";
import { clockedSignal } from "../session/clocked-signal.ts";
import type { Session } from "../session/session.ts";
import type { Coordination } from "./coordination.ts";
import { Fence } from "./fence.ts";
import { GuardedKv } from "./guarded-kv.ts";
import { OwnKeyWatch } from "./own-key-watch.ts";
import type { LossCode, QueueEntry } from "./queue-entry.ts";

/**
 * How giving up a hold went.
 * - `released`: it was ours until now, and is no longer
 * - `already-lost`: someone else had ended it before
 * - `unknown`: the server could not be asked; the key is deleted in the background, or expires with the session
 */
export type ReleaseResult = "released" | "already-lost" | "unknown";

/**
 * A hold is watched only once it has lasted this long, ms: most are shorter, and a watch costs them more than the lock.
 * Nothing is missed, for the watch starts at the revision of the acquisition.
 */
const WATCH_AFTER_MS = 50;

type HoldState =
  | { readonly kind: "held" }
  | { readonly kind: "released"; readonly result: Promise<ReleaseResult> }
  | { readonly kind: "lost"; readonly reason: LossReason; readonly cause: unknown };

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
  /** What it was asked for by. */
  readonly name: string;
  /** The queue entry that stands for it. Within the client's namespace. */
  readonly key: string;
  /** Grows with every holder of the name. Give it to whatever the hold protects. */
  readonly fence: Fence;
  /** Writes that commit only while held. */
  readonly kv: GuardedKv;
  protected readonly coordination: Coordination;
  protected readonly session: Session;
  readonly #code: LossCode;
  readonly #wasUncertain: boolean;
  readonly #onOver: () => Promise<void>;
  readonly #controller = new AbortController();
  #stopListening = () => {};
  #stopListeningToStop = () => {};
  readonly #watchLater: Timer;
  #ownKey: OwnKeyWatch | null = null;
  #state: HoldState = { kind: "held" };

  /** @internal `revision` proved the hold; `onOver` is called once, after release or loss. */
  constructor(
    coordination: Coordination,
    entry: QueueEntry,
    code: LossCode,
    revision: number,
    onOver: () => Promise<void>,
  ) {
    this.coordination = coordination;
    this.session = entry.session;
    this.name = entry.name;
    this.key = entry.key;
    this.fence = new Fence(entry.createRevision);
    this.#code = code;
    this.#wasUncertain = entry.wasUncertain;
    const leave = coordination.windDown.enter(() =>
      this.#controller.abort(coordination.windDown.signal.reason),
    );
    this.#onOver = () => {
      leave();
      return onOver();
    };
    this.kv = new GuardedKv(() => coordination.txn(), {
      guard: this.guard,
      assert: () => this.assert(),
      onGuardFailed: () => this.onGuardFailed(),
    });
    this.#watchLater = coordination.runtime.clock.setTimer(WATCH_AFTER_MS, () => {
      this.#ownKey = new OwnKeyWatch(coordination, entry, revision + 1, (reason) =>
        this.#lose(reason),
      );
    });
    clockedSignal(this.#controller, () => this.session.remaining());
    this.#stopListening = onAbort(this.session.signal, () => this.#onSessionLost());
  }

  /**
   * Aborts when the hold is lost, with a {@link LockLostError} that says why, before the server can grant it to
   * another; or when it is released, with a {@link ConclaveError} CLOSED.
   */
  get signal(): AbortSignal {
    return this.#controller.signal;
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
      .then(op.get(this.key))
      .commitAs("read", limitsOf(options));
    const [own] = results;
    if (this.#state.kind === "held" && own?.createRevision !== this.fence.revision) {
      this.#lose("deleted");
    }
    this.assert();
  }

  /** A condition for your own transactions: true while the hold is ours. */
  get guard(): Comparison {
    return compare({ key: this.key }).createRevision.eq(this.fence.revision);
  }

  /** Gives the hold up. Never throws; calling it again gives the same answer. */
  release(): Promise<ReleaseResult> {
    const state = this.#state;
    if (state.kind === "released") return state.result;
    if (state.kind === "lost") return Promise.resolve("already-lost");
    this.#stopWatching();
    const result = this.#release();
    this.#state = { kind: "released", result };
    this.#controller.abort(this.#releasedError());
    return result;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release().then(() => {});
  }

  /**
   * Aborts `signal` when another does, to tell the work to stop, while the hold itself stays until it is released.
   * @internal
   */
  endWith(stop: AbortSignal): void {
    this.#stopListeningToStop = onAbort(stop, () =>
      this.#controller.abort(cancelledError(stop, "not-applied")),
    );
  }

  /** Why it was lost, or null. @internal */
  loss(): LockLostError | null {
    this.session.remaining();
    return this.#state.kind === "lost" ? this.#lossError("unknown") : null;
  }

  /** The release found that the key had gone before. @internal */
  lossFoundAtRelease(): LockLostError {
    return new LockLostError(this.#code, "unknown", this.name, "deleted");
  }

  #stopWatching(): void {
    this.#stopListening();
    this.#stopListeningToStop();
    this.#watchLater.cancel();
    this.#ownKey?.close();
  }

  async #release(): Promise<ReleaseResult> {
    const result = await this.#deleteEntry();
    if (result === "unknown" || this.#wasUncertain) {
      this.coordination.debris.add(this.session, this.key, { again: this.#wasUncertain });
    }
    await this.#onOver();
    return result;
  }

  /** Deletes the entry if it is still ours. The nonce makes the key ours alone, so this is safe to repeat. */
  async #deleteEntry(): Promise<ReleaseResult> {
    let wasRepeated = false;
    const { signal } = this.session;
    const remove = () =>
      this.coordination.txn().if(this.guard).then(op.delete(this.key)).commit({ signal });
    try {
      const { succeeded } = await remove().catch((error: unknown) => {
        const isUncertain = error instanceof ConclaveError && error.outcome === "unknown";
        if (!isUncertain || signal.aborted) throw error;
        wasRepeated = true;
        return remove();
      });
      // Gone at the second attempt: most likely by the first.
      return succeeded || wasRepeated ? "released" : "already-lost";
    } catch {
      return "unknown";
    }
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
    this.#controller.abort(this.#lossError("unknown"));
    this.session.renewNow(); // A key that is gone may mean that its lease is.
    void this.#onOver();
  }

  #lossError(outcome: "unknown" | "not-applied"): LockLostError {
    const { reason, cause } = this.#state as { reason: LossReason; cause?: unknown };
    return new LockLostError(this.#code, outcome, this.name, reason, { cause });
  }

  #releasedError(): ConclaveError {
    return new ConclaveError("CLOSED", "not-applied", `${JSON.stringify(this.name)} was released`);
  }
}
