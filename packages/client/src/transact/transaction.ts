import { type ByteString, byteStringOf, bytesOf } from "@conclave/base";
import { ConclaveError } from "../errors.ts";
import type { Comparison } from "../kv/compare.ts";
import { type Bytes, bytesFrom, textOf } from "../kv/keys.ts";
import { type PutOptions, targetOf } from "../kv/op.ts";
import { isTypedKey, type TypedKey, type TypedKeys } from "../kv/typed-key.ts";
import type { Encoded } from "../kv/value-codec.ts";
import { ReadSet } from "./read-set.ts";
import type { Seen, Snapshot, SnapshotReader } from "./snapshot-reader.ts";
import { WriteSet } from "./write-set.ts";

/** A key with or without a type. */
export type AnyKey = Bytes | TypedKey<unknown>;

/** What reading a key gives: its decoded value, or a text if the key has no type. */
export type ValueOf<Key> = Key extends TypedKey<infer T> ? T : string;

/** A pair of a range, as the transaction sees it. */
export interface TransactionPair<T> {
  /** As text. */
  readonly key: string;
  /** Decoded, or as text. */
  readonly value: T;
}

/**
 * What stands only while it is ours, such as a lock or a term.
 *
 * @example
 * ```ts
 * import { compare, type Requirable } from "@conclave/client";
 *
 * const shopIsOpen: Requirable = {
 *   guard: compare("shop/state").value.eq("open"),
 *   assert: () => {}, // nothing is known without asking
 *   async verify(options) {
 *     const state = await client.kv.get("shop/state", options);
 *     if (state?.text !== "open") throw new Error("the shop is closed");
 *   },
 * };
 * await client.kv.put("shop/state", "open");
 * await client.transact((tx) => {
 *   tx.require(shopIsOpen);
 *   tx.put("orders/1", "new");
 * });
 * ```
 */
export interface Requirable {
  /** True while it is ours. */
  readonly guard: Comparison;
  /** @throws if it is known to be lost */
  assert(): void;
  /** Asks the server. @throws if it is lost */
  verify(options: { readonly signal?: AbortSignal }): Promise<void>;
}

/**
 * One attempt of a transaction, as its body sees it. Reads come from one revision of the store (see {@link Isolation}),
 * overlaid with what the body has written itself. Writes wait until the body has returned; then all of them are applied
 * at one revision, or, if something that was read has changed, none, and the body runs again on fresh values.
 *
 * It is over when its body is: after that every method throws CLOSED.
 *
 * @example
 * ```ts
 * await client.kv.put("stock/42", "7");
 * const { value, revision } = await client.transact(async (tx) => {
 *   const left = Number(await tx.get("stock/42")) - 1;
 *   if (left < 0) throw tx.abort("sold out");
 *   tx.put("stock/42", String(left));
 *   tx.onCommit(() => console.log("sold"));
 *   return left;
 * });
 * console.log(value, revision);
 * ```
 */
export class Transaction {
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborts when the whole transaction is given up. */
  readonly signal: AbortSignal;
  /** @internal */
  readonly reads = new ReadSet();
  /** @internal */
  readonly writes = new WriteSet();
  /** @internal */
  readonly required: Requirable[] = [];
  /** @internal */
  readonly callbacks: ((revision: number) => void)[] = [];
  readonly #reader: SnapshotReader;
  readonly #known: Snapshot | null;
  readonly #remembers: boolean;
  #isOver = false;
  #aborted: ConclaveError | null = null;
  #isOutdated = false;

  /** @internal `known`: what is known of the store already; `remembers`: whether a second look shows what the first did. */
  constructor(parts: {
    readonly attempt: number;
    readonly signal: AbortSignal;
    readonly reader: SnapshotReader;
    readonly known: Snapshot | null;
    readonly remembers: boolean;
  }) {
    this.attempt = parts.attempt;
    this.signal = parts.signal;
    this.#reader = parts.reader;
    this.#known = parts.known;
    this.#remembers = parts.remembers;
  }

  /**
   * The value of a key, or null if there is none; of several keys, the values in their order, read in one round trip.
   * @throws ConclaveError INVALID_VALUE for a value that does not fit its typed key
   * @example
   * ```ts
   * await client.transact(async (tx) => {
   *   const visits = await tx.get("visits");
   *   tx.put("visits", String(Number(visits ?? 0) + 1));
   * });
   * ```
   */
  get<T>(key: TypedKey<T>): Promise<T | null>;
  get(key: Bytes): Promise<string | null>;
  get<const Keys extends readonly AnyKey[]>(
    ...keys: Keys
  ): Promise<{ -readonly [At in keyof Keys]: ValueOf<Keys[At]> | null }>;
  async get(...keys: readonly AnyKey[]): Promise<unknown> {
    const found = await this.#find(keys);
    const values = found.map((encoded, at) => encoded && decoded(keys[at]!, encoded));
    return keys.length === 1 ? values[0] : values;
  }

