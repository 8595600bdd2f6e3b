import { type Deferred, deferred } from "@conclave/base";
import { onAbort } from "../abort.ts";
import { ConclaveError } from "../errors.ts";

/** Tasks of one client that may wait for one name. Beyond it, `enter` is refused with LOCAL_QUEUE_FULL. */
export const LOCAL_WAITERS_MAX = 10_000;

/** Gives the turn to the next. To be called once. */
export type LeaveTurn = () => void;

/**
 * Lets the tasks of one client take turns on a name, first come first served, so that however many wait here, one entry
 * and one watch stand for them at the server (failure mode 16). The turn ends when the hold is given up, so each task
 * queues up anew behind the waiters of other clients: no client keeps a lock to itself.
 */
export class LocalQueue {
  /** The tasks waiting for each name that somebody has the turn of. */
  readonly #waiting = new Map<string, Set<Deferred<LeaveTurn>>>();
  /** Who wants to know when somebody waits for a name. */
  readonly #listeners = new Map<string, Set<() => void>>();

  /** Waits for the turn. Rejects with the signal's reason if it aborts first. */
  enter(name: string, signal: AbortSignal): Promise<LeaveTurn> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return Promise.resolve(this.#startTurns(name));
    if (waiting.size >= LOCAL_WAITERS_MAX) {
      const message = `${LOCAL_WAITERS_MAX} tasks of this client wait for ${JSON.stringify(name)}`;
      return Promise.reject(new ConclaveError("LOCAL_QUEUE_FULL", "not-applied", message));
    }
    const turn = deferred<LeaveTurn>();
    waiting.add(turn);
    for (const listener of this.#listeners.get(name) ?? []) listener();
    const stop = onAbort(signal, () => {
      waiting.delete(turn);
      turn.reject(signal.reason);
    });
    return turn.promise.finally(stop);
  }

  /** The turn if nobody has it, else null. */
  tryEnter(name: string): LeaveTurn | null {
    return this.#waiting.has(name) ? null : this.#startTurns(name);
  }

  /** Calls back whenever a task begins to wait for the name, at once if one does. Returns the way to stop listening. */
  onWaiting(name: string, callback: () => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(callback));
    if ((this.#waiting.get(name)?.size ?? 0) > 0) callback();
    return () => {
      listeners.delete(callback);
      if (listeners.size === 0) this.#listeners.delete(name);
    };
  }

  #startTurns(name: string): LeaveTurn {
    this.#waiting.set(name, new Set());
    return this.#turnOf(name);
  }

  #turnOf(name: string): LeaveTurn {
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#passOn(name);
    };
  }

  #passOn(name: string): void {
    const waiting = this.#waiting.get(name);
    const [next] = waiting ?? [];
    if (waiting === undefined || next === undefined) {
      this.#waiting.delete(name);
      return;
    }
    waiting.delete(next);
    next.resolve(this.#turnOf(name));
  }
}
