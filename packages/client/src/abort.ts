import type { Clock } from "@conclave/base";
import { ConclaveError, type Outcome } from "./errors.ts";

interface Audience {
  readonly callbacks: Set<() => void>;
  readonly onAbort: () => void;
}

/**
 * Who listens to a signal of those that somebody listens to. One listener is put on a signal, however many there are here:
 * people share one signal among all they do, and Node takes more than ten listeners for a leak.
 */
const audiences = new WeakMap<AbortSignal, Audience>();

/** Calls back once when `signal` aborts, at once if it has. Returns the way to stop listening. */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    callback();
    return () => {};
  }
  const audience = audiences.get(signal) ?? audienceOf(signal);
  audience.callbacks.add(callback);
  return () => {
    if (!audience.callbacks.delete(callback) || audience.callbacks.size > 0) return;
    audiences.delete(signal);
    signal.removeEventListener("abort", audience.onAbort);
  };
}

function audienceOf(signal: AbortSignal): Audience {
  const callbacks = new Set<() => void>();
  const onAbort = () => {
    audiences.delete(signal);
    for (const callback of callbacks) callback();
  };
  const audience = { callbacks, onAbort };
  audiences.set(signal, audience);
  signal.addEventListener("abort", onAbort, { once: true });
  return audience;
}

/** All of them: their reasons are the errors that what they end shall reject with. */
const jointSignals = new WeakSet<AbortSignal>();

/**
 * The error of what an aborted signal ended: CANCELLED, with the caller's reason as its cause; for a step of what a
 * {@link JointSignal} ended, its reason.
 */
export function endedBy(signal: AbortSignal, outcome: Outcome): ConclaveError {
  const cause: unknown = signal.reason;
  if (jointSignals.has(signal) && cause instanceof ConclaveError) {
    return outcome === "unknown" ? inDoubt(cause) : cause;
  }
  return new ConclaveError("CANCELLED", outcome, "cancelled by the caller's signal", { cause });
}

/** The error of an operation that may have taken effect all the same: `error`, saying so. */
export function inDoubt<Thrown>(
  error: Thrown,
  what = "it may have taken effect",
): Thrown | ConclaveError {
  if (!(error instanceof ConclaveError) || error.outcome === "unknown") return error;
  const message = `${error.message}; ${what}`;
  return new ConclaveError(error.code, "unknown", message, { cause: error.cause ?? error });
}

/**
 * One signal that several others abort, with the reason of the first. Dispose it when what it ends is over: listeners on
 * signals that outlive it would pile up (AbortSignal.any offers no way to let go).
 */
export class JointSignal implements Disposable {
  readonly #controller = new AbortController();
  readonly #stops: (() => void)[] = [];

  constructor(...signals: readonly AbortSignal[]) {
    jointSignals.add(this.signal);
    for (const signal of signals) this.alsoEndWith(signal);
  }

  /** Aborts with the reason of `signal` too, as it is. */
  alsoEndWith(signal: AbortSignal): void {
    this.stopWith(onAbort(signal, () => this.end(signal.reason)));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  protected end(reason: unknown): void {
    this.#controller.abort(reason);
    this[Symbol.dispose]();
  }

  /** Has `stop` called when it is over. */
  protected stopWith(stop: () => void): void {
    this.#stops.push(stop);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}

/**
 * The caller's signal and a time limit as one, for an operation of several steps. It aborts with the error that the
 * operation shall reject with.
 */
export class OperationLimit extends JointSignal {
  constructor(
    clock: Clock,
    what: string,
    limits: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number | undefined },
  ) {
    super();
    const { signal, timeoutMs } = limits;
    if (timeoutMs !== undefined) {
      const message = `${what} took longer than ${timeoutMs} ms`;
      const timer = clock.setTimer(timeoutMs, () =>
        this.end(new ConclaveError("TIMEOUT", "not-applied", message)),
      );
      this.stopWith(() => timer.cancel());
    }
    if (signal !== undefined) {
      this.stopWith(onAbort(signal, () => this.end(endedBy(signal, "not-applied"))));
    }
  }
}

/** Settles as `promise` does, or rejects with the signal's reason as soon as it aborts. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = onAbort(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(stop);
  });
}

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as it aborts. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const timer = clock.setTimer(delayMs, () => {
      stop();
      resolve();
    });
    const stop = onAbort(signal, () => {
      timer.cancel();
      reject(signal.reason);
    });
  });
}
