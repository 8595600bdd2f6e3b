import { type Deferred, deferred } from "@conclave/base";
import { keepListening } from "@conclave/rpc";
import { JointSignal, onAbort } from "../abort.ts";
import { ConclaveError } from "../errors.ts";

/** The end of a client that leaves its holds time: tells them and what waits, takes no new ones, and knows when all are over. */
export class WindDown {
  readonly #controller = new AbortController();
  /** What tells each hold. */
  readonly #holds = new Set<() => void>();
  readonly #orEnds = new WeakMap<object, AbortSignal>();
  #over: Deferred<void> | null = null;

  constructor() {
    onAbort(this.signal, () => {
      for (const tell of this.#holds) tell();
    });
  }

  /** Aborts with CLOSED when it begins: the reason with which holds are told, and what waits for one rejects. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts when it begins or the session is over, with the reason. One for all that ask about a session: it lasts as long. */
  orEndOf(session: { readonly signal: AbortSignal }): AbortSignal {
    const known = this.#orEnds.get(session);
    if (known !== undefined) return known;
    const { signal } = new JointSignal(this.signal, session.signal);
    keepListening(signal);
    this.#orEnds.set(session, signal);
    return signal;
  }

  /** A hold begins; `onEnding`, its own, tells it that it has to end. Returns what is to be called, once, when it is over. */
  enter(onEnding: () => void): () => void {
    this.#holds.add(onEnding);
    if (this.signal.aborted) onEnding();
    return () => {
      this.#holds.delete(onEnding);
      if (this.#holds.size === 0) this.#over?.resolve();
    };
  }

  /** Resolves when every hold is over. */
  begin(): Promise<void> {
    this.#over ??= deferred();
    this.#controller.abort(
      new ConclaveError("CLOSED", "not-applied", "the client is about to be closed"),
    );
    if (this.#holds.size === 0) this.#over.resolve();
    return this.#over.promise;
  }
}
