import { type Deferred, deferred } from "@conclave/base";
import { onAbort } from "../abort.ts";
import { ConclaveError } from "../errors.ts";

/** Tasks of one client that may wait for one name. Beyond it, `enter` is refused with LOCAL_QUEUE_FULL. */
export const LOCAL_WAITERS_MAX = 10_000;
/** Tasks of one client that may stand in the server's queue of one name at once. Those beyond it wait here. */
export const LOCAL_PLACES = 8;

/**
 * - `place`: a task that comes next to others in the server's queue
 * - `whole`: one that has the name for itself among the tasks of its client
 */
export type Share = "place" | "whole";

/** Gives back what was taken, to those who wait for it. To be called once. */
export type LeaveTurn = () => void;

interface Waiter {
  readonly places: number;
  readonly turn: Deferred<LeaveTurn>;
  stopListening: () => void;
}

/** Those of one name: somebody has a place. */
interface Line {
  freePlaces: number;
  readonly waiting: Set<Waiter>;
}

/**
 * Lets the tasks of one client take turns on a name, first come first served, so that however many wait here, a few entries
 * stand for them at the server (failure mode 16). A turn ends when the hold is given up, and each task queues up anew
 * behind the waiters of other clients: no client keeps a lock to itself.
 */
export class LocalQueue {
  readonly #lines = new Map<string, Line>();
  /** Who wants to know when somebody waits for a name. */
  readonly #listeners = new Map<string, Set<() => void>>();

  /** Waits for the turn. Rejects with the signal's reason if it aborts first. */
  enter(name: string, signal: AbortSignal, share: Share = "whole"): Promise<LeaveTurn> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const line = this.#lines.get(name) ?? this.#open(name);
    const places = placesOf(share);
    if (line.waiting.size === 0 && line.freePlaces >= places) {
      return Promise.resolve(this.#take(name, line, places));
    }
    if (line.waiting.size >= LOCAL_WAITERS_MAX) {
      const message = `${LOCAL_WAITERS_MAX} tasks of this client wait for ${JSON.stringify(name)}`;
      return Promise.reject(new ConclaveError("LOCAL_QUEUE_FULL", "not-applied", message));
    }
    const waiter: Waiter = { places, turn: deferred<LeaveTurn>(), stopListening: () => {} };
    line.waiting.add(waiter);
    for (const listener of this.#listeners.get(name) ?? []) listener();
    waiter.stopListening = onAbort(signal, () => {
      line.waiting.delete(waiter);
      waiter.turn.reject(signal.reason);
      this.#admit(name, line); // Those behind may need less room.
    });
    return waiter.turn.promise;
  }

  /** The turn if no task has or awaits one, else null. */
  tryEnter(name: string, share: Share = "whole"): LeaveTurn | null {
    return this.#lines.has(name) ? null : this.#take(name, this.#open(name), placesOf(share));
  }

  /** Calls back whenever a task begins to wait here for the name, at once if one does. Returns the way to stop listening. */
  onWaiting(name: string, callback: () => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(callback));
    if ((this.#lines.get(name)?.waiting.size ?? 0) > 0) callback();
    return () => {
      listeners.delete(callback);
      if (listeners.size === 0) this.#listeners.delete(name);
    };
  }

  #open(name: string): Line {
    const line = { freePlaces: LOCAL_PLACES, waiting: new Set<Waiter>() };
    this.#lines.set(name, line);
    return line;
  }

  #take(name: string, line: Line, places: number): LeaveTurn {
    line.freePlaces -= places;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      line.freePlaces += places;
      this.#admit(name, line);
    };
  }

  /** Gives the places that are free to those who wait, in their order: nobody overtakes one who needs more room. */
  #admit(name: string, line: Line): void {
    for (const waiter of line.waiting) {
      if (waiter.places > line.freePlaces) return;
      line.waiting.delete(waiter);
      waiter.stopListening();
      waiter.turn.resolve(this.#take(name, line, waiter.places));
    }
    if (line.freePlaces === LOCAL_PLACES) this.#lines.delete(name);
  }
}

function placesOf(share: Share): number {
  return share === "place" ? 1 : LOCAL_PLACES;
}
