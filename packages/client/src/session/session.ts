import type { Timer } from "@conclave/base";
import { keepListening } from "@conclave/rpc";
import { orAborted } from "../abort.ts";
import { type LossReason, SessionLostError } from "../errors.ts";
import { drawLeaseId, type Runtime } from "../runtime.ts";
import type { Transport } from "../transport/transport.ts";
import { clockedSignal } from "./clocked-signal.ts";
import type { KeepAlive, StartKeepAlive } from "./keep-alive.ts";
import { grantLease, revokeLease } from "./lease-grant.ts";
import { RenewalTimes, type SessionTiming } from "./renewal-times.ts";
import { type SessionOptions, type SessionTerms, sessionTerms } from "./session-options.ts";
import { Validity } from "./validity.ts";

/**
 * - `idle`: nothing has needed it yet; there is no lease
 * - `held`: the lease is proven alive
 * - `doubt`: still proven alive, but a renewal is late; finish, start nothing new
 * - `lost`: no longer proven alive, for good
 */
export type SessionState = "idle" | "held" | "doubt" | "lost";

type Phase =
  | { readonly kind: "idle" }
  | { readonly kind: "opening"; readonly granted: Promise<bigint> }
  | {
      readonly kind: "live";
      readonly leaseId: bigint;
      readonly validity: Validity;
      readonly keepAlive: KeepAlive;
      /** A renewal is late. */
      doubted: boolean;
      /** When the deadline timer is due; it may lag behind a deadline that renewals moved. */
      timerDueMs: number;
      timer: Timer;
      readonly stopGuarding: () => void;
    }
  | { readonly kind: "lost"; readonly error: SessionLostError };

/** What a session is made of beside its terms. */
export interface SessionParts {
  readonly transport: Transport;
  readonly runtime: Runtime;
  /** How leases of these terms are renewed, once that is ready. */
  prepareKeepAlive(terms: SessionTerms): Promise<StartKeepAlive>;
  makeFork(terms: SessionTerms): Session;
}

/**
 * A lease, the effort to keep it alive, and the proof that it is. Locks and leaderships rest on one.
 *
 * It counts as held until `send time of the last acknowledged renewal + granted TTL - margin` on the monotonic clock,
 * whatever the network does, so `signal` aborts before the server can give away what rests on it. Lost is final.
 *
 * @example
 * ```ts
 * await client.session.open(); // done by the first lock or election, too
 * console.log(client.session.state, client.session.remaining());
 *
 * // What shall not be lost together with the shared session gets one of its own.
 * await using other = client.session.fork({ ttl: "30s" });
 * await client.locks.request("long", { session: other }, async (lock) => lock.assert());
 * ```
 */
export class Session implements AsyncDisposable {
  readonly #parts: SessionParts;
  readonly #terms: SessionTerms;
  readonly #controller = new AbortController();
  readonly #renewalTimes: RenewalTimes;
  #phase: Phase = { kind: "idle" };

