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
    const entry = new LocalEntry(this, name, this.#asked.get(name) ?? null);
    this.#asked.set(name, entry);
    return entry;
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
  /** Empty while it was not asked for. */
  key = "";
  /** When it was asked for last, on the client's clock. */
  sentAtMs = 0;
  /** Null while it is not known to stand in the queue. */
  createRevision: number | null = null;
  /** The one that was asked for before it, if there was no answer to that; null from its own answer on. */
  behind: LocalEntry | null;
  readonly #entries: LocalEntries;
  #wasRepeated = false;
  #isAnswered = false;
  #fate: Fate | null = null;
  /** Each looks whether what it waits for has happened. */
  readonly #waiting = new Set<() => void>();

  /** @internal */
  constructor(entries: LocalEntries, name: string, behind: LocalEntry | null) {
    this.#entries = entries;
    this.name = name;
    this.behind = behind;
  }

  /** Whether the first request for it was made, and it is not known yet what became of it. */
  get isUnderWay(): boolean {
    return this.key !== "" && !this.#wasRepeated && !this.#isAnswered;
  }

  /** Whether it stands in the queue by the first request for it. */
  get stoodAtOnce(): boolean {
    return this.createRevision !== null && !this.#wasRepeated;
  }

  /** It is asked for now. */
  send(key: string, sentAtMs: number): void {
    this.key = key;
    this.sentAtMs = sentAtMs;
    this.#entries.onSent(this);
  }

  /** It will be asked for again. */
  repeat(): void {
    this.#wasRepeated = true;
  }

  /** It stands in the queue. */
  stand(createRevision: number): void {
    this.createRevision = createRevision;
    this.#answer();
  }

  /** It was held until now, and its holder has given it up: whoever is next holds the name from here. */
  giveUp(): void {
    this.#fate ??= "given-up";
    this.#tell();
  }

  /**
   * It is gone from the queue. Who is behind it has to ask the server, unless it was given up. If it never came to stand there, who
   * asked after it still comes after the one before it.
   */
  end(): void {
    this.#fate ??= "otherwise";
    this.#entries.onGone(this);
    if (this.behind === null || this.#isAnswered) this.#answer();
    else void this.behind.untilAnswered().then(() => this.#answer());
  }

  /** Resolves when it stands in the queue or is gone. @throws the signal's reason */
  untilAnswered(signal?: AbortSignal): Promise<void> {
    return this.#until(() => this.#isAnswered, signal);
  }

  /** Resolves when it is given up, or went otherwise. @throws the signal's reason */
  async untilOver(signal: AbortSignal): Promise<Fate> {
    await this.#until(() => this.#fate !== null, signal);
    return this.#fate!;
  }

  #answer(): void {
    this.behind = null;
    this.#isAnswered = true;
    this.#entries.onAnswered(this);
    this.#tell();
  }

  #tell(): void {
    for (const look of this.#waiting) look();
  }

  #until(isSo: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (isSo()) leave(resolve);
      };
      const leave = (settle: () => void) => {
        this.#waiting.delete(look);
        stop();
        settle();
      };
      let stop = () => {};
      this.#waiting.add(look);
      stop = onAbort(signal, () => leave(() => reject(signal?.reason)));
      look();
    });
  }
}
