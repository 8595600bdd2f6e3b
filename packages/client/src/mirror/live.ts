import { ConclaveError } from "../errors.ts";
import type { KeyValue } from "../kv/key-value.ts";
import type { Bytes } from "../kv/keys.ts";
import { decoderOf, type ValueCodec } from "../kv/value-codec.ts";
import type { MirrorBatch } from "./batch.ts";
import { readFallbackFile } from "./fallback-file.ts";
import { Mirror, type MirrorOptions } from "./mirror.ts";
import type { MirrorParts } from "./mirror-source.ts";

/**
 * What {@link Client.live} takes besides key and codec.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { z } from "zod";
 *
 * const fallbackFile = join(tmpdir(), "limits.json"); // came with the deployment
 * await writeFile(fallbackFile, '{ "perSecond": 50 }');
 * const Limits = z.object({ perSecond: z.number() });
 * await using limits = await client.live("config/limits", Limits, { fallbackFile });
 * console.log(limits.value.perSecond, limits.current.source); // 50 fallback
 * ```
 */
export interface LiveOptions<T> extends MirrorOptions {
  /**
   * The value while there is no key, or none that was ever valid, or, at the start, no server that answers. Without it
   * `live` rejects in these cases.
   */
  readonly fallback?: T;
  /**
   * Path of a file with such a value, written as the key's is and read by the same codec, once, at the start. A file that
   * cannot be read or is not valid makes `live` reject at once. Not with `fallback`.
   */
  readonly fallbackFile?: string;
}

/** What a {@link Live} shows, and since when. */
export interface LiveValue<T> {
  /** What the codec made of it. */
  readonly value: T;
  /** Revision of the write that it comes from; null for the fallback. */
  readonly revision: number | null;
  /**
   * - `"store"`: what the key holds
   * - `"last-good"`: what the key held before someone wrote what is not valid, or deleted it
   * - `"fallback"`: the caller's
   */
  readonly source: "store" | "last-good" | "fallback";
}

/** A valid value with the revision of its write. */
interface Written<T> {
  readonly value: T;
  readonly revision: number;
}

/**
 * The value of one key, validated and kept up to date. Made by {@link Client.live}. A bad write does not get through: the
 * last good value stays, and `error` says what is wrong.
 *
 * @example
 * ```ts
 * import { z } from "zod";
 *
 * const Config = z.object({ pageSize: z.number() });
 * await using config = await client.live("config/app", Config, { fallback: { pageSize: 20 } });
 * console.log(config.value.pageSize);
 * for await (const { value, revision } of config) {
 *   console.log(revision, value.pageSize); // first the value now, then each change
 *   break;
 * }
 * ```
 */
export class Live<T> implements AsyncDisposable {
  readonly #key: string;
  readonly #mirror: Mirror<Written<T>>;
  readonly #fallback: LiveValue<T> | null;
  #shown: LiveValue<T> | null;