  /** @internal */
  constructor(parts: SessionParts, terms: SessionTerms) {
    this.#parts = parts;
    this.#terms = terms;
    this.#renewalTimes = new RenewalTimes(terms.marginMs);
    clockedSignal(this.#controller, () => this.#loseIfOverdue());
    keepListening(this.#controller.signal);
  }

  /** What it asks the server for, ms. @internal */
  get ttlMs(): number {
    return this.#terms.ttlMs;
  }

  /** What is known of the lease at this moment, by the clock. */
  get state(): SessionState {
    this.#loseIfOverdue();
    const phase = this.#phase;
    if (phase.kind === "live") return phase.doubted ? "doubt" : "held";
    return phase.kind === "lost" ? "lost" : "idle";
  }

  /** Aborts with a {@link SessionLostError} when the session is lost. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** How long the lease is still proven alive, ms; 0 if it is not. Compares clocks at the moment of the call. */
  remaining(): number {
    this.#loseIfOverdue();
    if (this.#phase.kind !== "live") return 0;
    return this.#phase.validity.deadlineMs - this.#parts.runtime.clock.nowMs();
  }

  /**
   * How long renewals take, against the margin there is for them.
   * @example
   * ```ts
   * await client.session.open();
   * const { renewals, p99, margin } = client.session.timing;
   * console.log(`${renewals} renewals, 99 % within ${p99 ?? "?"} ms, margin ${margin} ms`);
   * ```
   */
  get timing(): SessionTiming {
    this.#loseIfOverdue();
    return this.#renewalTimes.timing;
  }

  /**
   * The timing now, then after each renewal, until the session is lost. A margin that is tight is worth a warning: a
   * session that is too short for its surroundings is lost again and again, though nothing is broken. Never rejects.
   *
   * @example
   * ```ts
   * await client.session.open();
   * for await (const { isMarginTight, p99, margin } of client.session.timings()) {
   *   if (isMarginTight) console.warn(`renewals take ${p99} ms, and there are only ${margin} ms`);
   *   break;
   * }
   * ```
   */
  timings(): AsyncIterableIterator<SessionTiming> {
    return this.#renewalTimes.read(this.signal);
  }

  /**
   * @throws SessionLostError if the session is lost by now
   * @example
   * ```ts
   * await client.session.open();
   * for (const part of ["a", "b"]) {
   *   client.session.assert(); // between two steps that may take long
   *   await client.kv.put(`parts/${part}`, "done");
   * }
   * ```
   */
  assert(): void {
    this.#loseIfOverdue();
    if (this.#phase.kind === "lost") throw this.#phase.error;
  }

  /**
   * Grants the lease if there is none yet, and returns its id.
   * @throws SessionLostError if the session is lost; ConclaveError if no lease could be granted, after which the
   *   session is idle as before
   */
  open(options: { readonly signal?: AbortSignal } = {}): Promise<bigint> {
    this.#loseIfOverdue();
    const phase = this.#phase;
    switch (phase.kind) {
      case "live":
        return Promise.resolve(phase.leaseId);
      case "lost":
        return Promise.reject(phase.error);
      case "opening":
        return awaited(phase.granted, options.signal);
      case "idle": {
        const granted = this.#grant();
        this.#phase = { kind: "opening", granted };
        return awaited(granted, options.signal);
      }
    }
  }

  /** Another session, with a lease of its own, so that losing one does not lose the other. Default terms: this one's. */
  fork(options: SessionOptions = {}): Session {
    return this.#parts.makeFork(sessionTerms(options, this.#terms));
  }

  /**
   * Ends the session: aborts `signal`, then revokes the lease, which deletes every key on it at one revision. If the
   * server cannot be reached, the lease expires by itself. Never throws.
   * @example
   * ```ts
   * const session = client.session.fork({ ttl: "5s" });
   * const leaseId = await session.open();
   * await client.kv.put("seat/12", "ada", { leaseId });
   * await session.close(); // and everything on its lease is gone
   * console.log(await client.kv.get("seat/12")); // null
   * ```
   */
  async close(reason: LossReason = "session"): Promise<void> {
    const phase = this.#phase;
    this.#lose(reason);
    try {
      if (phase.kind === "live") await revokeLease(this.#parts.transport, phase.leaseId);
      if (phase.kind === "opening") await phase.granted; // Revokes what it granted, for the session is lost.
    } catch {
      // The lease expires.
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The lease's time is counted from the first request for it. */
  async #grant(): Promise<bigint> {
    const { transport, runtime } = this.#parts;
    const { clock, prng } = runtime;
    const leaseId = drawLeaseId(prng);
    const sentAtMs = clock.nowMs();
    let granted: [ttlMs: number, start: StartKeepAlive];
    try {
      granted = await Promise.all([
        grantLease(transport, leaseId, this.#terms.ttlMs),
        this.#parts.prepareKeepAlive(this.#terms),
      ]);
    } catch (error) {
      if (this.#phase.kind === "opening") this.#phase = { kind: "idle" };
      throw error;
    }
    if (this.#phase.kind === "lost") {
      await revokeLease(transport, leaseId);
      throw this.#phase.error;
    }
    this.#goLive(leaseId, sentAtMs, ...granted);
    this.assert();
    return leaseId;
  }

  #goLive(leaseId: bigint, sentAtMs: number, ttlMs: number, start: StartKeepAlive): void {
    const { marginMs } = this.#terms;
    const validity = new Validity(sentAtMs, ttlMs, marginMs);
    const timerDueMs = validity.deadlineMs;
    const timer = this.#timerFor(timerDueMs);
    const keepAlive = start(
      { leaseId, sentAtMs, ttlMs, marginMs },
      {
        onNews: () => this.#loseIfOverdue(),
        onLate: () => this.#onLate(),
        onGone: () => this.#onGone(),
      },
    );
    const guard = this.#parts.runtime.beforeContinuations;
    const stopGuarding = guard?.(() => this.#loseIfOverdue()) ?? (() => {});
    this.#phase = {
      kind: "live",
      leaseId,
      validity,
      keepAlive,
      doubted: false,
      timerDueMs,
      timer,
      stopGuarding,
    };
  }

  #onLate(): void {
    if (this.#phase.kind === "live") this.#phase.doubted = true;
  }

  /** Asks the server at once whether the lease is still there, for something that rests on it went away. @internal */
  renewNow(): void {
    if (this.#phase.kind === "live") this.#phase.keepAlive.renewNow();
  }

  /** The server refused something on this lease, for there is no such lease any more. @internal */
  onLeaseNotFound(): void {
    this.#onGone();
  }

  #onGone(): void {
    const phase = this.#phase;
    if (phase.kind !== "live") return;
    const mayHaveExpired = this.#parts.runtime.clock.nowMs() >= phase.validity.earliestExpiryMs;
    this.#lose(mayHaveExpired ? "expired" : "revoked");
  }

  #timerFor(dueMs: number): Timer {
    const { clock } = this.#parts.runtime;
    return clock.setTimer(dueMs - clock.nowMs(), () => this.#onDeadlineTimer());
  }

  #onDeadlineTimer(): void {
    this.#loseIfOverdue();
    const phase = this.#phase;
    if (phase.kind !== "live") return;
    phase.timerDueMs = phase.validity.deadlineMs;
    phase.timer = this.#timerFor(phase.timerDueMs);
  }

  /**
   * Every look at the session passes here, so that a late timer cannot make a stale session look alive. An answer counts
   * even when it is read after the deadline that it moves, but only while nobody was told of a loss: lost is final.
   */
  #loseIfOverdue(): void {
    const phase = this.#phase;
    if (phase.kind !== "live") return;
    const news = phase.keepAlive.takeNews();
    if (news === "stalled") {
      this.#lose("stalled");
      return;
    }
    if (news !== null) {
      phase.validity.onRenewed(news.sentAtMs, news.ttlMs);
      this.#renewalTimes.add(news.tookMs);
      phase.doubted = false;
    }
    const nowMs = this.#parts.runtime.clock.nowMs();
    if (phase.validity.isProvenAt(nowMs)) return;
    const timerLatenessMs = nowMs - phase.timerDueMs;
    this.#lose(timerLatenessMs > this.#terms.marginMs ? "stalled" : "expired");
  }

  #lose(reason: LossReason): void {
    const phase = this.#phase;
    if (phase.kind === "lost") return;
    if (phase.kind === "live") {
      phase.timer.cancel();
      phase.keepAlive.stop();
      phase.stopGuarding();
    }
    const error = new SessionLostError(reason);
    this.#phase = { kind: "lost", error };
    this.#controller.abort(error);
    this.#renewalTimes.wake();
  }
}

function awaited<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal === undefined ? promise : orAborted(promise, signal);
}
