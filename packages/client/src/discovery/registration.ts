import { type Deferred, deferred } from "@conclave/base";
import { endedBy, OperationLimit, onAbort, orAborted, pause } from "../abort.ts";
import { ConclaveError } from "../errors.ts";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import { isFinalError } from "../mirror/mirror-source.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { Debris } from "../ownership/debris.ts";
import { Backoff, drawNonce } from "../runtime.ts";
import type { Session } from "../session/session.ts";
import type { DiscoveryParts } from "./discovery-parts.ts";
import { checkedInstance, encodeEndpoint, type Instance, servicePrefix } from "./endpoint.ts";
import { watchHealth } from "./health-gate.ts";
import { Latest } from "./latest.ts";
import { type RegisterOptions, type RegisterTerms, registerTerms } from "./register-options.ts";
import { RegistrationKey } from "./registration-key.ts";
import { SessionSource } from "./session-source.ts";

/**
 * - `starting`: not registered yet
 * - `registered`: others see it, also while it drains
 * - `unhealthy`: the health check took it out, or marked it
 * - `blocked`: another registration has the key; it is waited for
 * - `healing`: the registration went away or could not be made, and is tried again; `error` says why
 * - `ended`: disposed of, or given up for an error that trying again cannot mend
 */
export type RegistrationState =
  | "starting"
  | "registered"
  | "unhealthy"
  | "blocked"
  | "healing"
  | "ended";

/** Pauses before the registration is made again, ms. They grow while it does not stand. */
const HEAL_MIN_MS = 50;
const HEAL_MAX_MS = 10_000;

type Stage = "active" | "draining" | "leaving";

/**
 * An instance of a service, kept registered: when its lease is lost, its session replaced or its key deleted, it is registered
 * anew. Made by {@link Services.register}. Dispose of it to take the instance out: others see it drain first.
 *
 * @example
 * ```ts
 * await using me = await client.services.register("catalog", { addr: "10.0.0.5:8080", zone: "a" }, { drain: 0 });
 * await me.update({ weight: 3 });
 * console.log(`${me.service} is told of by ${me.key}`);
 * for await (const state of me.changes()) {
 *   if (state === "registered") break; // … or go on, and tell your metrics
 *   console.log(state, me.error);
 * }
 * ```
 */
export class Registration implements AsyncDisposable {
  /** The service that it serves. */
  readonly service: string;
  readonly #coordination: Coordination;
  readonly #terms: RegisterTerms;
  readonly #sessions: SessionSource;
  readonly #instanceId: string;
  readonly #key: RegistrationKey;
  readonly #state = new Latest<RegistrationState>("starting");
  readonly #settling = new Map<Deferred<void>, number>();
  /** Aborts when the key is to be deleted, and nothing else matters any more. */
  readonly #leave = new AbortController();
  readonly #closed: AbortSignal;
  readonly #timeoutMs: number;
  #instance: Instance;
  #stage: Stage = "active";
  /** Null: not asked yet. */
  #isHealthy: boolean | null;
  #error: unknown = null;
  /** Grows whenever what is to be registered changes. */
  #version = 1;
  #settledVersion = 0;
  #wake: Deferred<void> = deferred();
  #closing: Promise<void> | null = null;
  #stopListening = () => {};

  /** @internal */
  constructor(parts: DiscoveryParts, service: string, instance: Instance, terms: RegisterTerms) {
    const { coordination, mirror } = parts;
    this.service = service;
    this.#coordination = coordination;
    this.#closed = mirror.closed;
    this.#timeoutMs = mirror.transport.timeoutMs;
    this.#terms = terms;
    this.#instance = instance;
    this.#sessions = new SessionSource(coordination.sessions, terms);
    this.#instanceId = drawNonce(coordination.runtime.prng);
    const key = servicePrefix(service) + instance.addr;
    this.#key = new RegistrationKey(coordination, key, this.#instanceId, terms.replace);
    this.#isHealthy = terms.health === null ? true : null;
  }

  /** Its key, within the client's namespace. */
  get key(): string {
    return this.#key.key;
  }

  /** How the entry stands. */
  get state(): RegistrationState {
    return this.#state.value;
  }

  /** Why it is not registered: the last failure, what blocks it, or what the health check said. Null while it is. */
  get error(): unknown {
    return this.#error;
  }

  /** The state now, then each change that the reader is fast enough to see, until it is `ended`. Never rejects. */
  changes(): AsyncIterableIterator<RegistrationState> {
    return this.#state.read();
  }

