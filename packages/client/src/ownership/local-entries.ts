import { onAbort } from "../abort.ts";
import type { KeyValue } from "../kv/key-value.ts";

/** Entries that are asked for one after the other once the server took two in another order. Count. */
const CAREFUL_FOR = 1_000;

/**
 * The entries that tasks of one client have in queues, of those tasks that wait for nobody but the one before them. Who stands
 * directly behind another task of its own client needs no server to learn that it is next: nobody can come between, and
 * that the other gave up its hold is known here before the server knows it.
 */
export class LocalEntries {
  /** Entries that still wait for the answer of the one before them, after the server took requests in another order. */
  #carefulFor = 0;
  readonly #byKey = new Map<string, LocalEntry>();
  /** By name: the one that was asked for last, while there is no answer. */
  readonly #asked = new Map<string, LocalEntry>();

  /** An entry is about to be asked for: from now on others come behind it. */
  ask(name: string): LocalEntry {
    const entry = new LocalEntry(this, name);
    this.#asked.set(name, entry);
    return entry;
  }

  /** The one that was asked for last, while there is no answer; else null. */
  lastAsked(name: string): LocalEntry | null {
    return this.#asked.get(name) ?? null;
  }

  /**
   * Whether to rely on it that requests which are under way at once come into effect in the order in which they were made. At our
   * server they do; etcd has a thread for each, and a request that is made again on another connection comes late anywhere.
   */
  reliesOnOrder(): boolean {
    if (this.#carefulFor === 0) return true;
    this.#carefulFor -= 1;
    return false;
  }

  /** They did not. */
  noteDisorder(): void {
    this.#carefulFor = CAREFUL_FOR;
  }

  /**
   * The one that was read as `found` in the queue of `name`; null if it is not of this client, is gone, or stands in another
   * queue: what holds `order/42` is in the way of `order`, but whoever gives it up does not hold that.
   */
  find(name: string, found: Pick<KeyValue, "keyText" | "createRevision">): LocalEntry | null {
    const entry = this.#byKey.get(found.keyText);
    return entry?.name === name && entry.createRevision === found.createRevision ? entry : null;
  }

  /** @internal */
  onSent(entry: LocalEntry): void {
    this.#byKey.set(entry.key, entry);
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

/** One of them, from before the request for it until it is gone from the queue. */
export class LocalEntry {
  readonly name: string;
  readonly #entries: LocalEntries;
  /** Null while there is no answer. */
  #createRevision: number | null = null;
  #key = "";
  #sentAtMs = 0;
  #wasRepeated = false;
  readonly #answered = new Moment<void>();
  readonly #over = new Moment<Fate>();

  /** @internal */
  constructor(entries: LocalEntries, name: string) {
    this.#entries = entries;
    this.name = name;
  }

  /** Empty while it was not asked for. */
  get key(): string {
    return this.#key;
  }

  /** When it was asked for, on the client's clock. */
  get sentAtMs(): number {
    return this.#sentAtMs;
  }

  get createRevision(): number | null {
    return this.#createRevision;
  }

  /** Whether the first request for it was made, and it is not known yet what became of it. */
  get isUnderWay(): boolean {
    return this.#key !== "" && !this.#wasRepeated && !this.#answered.isPast;
  }

  /** Whether it stands in the queue by the first request for it. */
  get stoodAtOnce(): boolean {
    return this.#createRevision !== null && !this.#wasRepeated;
  }

  /** It is asked for now. */
  send(key: string, sentAtMs: number): void {
    this.#key = key;
    this.#sentAtMs = sentAtMs;
    this.#entries.onSent(this);
  }

  /** It will be asked for again. */
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

  /** It is gone from the queue. Who is behind it has to ask the server, unless it was given up. */
  end(): void {
    this.#answer();
    this.#over.pass("otherwise");
    this.#entries.onGone(this);
  }

  /** It never came to stand in the queue. Who asked after it still comes after `behind`. */
  fail(behind: LocalEntry | null): void {
    if (behind === null) this.end();
    else behind.#answered.call(() => this.end());
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

  /** Calls back when it happens, at once if it has. */
  call(back: () => void): void {
    if (this.#past !== null) {
      back();
      return;
    }
    this.#waiting ??= new Set();
    this.#waiting.add(back);
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
