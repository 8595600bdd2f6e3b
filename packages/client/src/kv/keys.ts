/** A key or value as given: a text stands for its UTF-8 bytes. */
export type Bytes = string | Uint8Array;

/**
 * Which keys are meant.
 * - a text that ends with `/`: every key that begins with it
 * - any other text, or bytes: that one key
 * - `{ key }`, `{ prefix }`: the same, said outright
 * - `{ from, to }`: keys in `[from, to)`; without `to`, all keys from `from` on
 */
export type Target =
  | Bytes
  | { readonly key: Bytes }
  | { readonly prefix: Bytes }
  | { readonly from: Bytes; readonly to?: Bytes };

/** Keys in `[key, rangeEnd)` as the protocol writes them; an empty `rangeEnd` means `key` alone, `"\0"` no end. */
export interface KeyRange {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

const NO_END = Uint8Array.of(0);
const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function bytesFrom(value: Bytes): Uint8Array {
  return typeof value === "string" ? encoder.encode(value) : value;
}

/** As {@link bytesFrom}, for a request: not to be kept, for a text's bytes lie in Node's pool. Four times as quick. */
export function bytesToSend(value: Bytes): Uint8Array {
  return typeof value === "string" ? Buffer.from(value) : value;
}

/** The range with bytes of its own, to keep. */
export function keptRange({ key, rangeEnd }: KeyRange): KeyRange {
  return { key: new Uint8Array(key), rangeEnd: new Uint8Array(rangeEnd) };
}

/** The text of UTF-8 bytes; what is no UTF-8 shows as U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** The first key after all that begin with `prefix`, or `"\0"` (no end) if there is none. */
export function endOfPrefix(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) return NO_END;
  const end = Uint8Array.from(prefix.subarray(0, length)); // Not slice: of a Buffer that is a view.
  end[length - 1] = end[length - 1]! + 1;
  return end;
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length === 0) return right;
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

/** Puts one prefix before every key that goes to the server and takes it off every key that comes back. */
export class Namespace {
  readonly #prefix: Uint8Array;

  constructor(prefix: Bytes) {
    this.#prefix = bytesFrom(prefix);
  }

  /** For a request. @throws TypeError for an empty key, which the protocol has no place for. */
  keyOf(key: Bytes): Uint8Array {
    const bytes = bytesToSend(key);
    if (bytes.length === 0) throw new TypeError("a key must have at least one byte");
    return joined(this.#prefix, bytes);
  }

  /** For a request, or {@link keptRange}. */
  rangeOf(target: Target): KeyRange {
    if (typeof target === "string") {
      return target.endsWith("/")
        ? this.#rangeOfPrefix(bytesToSend(target))
        : { key: this.keyOf(target), rangeEnd: EMPTY };
    }
    if (target instanceof Uint8Array) return { key: this.keyOf(target), rangeEnd: EMPTY };
    if ("key" in target) return { key: this.keyOf(target.key), rangeEnd: EMPTY };
    if ("prefix" in target) return this.#rangeOfPrefix(bytesToSend(target.prefix));
    return this.#rangeBetween(bytesToSend(target.from), target.to);
  }

  /** The key as the user knows it. A view, not a copy. */
  strip(key: Uint8Array): Uint8Array {
    return key.subarray(this.#prefix.length);
  }

  #rangeOfPrefix(prefix: Uint8Array): KeyRange {
    const whole = joined(this.#prefix, prefix);
    return { key: whole.length === 0 ? NO_END : whole, rangeEnd: endOfPrefix(whole) };
  }

  #rangeBetween(from: Uint8Array, to: Bytes | undefined): KeyRange {
    const start = joined(this.#prefix, from);
    const rangeEnd =
      to === undefined ? endOfPrefix(this.#prefix) : joined(this.#prefix, bytesToSend(to));
    return { key: start.length === 0 ? NO_END : start, rangeEnd };
  }
}