  /**
   * Changes what is registered, except the address. Resolves when others can see it, or as soon as it is known that the
   * instance is not shown (`unhealthy`).
   * @throws ConclaveError TIMEOUT or CANCELLED, after which it is still going to be changed; CLOSED after the end
   */
  async update(change: Partial<Omit<Instance, "addr">>, options: CallOptions = {}): Promise<void> {
    if (this.#closing !== null || this.state === "ended") throw endedError(this.#error);
    this.#instance = checkedInstance({ ...this.#instance, ...change, addr: this.#instance.addr });
    this.#changed();
    const { signal, timeoutMs = this.#timeoutMs } = limitsOf(options);
    using limit = new OperationLimit(this.#coordination.runtime.clock, "update", {
      signal,
      timeoutMs,
    });
    await orAborted(this.settled(), limit.signal);
  }

  /** Takes the instance out: `draining` for a while, then deleted. Never throws; calling it again waits for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#close(this.#terms.drainMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Ends without draining. */
  abandon(): Promise<void> {
    this.#closing ??= this.#close(0);
    return this.#closing;
  }

  /** @internal Begins to register. `signal` ends it. */
  start(signal: AbortSignal | undefined): void {
    const { health } = this.#terms;
    const stops = [
      onAbort(signal, () => void this.close()),
      onAbort(this.#closed, () => void this.abandon()),
    ];
    this.#stopListening = () => {
      for (const stop of stops.splice(0)) stop();
    };
    void this.#run();
    if (health === null) return;
    const { clock } = this.#coordination.runtime;
    void watchHealth(clock, health, this.#leave.signal, (problem) => this.#onVerdict(problem));
  }

  /** @internal Resolves when what is wanted now is so; rejects when the registration has ended. */
  settled(): Promise<void> {
    if (this.#settledVersion >= this.#version) return Promise.resolve();
    if (this.state === "ended") return Promise.reject(endedError(this.#error));
    const waiter = deferred<void>();
    this.#settling.set(waiter, this.#version);
    return waiter.promise;
  }

  #onVerdict(problem: unknown): void {
    const isHealthy = problem === null;
    if (!isHealthy) this.#error = problem;
    if (isHealthy === this.#isHealthy) return;
    this.#isHealthy = isHealthy;
    this.#changed();
  }

  #changed(): void {
    this.#version += 1;
    this.#wake.resolve();
  }

  /** What the key shall hold; null: it shall not be there; undefined: not known yet. */
  #wanted(): string | null | undefined {
    if (this.#stage === "leaving") return null;
    if (this.#isHealthy === null) return undefined;
    if (!this.#isHealthy && this.#terms.whenUnhealthy === "remove") return null;
    const shown = this.#isHealthy ? "up" : "unhealthy";
    const status = this.#stage === "draining" ? "draining" : shown;
    return encodeEndpoint(this.#instance, status, this.#instanceId);
  }

  /** Makes what is so equal to what is wanted, until the end. */
  async #run(): Promise<void> {
    const { clock, prng } = this.#coordination.runtime;
    const backoff = new Backoff(prng, HEAL_MIN_MS, HEAL_MAX_MS);
    while (!this.#leave.signal.aborted) {
      this.#wake = deferred();
      const version = this.#version;
      const startedMs = clock.nowMs();
      try {
        await this.#makeSo(version);
        if (clock.nowMs() - startedMs >= HEAL_MAX_MS) backoff.reset();
      } catch (error) {
        if (this.#leave.signal.aborted) return;
        this.#error = error;
        if (isFinalError(error)) {
          void this.abandon();
          return;
        }
        this.#state.set("healing");
      }
      if (version === this.#version) await this.#rest(backoff.nextDelayMs());
    }
  }

  /** Resolves when it is no longer so, or no longer wanted. @throws what it fails with */
  async #makeSo(version: number): Promise<void> {
    const { signal } = this.#leave;
    const value = this.#wanted();
    if (value === undefined) return this.#wake.promise;
    if (value === null) {
      await this.#key.remove(signal);
      this.#settle(version, "unhealthy");
      return this.#wake.promise;
    }
    const session = this.#sessions.usable();
    const leaseId = await session.open({ signal });
    const { holder, revision } = await this.#put(value, leaseId, session);
    if (holder === "ours") this.#settle(version, this.#isHealthy ? "registered" : "unhealthy");
    else this.#block();
    const watching = this.#key.onTaken(revision, () => this.#wake.resolve());
    const stopListening = onAbort(session.signal, () => this.#wake.resolve());
    await this.#wake.promise;
    stopListening();
    watching.close();
    if (version === this.#version && holder === "ours") this.#onDisturbed(session);
  }

  async #put(value: string, leaseId: bigint, session: Session) {
    try {
      return await this.#key.put(value, leaseId, this.#leave.signal);
    } catch (error) {
      const isLeaseGone = error instanceof ConclaveError && error.code === "LEASE_NOT_FOUND";
      if (isLeaseGone) session.onLeaseNotFound();
      throw error;
    }
  }

  #settle(version: number, state: RegistrationState): void {
    this.#settledVersion = version;
    if (this.#isHealthy) this.#error = null;
    this.#state.set(state);
    for (const [waiter, wantedVersion] of this.#settling) {
      if (wantedVersion > version) continue;
      this.#settling.delete(waiter);
      waiter.resolve();
    }
  }

  #block(): void {
    const message = `${JSON.stringify(this.key)} is registered by another, who keeps it`;
    this.#error = new ConclaveError("ALREADY_EXISTS", "not-applied", message);
    this.#state.set("blocked");
  }

  #onDisturbed(session: Session): void {
    const message = `${JSON.stringify(this.key)} was deleted, or overwritten by another`;
    this.#error = session.signal.aborted
      ? session.signal.reason
      : new ConclaveError("FAILED_PRECONDITION", "not-applied", message);
    this.#state.set("healing");
  }

  /** A pause, cut short by the end and by another wish. */
  async #rest(delayMs: number): Promise<void> {
    const resting = new AbortController();
    const stop = onAbort(this.#leave.signal, () => resting.abort());
    const { clock } = this.#coordination.runtime;
    this.#wake = deferred();
    const resumed = pause(clock, delayMs, resting.signal).catch(() => {});
    await Promise.race([this.#wake.promise, resumed]);
    stop();
    resting.abort();
  }

  async #close(drainMs: number): Promise<void> {
    const isShown = this.state === "registered" && !this.#closed.aborted;
    if (isShown && drainMs > 0) {
      this.#stage = "draining";
      this.#changed();
      await pause(this.#coordination.runtime.clock, drainMs, this.#closed).catch(() => {});
    }
    this.#stage = "leaving";
    this.#leave.abort(endedError(null));
    this.#changed();
    this.#stopListening();
    if (this.state !== "ended") await this.#finish();
  }

  async #finish(): Promise<void> {
    const closing = this.#sessions.close();
    if (!this.#closed.aborted) await this.#clear();
    await closing;
    const error = this.#error;
    this.#state.set("ended");
    this.#state.end(null);
    for (const waiter of this.#settling.keys()) waiter.reject(endedError(error));
    this.#settling.clear();
  }

  /** Deletes the key; if that fails now, in the background, until the session that it rests on is lost. */
  async #clear(): Promise<void> {
    const { runtime } = this.#coordination;
    let failed = false;
    try {
      await this.#key.remove(this.#closed);
    } catch {
      failed = true;
    }
    if (!failed && !this.#key.wasUncertain) return;
    const debris = new Debris(runtime, (_, signal) => this.#key.remove(signal));
    debris.add(this.#sessions.last, this.key, { again: this.#key.wasUncertain });
  }
}

/** Registers, and waits until that is done. */
export async function openRegistration(
  parts: DiscoveryParts,
  service: string,
  instance: Instance,
  options: RegisterOptions,
): Promise<Registration> {
  const terms = registerTerms(options);
  const { signal } = options;
  const checked = checkedInstance(instance);
  if (signal?.aborted) throw endedBy(signal, "not-applied");
  const registration = new Registration(parts, service, checked, terms);
  using limit = new OperationLimit(parts.mirror.runtime.clock, "register", {
    signal,
    timeoutMs: terms.timeoutMs,
  });
  registration.start(signal);
  try {
    await orAborted(registration.settled(), limit.signal);
    return registration;
  } catch (error) {
    const { error: why, state } = registration;
    await registration.abandon();
    throw signal?.aborted ? error : failure(error, why, state);
  }
}

/** What blocked it says more than that time ran out. */
function failure(error: unknown, why: unknown, state: RegistrationState): unknown {
  if (state === "blocked") return why;
  if (why === null || why === error) return error;
  if (why instanceof ConclaveError && isFinalError(why)) return why;
  const message = "register: it did not succeed in time; the cause says what it failed with last";
  return new ConclaveError("TIMEOUT", "not-applied", message, { cause: why });
}

function endedError(cause: unknown): ConclaveError {
  return new ConclaveError("CLOSED", "not-applied", "the registration has ended", { cause });
}
