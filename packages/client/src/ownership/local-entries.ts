import { onAbort } from "../abort.ts";
import type { KeyValue } from "../kv/key-value.ts";

/**
 * The entries that tasks of one client have in queues, of those tasks that wait for nobody but the one before them. Who stands
 * directly behind another task of its own client needs no server to learn that it is next: nobody can come between, and
 * that the other gave up its hold is known here before the server knows it.
 */
export class LocalEntries {
  /**
   * Whether requests that are under way at once come into effect in the order in which they were made, as far as is known. At
   * our server they do; etcd has a thread for each.
   */
  serverKeepsOrder = true;
  readonly #byKey = new Map<string, LocalEntry>();
  /** By name: the one that was asked for last, while there is no answer. */
  readonly #asked = new Map<string, LocalEntry>();

  /** An entry is about to be asked for, by `key`, at `askedAtMs` on the client's clock. */
  ask(name: string, key: string, askedAtMs: number): LocalEntry {
    const entry = new LocalEntry(this, name, key, askedAtMs);
    this.#asked.set(name, entry);
    this.#byKey.set(key, entry);
    return entry;
  }

  /** The one that was asked for last, while there is no answer; else null. */
  lastAsked(name: string): LocalEntry | null {
    return this.#asked.get(name) ?? null;
  }

  /** The one that was read as `found`; null if it is not of this client, or gone. */
  find(found: Pick<KeyValue, "keyText" | "createRevision">): LocalEntry | null {
    const entry = this.#byKey.get(found.keyText);
    return entry?.createRevision === found.createRevision ? entry : null;
  }

  /** @internal */
  onAnswered(entry: LocalEntry): void {
    if (this.#asked.get(entry.name) === entry) this.#asked.delete(entry.name);
  }

  /** @internal */
  onGone(entry: LocalEntry): void {
    if (this.#byKey.get(entry.key) === entry) this.#byKey.delete(entry.key);
  }
}

/** What became of a hold, for the task behind it. */
type Fate = "given-up" | "otherwise";

export class LocalEntry {
  readonly name: string;
  readonly key: string;
  readonly askedAtMs: number;
  readonly #entries: LocalEntries;
  /** Null while there is no answer. */
  #createRevision: number | null = null;
  #wasRepeated = false;
  readonly #answered = new Moment<void>();
  readonly #over = new Moment<Fate>();

  /** @internal */
  constructor(entries: LocalEntries, name: string, key: string, askedAtMs: number) {
    this.#entries = entries;
    this.name = name;
    this.key = key;
    this.askedAtMs = askedAtMs;
  }

  get createRevision(): number | null {
    return this.#createRevision;
  }

  /** Whether it is not known yet what became of the request for it. */
  get isUnderWay(): boolean {
    return !this.#answered.isPast;
  }

  /** Whether it was asked for more than once. */
  get wasRepeated(): boolean {
    return this.#wasRepeated;
  }

  /** It will be asked for again, so what was asked for meanwhile may come before it. */
  repeat(): void {
    this.#wasRepeated = true;
  }

  /** It stands in the queue. */
  stand(createRevision: number): void {
    this.#createRevision = createRevision;
    this.#answer();
  }

  /** It was held until now, and its holder has given it up: whoever is next holds the name from here. */
  giveUp(): void {
    this.#over.pass("given-up");
  }

  /** It is gone from the queue, or never came to stand there. Who is behind it has to ask the server, unless it was given up. */
  end(): void {
    this.#answer();
    this.#over.pass("otherwise");
    this.#entries.onGone(this);
  }

  /** Resolves when it stands in the queue or is gone. @throws the signal's reason */
  untilAnswered(signal: AbortSignal): Promise<void> {
    return this.#answered.wait(signal);
  }

  /** Resolves when it is given up, or went otherwise. @throws the signal's reason */
  untilOver(signal: AbortSignal): Promise<Fate> {
    return this.#over.wait(signal);
  }

  #answer(): void {
    this.#answered.pass();
    this.#entries.onAnswered(this);
  }
}

/** What happens once. Costs nothing to make: most are waited for by nobody. */
class Moment<Outcome> {
  #past: { readonly outcome: Outcome } | null = null;
  #waiting: Set<(outcome: Outcome) => void> | null = null;

  get isPast(): boolean {
    return this.#past !== null;
  }

  pass(outcome: Outcome): void {
    if (this.#past !== null) return;
    this.#past = { outcome };
    for (const resolve of this.#waiting ?? []) resolve(outcome);
    this.#waiting = null;
  }

  wait(signal: AbortSignal): Promise<Outcome> {
    if (this.#past !== null) return Promise.resolve(this.#past.outcome);
    if (signal.aborted) return Promise.reject(signal.reason);
    this.#waiting ??= new Set();
    const waiting = this.#waiting;
    return new Promise((resolve, reject) => {
      const stop = onAbort(signal, () => {
        waiting.delete(settle);
        reject(signal.reason);
      });
      const settle = (outcome: Outcome) => {
        stop();
        resolve(outcome);
      };
      waiting.add(settle);
    });
  }
}
