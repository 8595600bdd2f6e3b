import { OperationLimit } from "../abort.ts";
import type { CallLimits } from "../transport/transport.ts";
import type { Coordination } from "./coordination.ts";
import type { WindDown } from "./wind-down.ts";

/**
 * What ends the acquisition of a lock or a leadership: limits of its own, the end of the client, and, from when it is known,
 * that of the session it rests on. Without limits of its own it makes no signal, for those that last are there.
 */
export class AcquisitionLimit implements Disposable {
  readonly #windDown: WindDown;
  readonly #own: OperationLimit | null;
  #signal: AbortSignal;

  /** `what` is being done, for the message of a timeout. */
  constructor(
    { runtime, windDown }: Pick<Coordination, "runtime" | "windDown">,
    limits: CallLimits,
    what: () => string,
  ) {
    this.#windDown = windDown;
    const hasOwn = limits.signal !== undefined || limits.timeoutMs !== undefined;
    this.#own = hasOwn ? new OperationLimit(runtime.clock, what(), limits) : null;
    this.#own?.alsoEndWith(windDown.signal);
    this.#signal = this.#own?.signal ?? windDown.signal;
  }

  /** For the steps from here on. Aborts with the error that the acquisition shall reject with. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** The session that it rests on is chosen. */
  restOn(session: { readonly signal: AbortSignal }): void {
    if (this.#own === null) this.#signal = this.#windDown.orEndOf(session);
    else this.#own.alsoEndWith(session.signal);
  }

  [Symbol.dispose](): void {
    this.#own?.[Symbol.dispose]();
  }
}