  /**
   * As {@link get}, for keys that must be there.
   * @throws ConclaveError KEY_NOT_FOUND naming the first that is not
   */
  getOrThrow<T>(key: TypedKey<T>): Promise<T>;
  getOrThrow(key: Bytes): Promise<string>;
  getOrThrow<const Keys extends readonly AnyKey[]>(
    ...keys: Keys
  ): Promise<{ -readonly [At in keyof Keys]: ValueOf<Keys[At]> }>;
  async getOrThrow(...keys: readonly AnyKey[]): Promise<unknown> {
    const found = await this.#find(keys);
    const values = found.map((encoded, at) => {
      if (encoded !== null) return decoded(keys[at]!, encoded);
      const name = JSON.stringify(textOf(bytesFrom(targetOf(keys[at]!).key)));
      throw new ConclaveError("KEY_NOT_FOUND", "not-applied", `there is no ${name}`);
    });
    return keys.length === 1 ? values[0] : values;
  }

  /**
   * Every pair whose key begins with a prefix, or was made by a template (`acct.all`), in the order of keys. The transaction
   * does not commit if meanwhile a key appeared in the range, changed or went away.
   *
   * A transaction that also writes can check about a hundred keys; see {@link TransactOptions.opsMax}.
   * @throws ConclaveError INVALID_VALUE for a value that does not fit, CLOSED
   * @example
   * ```ts
   * const account = client.key("acct/:id", {
   *   encode: (cents: number) => String(cents),
   *   decode: (bytes) => Number(new TextDecoder().decode(bytes)),
   * });
   * await client.kv.put(account("a"), 100);
   * const { value: total } = await client.transact(async (tx) => {
   *   const accounts = await tx.getAll(account.all);
   *   return accounts.reduce((sum, { value }) => sum + value, 0);
   * });
   * console.log(total); // 100
   * ```
   */
  getAll<T>(range: TypedKeys<T>): Promise<readonly TransactionPair<T>[]>;
  getAll(range: { readonly prefix: string }): Promise<readonly TransactionPair<string>[]>;
  async getAll(
    range: { readonly prefix: string } | TypedKeys<unknown>,
  ): Promise<readonly TransactionPair<unknown>[]> {
    const isTyped = "has" in range;
    return (await this.#findAll(range.prefix))
      .filter(({ keyText }) => !isTyped || range.has(keyText))
      .map((pair) => ({
        key: pair.keyText,
        value: isTyped ? range.decode(pair) : textOf(pair.value),
      }));
  }

  /** Writes a pair when the transaction commits. @throws ConclaveError INVALID_VALUE, CLOSED */
  put<T>(key: TypedKey<T>, value: T, options?: PutOptions): void;
  put(key: Bytes, value: Bytes, options?: PutOptions): void;
  put(key: AnyKey, value: unknown, options: PutOptions = {}): void {
    this.#assertOpen();
    const encoded = isTypedKey(key) ? key.encode(value) : (value as Bytes);
    this.writes.put(idOf(key), bytesFrom(encoded), options);
  }

  /** Deletes a key when the transaction commits. @throws ConclaveError CLOSED */
  delete(key: AnyKey): void {
    this.#assertOpen();
    this.writes.delete(idOf(key));
  }

  /**
   * Commits only while a lock or a leadership is ours at the server.
   * @throws LockLostError if it is known to be lost; else the transaction rejects with it if it turns out to be
   * @example
   * ```ts
   * await client.locks.request("order/42", async (lock) => {
   *   await client.transact(async (tx) => {
   *     tx.require(lock);
   *     tx.put("order/42/state", "paid");
   *   });
   * });
   * ```
   */
  require(hold: Requirable): void {
    this.#assertOpen();
    hold.assert();
    this.required.push(hold);
  }

  /**
   * Runs `callback` exactly once after the commit, with its revision, and never if there is none: the place for what cannot
   * be taken back. What it throws does not undo the commit, so it is an uncaught exception.
   */
  onCommit(callback: (revision: number) => void): void {
    this.#assertOpen();
    this.callbacks.push(callback);
  }

  /** The error to throw to give the transaction up: `throw tx.abort("insufficient funds")`. Nothing will be written. */
  abort(reason: string | Error): ConclaveError {
    const message = typeof reason === "string" ? reason : reason.message;
    this.#aborted = new ConclaveError("ABORTED", "not-applied", message, { cause: reason });
    return this.#aborted;
  }

  /** @internal Ends the attempt. @returns whether its revision is gone, so that it must start over */
  close(): { readonly isOutdated: boolean; readonly aborted: ConclaveError | null } {
    this.#isOver = true;
    return { isOutdated: this.#isOutdated, aborted: this.#aborted };
  }

  async #find(keys: readonly AnyKey[]): Promise<readonly (Encoded | null)[]> {
    this.#assertOpen();
    const ids = keys.map(idOf);
    const latest = await this.#readMissing(ids);
    return ids.map((id) => {
      const written = this.writes.get(id);
      if (written !== undefined) return written.bytes && encodedOf(id, written.bytes);
      return latest.get(id) ?? null;
    });
  }

  /** The pairs of all keys that the body has not written. */
  async #readMissing(ids: readonly ByteString[]): Promise<Map<ByteString, Seen | null>> {
    const pairs = new Map<ByteString, Seen | null>();
    const missing = new Set<ByteString>();
    for (const id of ids) {
      const seen = this.#remembers ? this.#seen(id) : undefined;
      if (seen !== undefined) pairs.set(id, seen);
      else if (this.writes.get(id) === undefined) missing.add(id);
    }
    if (missing.size === 0) return pairs;
    const list = [...missing];
    const found = await this.#reading(this.#reader.keys(list.map(bytesOf)));
    list.forEach((id, at) => {
      if (this.#remembers) this.reads.add(id, found[at] ?? null);
      pairs.set(id, this.#remembers ? (this.reads.pairs.get(id) ?? null) : (found[at] ?? null));
    });
    return pairs;
  }

  /** What the attempt has seen of a key; undefined: nothing. */
  #seen(id: ByteString): Seen | null | undefined {
    const read = this.reads.pairs.get(id);
    if (read !== undefined) return read;
    const known = this.#known?.pairs.get(id);
    if (known !== undefined) this.reads.add(id, known);
    return known;
  }

  async #findAll(prefix: string): Promise<readonly Encoded[]> {
    this.#assertOpen();
    const stored = await this.#rangeOf(prefix);
    const pairs = new Map<ByteString, Encoded>(stored);
    const start = byteStringOf(bytesFrom(prefix));
    for (const [id, { bytes }] of this.writes.entries()) {
      if (!id.startsWith(start)) continue;
      if (bytes === null) pairs.delete(id);
      else pairs.set(id, encodedOf(id, bytes));
    }
    return [...pairs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pair]) => pair);
  }

  async #rangeOf(prefix: string): Promise<readonly [ByteString, Seen][]> {
    const seen = this.#remembers ? this.reads.ranges.get(prefix) : undefined;
    if (seen === undefined) {
      const known = this.#remembers ? this.#known?.ranges.get(prefix) : undefined;
      const read = known ?? (await this.#reading(this.#reader.range(prefix)));
      const entries = read.map((pair): [ByteString, Seen] => [byteStringOf(pair.key), pair]);
      if (!this.#remembers) return entries;
      for (const [id, pair] of entries) this.reads.add(id, pair);
      const keys = entries.map(([id]) => id);
      this.reads.addRange(prefix, keys);
      return this.#remembered(keys);
    }
    return this.#remembered(seen);
  }

  #remembered(ids: readonly ByteString[]): readonly [ByteString, Seen][] {
    return ids.flatMap((id) => {
      const pair = this.reads.pairs.get(id);
      return pair ? [[id, pair] as [ByteString, Seen]] : [];
    });
  }

  async #reading<T>(read: Promise<T>): Promise<T> {
    try {
      const result = await read;
      this.#assertOpen();
      return result;
    } catch (error) {
      // Whatever the body makes of this error, the attempt cannot go on.
      if (error instanceof ConclaveError && error.code === "COMPACTED") this.#isOutdated = true;
      throw error;
    }
  }

  #assertOpen(): void {
    if (this.#isOver) {
      throw new ConclaveError("CLOSED", "not-applied", "the body of this transaction has ended");
    }
  }
}

function idOf(key: AnyKey): ByteString {
  const bytes = bytesFrom(targetOf(key).key);
  if (bytes.length === 0) throw new TypeError("a key must have at least one byte");
  return byteStringOf(bytes);
}

function encodedOf(id: ByteString, value: Uint8Array): Encoded {
  return { keyText: textOf(bytesOf(id)), value };
}

function decoded(key: AnyKey, encoded: Encoded): unknown {
  return isTypedKey(key) ? key.decode(encoded) : textOf(encoded.value);
}
