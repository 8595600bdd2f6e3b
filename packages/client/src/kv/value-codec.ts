import { ConclaveError } from "../errors.ts";
import type { KeyValue } from "./key-value.ts";
import { textOf } from "./keys.ts";

/** What a Standard Schema answers to a value. */
export type StandardResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

/**
 * A schema of any library that speaks Standard Schema v1 (zod, valibot, arktype and others).
 * Source: standardschema.dev; written down here so that nothing has to be installed.
 *
 * @example
 * ```ts
 * import type { StandardSchema } from "@conclave/client";
 *
 * // Where no library is wanted: a text of at most eight characters.
 * const shortText: StandardSchema<string> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "example",
 *     validate: (value) =>
 *       typeof value === "string" && value.length <= 8
 *         ? { value }
 *         : { issues: [{ message: "not a short text" }] },
 *   },
 * };
 * await client.kv.put(client.key("motd", shortText)(), "hello");
 * ```
 */
export interface StandardSchema<T> {
  /** What the specification says. */
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<T> | Promise<StandardResult<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

/** What a value is read from. */
export interface Encoded {
  readonly keyText: string;
  readonly value: Uint8Array;
}

/**
 * How a value is read: a Standard Schema, which gets the value as parsed JSON (with bigints where `{"$bigint":"42"}` stands), or a function of the pair, which throws
 * for a value it does not take.
 */
export type ValueCodec<T> = StandardSchema<T> | ((pair: KeyValue) => T);

/**
 * The function that reads values as `codec` says.
 *
 * @throws TypeError if it is neither, such as the options that belong behind it
 *
 * The function throws ConclaveError INVALID_VALUE for a value that is not valid, and TypeError for a schema that answers with a
 * promise: what a mirror shows must be of one revision, so nothing may wait between an event and its effect.
 */
export function decoderOf<T, Pair extends Encoded = KeyValue>(
  codec: StandardSchema<T> | ((pair: Pair) => T),
): (pair: Pair) => T {
  if (typeof codec !== "function" && codec?.["~standard"] === undefined) {
    throw new TypeError("a codec is a Standard Schema or a function");
  }
  // A schema may be a function too (arktype's are).
  const decode = "~standard" in codec ? (pair: Pair) => validated(codec, pair) : codec;
  return (pair) => {
    try {
      return decode(pair);
    } catch (error) {
      if (error instanceof ConclaveError || error instanceof AsyncSchemaError) throw error;
      throw invalidValueError(pair.keyText, messageOf(error), error);
    }
  };
}

export function invalidValueError(key: string, why: string, cause?: unknown): ConclaveError {
  const message = `the value of ${JSON.stringify(key)} is not valid: ${why}`;
  return new ConclaveError("INVALID_VALUE", "not-applied", message, { cause });
}

class AsyncSchemaError extends TypeError {}

function validated<T>(schema: StandardSchema<T>, pair: Encoded): T {
  const result = schema["~standard"].validate(valueOfJson(textOf(pair.value)));
  if (result instanceof Promise) {
    result.catch(() => {}); // Nobody waits for it.
    throw new AsyncSchemaError("a schema that validates asynchronously cannot be used here");
  }
  if (result.issues === undefined) return result.value;
  const why = result.issues.map(({ message }) => message).join("; ");
  throw invalidValueError(pair.keyText, why, result.issues);
}

/**
 * The JSON of a value. A number of JSON is not exact beyond 2^53, so a bigint is written as `{"$bigint":"42"}`, which
 * every reader of a schema takes for a bigint (failure mode 27).
 * @throws TypeError if it has none
 */
export function jsonOf(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) =>
    typeof part === "bigint" ? { $bigint: String(part) } : part,
  );
  if (text === undefined) throw new TypeError("this value has no JSON");
  return text;
}

function valueOfJson(text: string): unknown {
  return JSON.parse(text, (_, part) =>
    typeof part?.$bigint === "string" ? BigInt(part.$bigint) : part,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
