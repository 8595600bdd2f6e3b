import { type Comparable, comparable } from "./compare.ts";
import type { KeyValue } from "./key-value.ts";
import { type Bytes, bytesFrom } from "./keys.ts";
import { decoderOf, type Encoded, jsonOf, type StandardSchema } from "./value-codec.ts";

/**
 * How the values of typed keys are written and read: as JSON that a Standard Schema validates both ways, or by two
 * functions that undo each other. `decode` throws for bytes that it does not take.
 */
export type KeyCodec<T> =
  | StandardSchema<T>
  | { encode(value: T): Bytes; decode(bytes: Uint8Array): T };

/**
 * A key whose values have a type. It stands wherever a key does, and carries the conditions on itself.
 *
 * @example
 * ```ts
 * const stock = client.key("stock/:item", {
 *   encode: (count: number) => String(count),
 *   decode: (bytes) => Number(new TextDecoder().decode(bytes)),
 * });
 * const bolts = stock("bolts");
 * await client.kv.put(bolts, 7);
 * console.log(bolts.key, (await client.kv.get(bolts))?.value); // stock/bolts 7
 *
 * await client.txn().if(bolts.version.gt(0)).commit(); // carries the conditions on itself
 * const { items } = await client.kv.getAll({ key: bolts.key });
 * for (const pair of items) console.log(bolts.decode(pair)); // 7
 * console.log(bolts.encode(8)); // 8, as it is written
 * ```
 */
export interface TypedKey<T> extends Comparable<T> {
  /** Within the client's namespace. */
  readonly key: string;
  /** @throws ConclaveError INVALID_VALUE for what could not be read back */
  encode(value: T): Bytes;
  /** @throws ConclaveError INVALID_VALUE */
  decode(pair: Encoded): T;
}

/**
 * Every key that a template can make.
 *
 * @example
 * ```ts
 * const { all } = client.key("cart/:user/:item", {
 *   encode: (count: number) => String(count),
 *   decode: (bytes) => Number(new TextDecoder().decode(bytes)),
 * });
 * await client.kv.put("cart/ada/tea", "2");
 * const { items } = await client.kv.getAll({ prefix: all.prefix });
 * for (const pair of items) if (all.has(pair.keyText)) console.log(all.decode(pair)); // 2
 * ```
 */
export interface TypedKeys<T> {
  /** What they begin with; keys of other templates may do so too. */
  readonly prefix: string;
  /** Whether the template can have made this key. */
  has(key: string): boolean;
  /** @throws ConclaveError INVALID_VALUE */
  decode(pair: Encoded): T;
}

/** A pair whose value was decoded. */
export interface TypedPair<T> extends Omit<KeyValue, "value" | "text" | "json"> {
  /** What the codec made of it. */
  readonly value: T;
}

type Part = string | number | bigint;

/** The names after colons: `"id" | "item"` of `"acct/:id/cart/:item"`. */
type Names<Template extends string> = Template extends `${infer Head}/${infer Tail}`
  ? Names<Head> | Names<Tail>
  : Template extends `:${infer Name}`
    ? Name
    : never;

/** One part for each name, in order. */
type Parts<Template extends string> = Template extends `${infer Head}/${infer Tail}`
  ? [...Parts<Head>, ...Parts<Tail>]
  : Template extends `:${string}`
    ? [part: Part]
    : [];

/**
 * Makes keys of one template: `acct("a")` or `acct({ id: "a" })`. What is given beyond its parts is ignored, so that
 * `ids.map(acct)` makes keys too. Throws TypeError for a part that is missing, empty, or has a slash.
 */
export interface KeyTemplate<Template extends string, T> {
  (...parts: Parts<Template>): TypedKey<T>;
  (parts: { readonly [Name in Names<Template>]: Part }): TypedKey<T>;
  /** All of them, to be read and watched as a range. */
  readonly all: TypedKeys<T>;
}

/** See {@link Client.key}. */
export function keyTemplate<const Template extends string, T>(
  template: Template,
  codec: KeyCodec<T>,
): KeyTemplate<Template, T> {
  const segments = template.split("/");
  const isPart = (segment: string) => /^:./.test(segment);
  const isSchema = "~standard" in codec;
  const decode = decoderOf<T, Encoded>(isSchema ? codec : ({ value }) => codec.decode(value));

  const keyOf = (...given: unknown[]): TypedKey<T> => {
    const isNamed = typeof given[0] === "object" && given[0] !== null;
    const parts = isNamed ? (given[0] as Record<string, unknown>) : given;
    let at = 0;
    const key = segments
      .map((segment) => {
        if (!isPart(segment)) return segment;
        const name = isNamed ? segment.slice(1) : at++;
        return partOf(parts[name as keyof typeof parts], template, segment);
      })
      .join("/");
    const encode = (value: T): Bytes => {
      if (!isSchema) return codec.encode(value);
      const json = jsonOf(value);
      decode({ keyText: key, value: bytesFrom(json) });
      return json;
    };
    return { ...comparable({ key }, encode), key, encode, decode };
  };

  const first = segments.findIndex(isPart);
  const all: TypedKeys<T> = {
    prefix: first < 0 ? template : [...segments.slice(0, first), ""].join("/"),
    has: (key) => {
      const found = key.split("/");
      const fits = (segment: string, at: number) =>
        isPart(segment) ? !!found[at] : found[at] === segment;
      return found.length === segments.length && segments.every(fits);
    },
    decode,
  };
  return Object.assign(keyOf, { all }) as KeyTemplate<Template, T>;
}

/** A slash in a part would name a key of another shape, maybe someone else's. */
function partOf(part: unknown, template: string, segment: string): string {
  const text = String(part ?? "");
  if (text === "" || text.includes("/")) {
    throw new TypeError(`${template}: ${segment} needs a text that is not empty and has no slash`);
  }
  return text;
}

export function isTypedKey(key: unknown): key is TypedKey<unknown> {
  return typeof (key as TypedKey<unknown>).decode === "function";
}

export function typedPair<T>(key: TypedKey<T>, pair: KeyValue): TypedPair<T> {
  return { ...pair, keyText: pair.keyText, value: key.decode(pair) };
}
