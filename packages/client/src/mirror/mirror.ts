import { type Deferred, deferred } from "@conclave/base";
import { KV, type RangeResponse } from "@conclave/wire";
import { endedBy, OperationLimit, onAbort, orAborted, pause } from "../abort.ts";
import { ConclaveError } from "../errors.ts";
import type { KeyValue } from "../kv/key-value.ts";
import { type KeyRange, keptRange, type Target } from "../kv/keys.ts";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import { decoderOf, type ValueCodec } from "../kv/value-codec.ts";
import { Backoff } from "../runtime.ts";
import type { MirrorBatch } from "./batch.ts";
import { BatchReader } from "./batch-reader.ts";
import { isFinalError, type MirrorParts, MirrorSource } from "./mirror-source.ts";
import { type InvalidPolicy, MirrorState } from "./mirror-state.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * What {@link Client.mirror} takes besides keys and codec.
 *
 * @example
 * ```ts
 * import { z } from "zod";
 *
 * const stop = new AbortController();
 * await using flags = await client.mirror("flags/", z.object({ enabled: z.boolean() }), {
 *   invalid: "throw", // rather no flags than old ones
 *   signal: stop.signal,
 * });
 * console.log(flags.size);
 * ```
 */
export interface MirrorOptions {
  /**
   * What becomes of a value that the codec refuses: `"keep-last"` goes on showing the last good one and tells in
   * `invalid`; `"throw"` ends the mirror with INVALID_VALUE. Default `"keep-last"`.
   */
  readonly invalid?: InvalidPolicy;
  /** Ends the mirror, as disposing of it does; what waits on it rejects with CANCELLED. */
  readonly signal?: AbortSignal;
}

/**
 * How long {@link Mirror.atLeast} waits for an event to bring the revision before it asks the server, ms: at first, and
 * when asking did not help.
 */
const PATIENCE_MIN_MS = 20;
const PATIENCE_MAX_MS = 500;

/**
 * A copy of all keys of a range, here, kept up to date: a map to read from without asking anyone, and a stream of what
 * changes. Made by {@link Client.mirror}.
 *
 * - **Consistent**: it goes from one store revision to a later one. What is read from it without an `await` in between is of
 *   one `revision`, and no transaction shows in part.
 * - **Complete**: a broken stream is resumed where it broke. After a compaction, or if the store was wiped or restored, the
 *   range is read anew and the difference comes as one batch with `resync`, deletes included.
 * - **Old by a network delay**, or by more while `synced` is false. {@link Mirror.atLeast} waits for one's own writes.
 *
 * Keys are those of `client.kv`, as text, the client's namespace left off, in no particular order.
 *
 * @example
 * ```ts
 * import { z } from "zod";
 *
 * await using flags = await client.mirror("flags/", z.object({ enabled: z.boolean() }));
 * const { revision } = await client.kv.put("flags/dark-mode", '{ "enabled": true }');
 * await flags.atLeast(revision); // one's own write
 * console.log(flags.get("flags/dark-mode")?.enabled);
 *
 * const on = [...flags.values()].filter(({ enabled }) => enabled).length;
 * console.log(`${on} of ${flags.size} as of ${flags.revision}`, [...flags.keys()]);
 * if (!flags.synced) console.log("may be old", flags.failure);
 * for (const [key, error] of flags.invalid) console.log(`${key} keeps its last value: ${error.message}`);
 * ```
 */
export class Mirror<T> implements ReadonlyMap<string, T>, AsyncDisposable {
  readonly #parts: MirrorParts;
  readonly #range: KeyRange;
  readonly #state: MirrorState<T>;
  readonly #source: MirrorSource;
  readonly #readers = new Set<BatchReader<T>>();
  readonly #ready = deferred<void>();
  readonly #stops: (() => void)[] = [];
  readonly #listener: (batch: MirrorBatch<T>) => void;
  #hasSnapshot = false;
  #synced = false;
  /** Grows whenever revisions stop continuing those before. */
  #storeEpoch = 0;
  #advanced: Deferred<void> = deferred();
  #confirming: Promise<void> | null = null;
  #over: { readonly error: unknown } | null = null;

