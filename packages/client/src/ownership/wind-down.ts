import { type Deferred, deferred } from "@conclave/base";
import { onAbort } from "../abort.ts";
import { ConclaveError } from "../errors.ts";

/** The end of a client that leaves its holds time: tells them and what waits, takes no new ones, and knows when all are over. */
export class WindDown {
  readonly #controller = new AbortController();
  #holds = 0;
  #over: Deferred<void> | null = null;

  /** Aborts with CLOSED when it begins: the reason with which holds are told, and what waits for one rejects. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A hold begins; `onEnding` tells it that it has to end. Returns what is to be called, once, when it is over. */
  enter(onEnding: () => void): () => void {
    this.#holds += 1;
    const stopListening = onAbort(this.signal, onEnding);
    return () => {
      stopListening();
      this.#holds -= 1;
      if (this.#holds === 0) this.#over?.resolve();
    };
  }

  /** Resolves when every hold is over. */
  begin(): Promise<void> {
    this.#over ??= deferred();
    this.#controller.abort(
      new ConclaveError("CLOSED", "not-applied", "the client is about to be closed"),
    );
    if (this.#holds === 0) this.#over.resolve();
    return this.#over.promise;
  }
}