  /** @internal */
  constructor(parts: MirrorParts, key: Bytes, codec: ValueCodec<T>, options: LiveOptions<T>) {
    this.#key = typeof key === "string" ? key : new TextDecoder().decode(key);
    const hasFallback = "fallback" in options;
    this.#fallback = hasFallback
      ? { value: options.fallback as T, revision: null, source: "fallback" }
      : null;
    this.#shown = this.#fallback;
    const decode = decoderOf(codec);
    const decodeWritten = (pair: KeyValue) => ({
      value: decode(pair),
      revision: pair.modRevision,
    });
    this.#mirror = new Mirror(parts, { key }, decodeWritten, options, (batch) =>
      this.#onBatch(batch),
    );
  }

  /**
   * The latest good value.
   * @throws ConclaveError INVALID_VALUE after a bad write, with `invalid: "throw"`
   */
  get value(): T {
    return this.current.value;
  }

  /** Revision of the write that `value` comes from; null for the fallback. */
  get revision(): number | null {
    return this.current.revision;
  }

  /** The latest good value with where it comes from. @throws as `value` does */
  get current(): LiveValue<T> {
    const { failure } = this.#mirror;
    if (failure instanceof ConclaveError && failure.code === "INVALID_VALUE") throw failure;
    if (this.#shown === null) throw absentError(this.#key);
    return this.#shown;
  }

  /**
   * Why what the key holds now is not shown; null if it is, or if there is no key.
   * @example
   * ```ts
   * import { z } from "zod";
   *
   * await client.kv.put("config/app", '{ "pageSize": 20 }');
   * await using config = await client.live("config/app", z.object({ pageSize: z.number() }));
   * const { revision } = await client.kv.put("config/app", '{ "pageSize": "many" }');
   * await config.atLeast(revision);
   * console.log(config.value.pageSize, `of revision ${config.revision}`); // 20, the last good one
   * console.log(config.error?.message, config.synced);
   * ```
   */
  get error(): ConclaveError | null {
    for (const error of this.#mirror.invalid.values()) return error;
    return null;
  }

  /** See {@link Mirror.synced}. */
  get synced(): boolean {
    return this.#mirror.synced;
  }

  /** Yields the value now, then each new one that the reader is fast enough to see. It ends as a mirror's batches do. */
  async *[Symbol.asyncIterator](): AsyncGenerator<LiveValue<T>, void, undefined> {
    let yielded: LiveValue<T> | null = null;
    if (this.#shown !== null) {
      yielded = this.#shown;
      yield yielded;
    }
    for await (const _ of this.#mirror.changes()) {
      const shown = this.#shown;
      if (shown === null || shown === yielded) continue;
      yielded = shown;
      yield shown;
    }
  }

  /** Resolves when the value is that of `revision` or later. See {@link Mirror.atLeast}. */
  atLeast: Mirror<T>["atLeast"] = (revision, options) => this.#mirror.atLeast(revision, options);

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mirror[Symbol.asyncDispose]();
  }

  /** @internal Resolves when there is something to show. */
  async start(): Promise<void> {
    try {
      await this.#mirror.ready();
    } catch (error) {
      if (this.#fallback === null || this.#mirror.failure !== null) throw error;
    }
    if (this.#shown === null) throw this.error ?? absentError(this.#key);
  }

  #onBatch({ puts, deletes, invalid }: MirrorBatch<Written<T>>): void {
    for (const { value, revision } of puts.values()) {
      this.#shown = { value, revision, source: "store" };
    }
    if (deletes.size > 0 && this.#fallback !== null) this.#shown = this.#fallback;
    else if (deletes.size + invalid.size > 0) this.#showLastGood();
  }

  #showLastGood(): void {
    if (this.#shown?.source === "store") this.#shown = { ...this.#shown, source: "last-good" };
  }
}

/** Makes a live value, and waits until it has one. */
export async function openLive<T>(
  parts: MirrorParts,
  key: Bytes,
  codec: ValueCodec<T>,
  options: LiveOptions<T>,
): Promise<Live<T>> {
  const live = new Live(parts, key, codec, await withFallback(key, codec, options));
  try {
    await live.start();
    return live;
  } catch (error) {
    await live[Symbol.asyncDispose]();
    throw error;
  }
}

async function withFallback<T>(
  key: Bytes,
  codec: ValueCodec<T>,
  options: LiveOptions<T>,
): Promise<LiveOptions<T>> {
  const { fallbackFile } = options;
  if (fallbackFile === undefined) return options;
  if ("fallback" in options) throw new TypeError("either fallback or fallbackFile, not both");
  return { ...options, fallback: await readFallbackFile(fallbackFile, key, codec) };
}

function absentError(key: string): ConclaveError {
  return new ConclaveError("KEY_NOT_FOUND", "not-applied", `there is no ${JSON.stringify(key)}`);
}