  /** @internal `listener` hears of each batch first, in the turn in which it takes effect. */
  constructor(
    parts: MirrorParts,
    target: Target,
    decode: (pair: KeyValue) => T,
    options: MirrorOptions,
    listener: (batch: MirrorBatch<T>) => void = () => {},
  ) {
    const { invalid = "keep-last", signal } = options;
    this.#parts = parts;
    this.#range = keptRange(parts.namespace.rangeOf(target));
    this.#state = new MirrorState(parts.namespace, decode, invalid);
    this.#listener = listener;
    this.#ready.promise.catch(() => {}); // Whoever made the mirror may have no interest in it.
    this.#source = new MirrorSource(parts, this.#range, {
      onSnapshot: (snapshot, isSameStore) => this.#onSnapshot(snapshot, isSameStore),
      onEvents: (events) => this.#publish(this.#state.applyEvents(events)),
      onSynced: (synced) => {
        this.#synced = synced;
      },
      onTrouble: (error) => this.#ready.reject(error),
      onFailed: (error) => this.#end(error),
    });
    this.#stops.push(onAbort(parts.closed, () => this.#end(parts.closed.reason)));
    this.#stops.push(onAbort(signal, () => this.#end(endedBy(signal!, "not-applied"))));
    if (this.#over === null) void this.#source.run();
    else this.#stopListening();
  }

  /** Store revision that is shown. It goes back only if the store did. */
  get revision(): number {
    return this.#state.revision;
  }

  /**
   * Whether a server is known to serve the watch, so that changes arrive as they happen. While false, the copy grows old; it
   * catches up by itself.
   */
  get synced(): boolean {
    return this.#synced;
  }

  /** Why the mirror ended; null while it is kept up to date, and when it was disposed of. */
  get failure(): unknown {
    return this.#over?.error ?? null;
  }

  /** Keys whose present value is not valid, with the reason. */
  get invalid(): ReadonlyMap<string, ConclaveError> {
    return this.#state.invalid;
  }

  /** How many keys there are. */
  get size(): number {
    return this.#state.entries.size;
  }

  /** The value of a key; undefined if there is none. */
  get(key: string): T | undefined {
    return this.#state.entries.get(key);
  }

  /** Whether there is a key with a valid value. */
  has(key: string): boolean {
    return this.#state.entries.has(key);
  }

  keys(): MapIterator<string> {
    return this.#state.entries.keys();
  }

  values(): MapIterator<T> {
    return this.#state.entries.values();
  }

  entries(): MapIterator<[string, T]> {
    return this.#state.entries.entries();
  }

  [Symbol.iterator](): MapIterator<[string, T]> {
    return this.#state.entries.entries();
  }

  /**
   * Calls back for each key.
   * @example
   * ```ts
   * await client.kv.put("flags/beta", "on");
   * await using flags = await client.mirror("flags/", ({ text }) => text);
   * flags.forEach((state, key) => console.log(key, state));
   * console.log(Object.fromEntries(flags.entries())); // a copy that stays as it is
   * ```
   */
  forEach(callback: (value: T, key: string, map: ReadonlyMap<string, T>) => void): void {
    for (const [key, value] of this.#state.entries) callback(value, key, this);
  }

  /**
   * The changes, from here on. The first batch is everything there is; each later one is what changed since the reader took
   * the one before, so a slow reader gets fewer and larger batches and skips what was superseded. Any number may read,
   * each for itself. It ends when the mirror is disposed of, and rejects with what else ended it.
   *
   * A method, and not the mirror itself: what can be iterated both ways is given the wrong type by TypeScript as soon as
   * a program does both.
   * @throws (from `next`) what ended the mirror: ConclaveError PERMISSION_DENIED, CANCELLED, CLOSED, INVALID_VALUE
   */
  changes(): AsyncIterableIterator<MirrorBatch<T>> {
    const reader = new BatchReader<T>((left) => this.#readers.delete(left));
    if (this.#hasSnapshot) reader.push(this.#everything());
    if (this.#over === null) this.#readers.add(reader);
    else reader.end(this.#over.error);
    return reader;
  }

  /**
   * Resolves when the mirror shows `revision` or a later one. With the revision that a write returned, reads that follow see
   * that write.
   *
   * @param options `timeout` default: the client's; `signal`
   * @throws ConclaveError TIMEOUT, CANCELLED, or REVISION_REGRESSED if the store was wiped or restored meanwhile; the
   *   reason if the mirror ended
   * @example
   * ```ts
   * await using flags = await client.mirror("flags/");
   * const { revision } = await client.kv.put("flags/dark-mode", "on");
   * await flags.atLeast(revision);
   * ```
   */
  async atLeast(revision: number, options: CallOptions = {}): Promise<void> {
    const { runtime, transport } = this.#parts;
    const { timeoutMs = transport.timeoutMs, signal } = limitsOf(options);
    const epoch = this.#storeEpoch;
    const patience = new Backoff(runtime.prng, PATIENCE_MIN_MS, PATIENCE_MAX_MS);
    using limit = new OperationLimit(runtime.clock, "atLeast", { timeoutMs, signal });
    for (;;) {
      if (epoch !== this.#storeEpoch) throw regressedError(revision);
      if (this.revision >= revision) return;
      if (this.#over !== null) throw this.#over.error ?? disposedError();
      limit.signal.throwIfAborted();
      await this.#advance(patience.nextDelayMs(), limit.signal);
      if (this.revision >= revision || this.#over !== null) continue;
      this.#confirming ??= this.#confirm().finally(() => {
        this.#confirming = null;
      });
      await orAborted(this.#confirming, limit.signal);
    }
  }

  /** Ends the watch. What was mirrored can still be read. Never throws. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(null);
  }

  /** @internal Resolves after the first snapshot; rejects if the first attempt at it failed, or the mirror ended. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  #everything(): MirrorBatch<T> {
    const { entries, invalid, revision } = this.#state;
    return { puts: entries, deletes: new Set(), invalid, revision, resync: true };
  }

  #onSnapshot(snapshot: Snapshot, isSameStore: boolean): void {
    // What a confirming read has shown may be ahead of the last snapshot.
    const continues = isSameStore && snapshot.revision >= this.#state.revision;
    const batch = this.#state.applySnapshot(snapshot, continues);
    if (this.#hasSnapshot && !continues) this.#storeEpoch += 1;
    this.#hasSnapshot = true;
    this.#publish(batch);
    this.#ready.resolve();
  }

  #publish(batch: MirrorBatch<T> | null): void {
    if (batch === null) return;
    this.#listener(batch);
    for (const reader of this.#readers) reader.push(batch);
    this.#wake();
  }

  #wake(): void {
    this.#advanced.resolve();
    this.#advanced = deferred();
  }

  /** Waits for the next event, but not for long: a revision that changed no key of the range brings none. */
  async #advance(delayMs: number, signal: AbortSignal): Promise<void> {
    const patience = new AbortController();
    const stop = onAbort(signal, () => patience.abort(signal.reason));
    try {
      const waiting = pause(this.#parts.runtime.clock, delayMs, patience.signal);
      await Promise.race([this.#advanced.promise, waiting]);
    } finally {
      stop();
      patience.abort();
    }
  }

  /**
   * Asks the store whether the range still is what is shown here: no key written since, and as many keys as there are
   * here, so none deleted. That holds on every server, where the answer to a progress request can overtake events
   * (etcd#15220).
   * @throws what asking again cannot mend
   */
  async #confirm(): Promise<void> {
    const { revision, keyCount } = this.#state;
    const epoch = this.#storeEpoch;
    const request = { ...this.#range, minModRevision: revision + 1, limit: 1, keysOnly: true };
    let answer: RangeResponse;
    try {
      answer = await this.#parts.transport.call(KV.Range, request, "read");
    } catch (error) {
      if (isFinalError(error)) throw error;
      return;
    }
    const isUnchanged = answer.kvs.length === 0 && answer.count === keyCount;
    const isSameState = revision === this.#state.revision && epoch === this.#storeEpoch;
    if (isUnchanged && isSameState) this.#state.confirm(answer.header?.revision ?? 0);
  }

  #stopListening(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #end(error: unknown): void {
    if (this.#over !== null) return;
    this.#over = { error };
    this.#synced = false;
    this.#source.stop();
    this.#stopListening();
    this.#ready.reject(error ?? disposedError());
    for (const reader of [...this.#readers]) reader.end(error);
    this.#wake();
  }
}

function regressedError(revision: number): ConclaveError {
  const message = `the store was wiped, restored or replaced before revision ${revision} was shown`;
  return new ConclaveError("REVISION_REGRESSED", "not-applied", message);
}

function disposedError(): ConclaveError {
  return new ConclaveError("CLOSED", "not-applied", "the mirror was disposed of");
}

/** Makes a mirror, and waits until it has the range. Without a codec its values are the pairs themselves. */
export async function openMirror<T>(
  parts: MirrorParts,
  target: Target,
  codec: ValueCodec<T>,
  options: MirrorOptions,
): Promise<Mirror<T>> {
  const mirror = new Mirror(parts, target, decoderOf(codec), options);
  try {
    await mirror.ready();
    return mirror;
  } catch (error) {
    await mirror[Symbol.asyncDispose]();
    throw error;
  }
}
