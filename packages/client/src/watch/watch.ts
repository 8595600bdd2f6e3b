import { type Deferred, deferred } from "@conclave/base";
import { FilterType } from "@conclave/wire";
import { endedBy, onAbort } from "../abort.ts";
import type { ConclaveError } from "../errors.ts";
import type { Namespace, Target } from "../kv/keys.ts";
import type { Subscription } from "./subscription.ts";
import { type WatchEvent, watchEvents } from "./watch-event.ts";
import type { WatchHub } from "./watch-hub.ts";

/**
 * What {@link Client.watch} takes besides the keys.
 *
 * @example
 * ```ts
 * const stop = new AbortController();
 * await using gone = client.watch("carts/", {
 *   only: "delete",
 *   previous: true, // what was in them
 *   signal: stop.signal,
 *   bufferedEventsMax: 100, // beyond it the server waits for us
 * });
 * await gone.started(); // from here on nothing is missed
 * await client.kv.put("carts/7", "tea");
 * await client.kv.delete("carts/7");
 * const { value: event } = await gone.next();
 * console.log(event?.keyText, event?.previous?.text); // carts/7 tea
 * ```
 */
export interface WatchOptions {
  /** First revision to deliver, inclusive. Default: the one after the store's revision when the watch is created. */
  readonly from?: number;
  /** Leave the other kind of event out. */
  readonly only?: "put" | "delete";
  /** Deliver the pair before each change. Default false. */
  readonly previous?: boolean;
  /** Ends the watch: what waits for an event rejects with CANCELLED. */
  readonly signal?: AbortSignal;
  /**
   * Events held for a slow reader. Beyond it the server is asked to stop, and the watch goes on from its cursor once
   * half of them are read: a slow reader loses nothing and holds no memory, but one that is slower than the store's
   * compaction ends with COMPACTED. Count, default 4096. A single revision may exceed it.
   */
  readonly bufferedEventsMax?: number;
}

const BUFFERED_EVENTS_MAX_DEFAULT = 4_096;

/**
 * The changes of some keys, in revision order, each once, without a gap: over stream breaks, member changes and server
 * restarts. Watching starts when it is made, not when it is first read. It has one reader.
 *
 * @throws (from `next`) CompactedError if the revision to go on from was compacted; ConclaveError CANCELLED, CLOSED,
 *   PERMISSION_DENIED, REVISION_REGRESSED
 * @example
 * ```ts
 * let { revision: cursor } = await client.kv.put("orders/1", "paid");
 * for await (const event of client.watch("orders/", { from: cursor })) {
 *   console.log(event.type, event.keyText, event.text);
 *   cursor = event.next; // to be stored, and to go on from
 *   break;
 * }
 * ```
 */
export class Watch implements AsyncIterableIterator<WatchEvent>, AsyncDisposable {
  readonly #subscription: Subscription;
  readonly #bufferedEventsMax: number;
  readonly #stopListening: () => void;
  readonly #buffer: WatchEvent[] = [];
  /** Index of the first unread event: shifting a long array for each would cost its length. */
  #read = 0;
  readonly #readers: Deferred<IteratorResult<WatchEvent, undefined>>[] = [];
  readonly #starters: Deferred<number>[] = [];
  #startedAt: number | null = null;
  #over: { readonly error: ConclaveError | null } | null = null;

  /** @internal */
  constructor(hub: WatchHub, namespace: Namespace, target: Target, options: WatchOptions) {
    const { signal, only, from } = options;
    this.#bufferedEventsMax = options.bufferedEventsMax ?? BUFFERED_EVENTS_MAX_DEFAULT;
    if (!(this.#bufferedEventsMax >= 1)) throw new RangeError("bufferedEventsMax: at least 1");
    if (from !== undefined && !(Number.isSafeInteger(from) && from >= 1)) {
      throw new RangeError("from: a revision is a whole number from 1 on");
    }
    const left = only === "put" ? [FilterType.NODELETE] : [FilterType.NOPUT];
    this.#subscription = hub.open(
      {
        ...namespace.rangeOf(target),
        startRevision: from ?? null,
        filters: only === undefined ? [] : left,
        prevKv: options.previous ?? false,
      },
      {
        onCreated: (storeRevision) => this.#onCreated(storeRevision),
        onEvents: (events) => this.#onEvents(watchEvents(namespace, events)),
        onFailed: (error) => this.#end(error),
      },
    );
    this.#stopListening = onAbort(signal, () => {
      this.#dropBuffer();
      this.#end(endedBy(signal!, "not-applied"));
    });
  }

  /**
   * Resolves with the store's revision when the server first answered: every later change will be delivered.
   * @throws TypeError if the watch is ended before; else as the class says
   */
  started(): Promise<number> {
    if (this.#startedAt !== null) return Promise.resolve(this.#startedAt);
    if (this.#over !== null) return Promise.reject(this.#over.error ?? endedEarly());
    const starter = deferred<number>();
    this.#starters.push(starter);
    return starter.promise;
  }

  /** The next change; what `for await` calls. @throws as the class says */
  next(): Promise<IteratorResult<WatchEvent, undefined>> {
    if (this.#read < this.#buffer.length) {
      return Promise.resolve({ done: false, value: this.#takeBuffered() });
    }
    if (this.#over !== null) {
      const { error } = this.#over;
      this.#over = { error: null };
      return error === null
        ? Promise.resolve({ done: true, value: undefined })
        : Promise.reject(error);
    }
    const reader = deferred<IteratorResult<WatchEvent, undefined>>();
    this.#readers.push(reader);
    return reader.promise;
  }

  /**
   * Ends the watch. `for await` calls it on the way out of the loop. Never rejects.
   * @example
   * ```ts
   * const watch = client.watch("orders/");
   * process.nextTick(() => watch.return());
   * for await (const event of watch) console.log(event.keyText); // ends without an error
   * ```
   */
  return(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.#dropBuffer();
    this.#end(null);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #onCreated(storeRevision: number): void {
    this.#startedAt ??= storeRevision;
    for (const starter of this.#starters.splice(0)) starter.resolve(this.#startedAt);
  }

  #onEvents(events: readonly WatchEvent[]): void {
    for (const event of events) {
      const reader = this.#readers.shift();
      if (reader === undefined) this.#buffer.push(event);
      else reader.resolve({ done: false, value: event });
    }
    if (this.#buffer.length - this.#read >= this.#bufferedEventsMax) this.#subscription.pause();
  }

  #takeBuffered(): WatchEvent {
    const event = this.#buffer[this.#read]!;
    this.#read += 1;
    const unread = this.#buffer.length - this.#read;
    if (this.#read >= 64 && this.#read >= unread) {
      this.#buffer.splice(0, this.#read);
      this.#read = 0;
    }
    if (unread <= this.#bufferedEventsMax / 2) this.#subscription.resume();
    return event;
  }

  #dropBuffer(): void {
    this.#buffer.length = 0;
    this.#read = 0;
  }

  #end(error: ConclaveError | null): void {
    if (this.#over !== null) return;
    this.#over = { error };
    this.#subscription.close();
    this.#stopListening?.();
    for (const starter of this.#starters.splice(0)) starter.reject(error ?? endedEarly());
    const [first, ...others] = this.#readers.splice(0);
    if (first === undefined) return;
    this.#over = { error: null };
    if (error === null) first.resolve({ done: true, value: undefined });
    else first.reject(error);
    for (const reader of others) reader.resolve({ done: true, value: undefined });
  }
}

function endedEarly(): TypeError {
  return new TypeError("the watch was ended before it started");
}
