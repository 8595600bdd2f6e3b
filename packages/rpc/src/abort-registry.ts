/** Something that an AbortSignal ends. */
export interface Abortable {
  onAborted(): void;
}

interface Entry {
  readonly abortables: Set<Abortable>;
  readonly listener: () => void;
}

const lasting = new WeakSet<AbortSignal>();

/**
 * Says that one call after another will be given `signal`, until it aborts: whoever listens to it for a call stays for
 * the next one. To listen anew each time costs more than all the rest that a signal does.
 */
export function keepListening(signal: AbortSignal): void {
  lasting.add(signal);
}

/** One listener for each signal, however many calls it is given to: people share one signal among all they do. */
export class AbortRegistry {
  readonly #entries = new Map<AbortSignal, Entry>();

  /** Requires: the signal has not aborted. */
  add(signal: AbortSignal, abortable: Abortable): void {
    let entry = this.#entries.get(signal);
    if (entry === undefined) {
      entry = { abortables: new Set(), listener: () => this.#onAbort(signal) };
      this.#entries.set(signal, entry);
      signal.addEventListener("abort", entry.listener, { once: true });
    }
    entry.abortables.add(abortable);
  }

  remove(signal: AbortSignal, abortable: Abortable): void {
    const entry = this.#entries.get(signal);
    if (entry === undefined || !entry.abortables.delete(abortable)) return;
    if (entry.abortables.size > 0 || lasting.has(signal)) return;
    this.#entries.delete(signal);
    signal.removeEventListener("abort", entry.listener);
  }

  #onAbort(signal: AbortSignal): void {
    const entry = this.#entries.get(signal);
    if (entry === undefined) return;
    this.#entries.delete(signal);
    for (const abortable of [...entry.abortables]) abortable.onAborted();
  }
}
