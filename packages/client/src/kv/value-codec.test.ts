import { expect, test } from "vitest";
import { decoderOf, jsonOf, type ValueCodec } from "./value-codec.ts";

test.each([
  { what: "options, which belong behind it", codec: { signal: AbortSignal.abort() } },
  { what: "nothing", codec: undefined },
  { what: "null", codec: null },
  { what: "the two functions that a typed key takes", codec: { encode: String, decode: Number } },
])("what is no codec is refused at once: $what", ({ codec }) => {
  const make = () => decoderOf(codec as unknown as ValueCodec<unknown>);
  expect(make).toThrow(TypeError);
  expect(make).toThrow("a codec is a Standard Schema or a function");
});

test("a schema may be a function, and is used as a schema then", () => {
  const validate = (value: unknown) => ({ value: `validated ${value}` });
  const schema = Object.assign(() => "called", {
    "~standard": { version: 1 as const, vendor: "test", validate },
  });
  const pair = { keyText: "k", value: new TextEncoder().encode("7") };
  expect(decoderOf<string, typeof pair>(schema)(pair)).toBe("validated 7");
});

test("what has no JSON is not written", () => {
  expect(() => jsonOf(undefined)).toThrow(TypeError);
  expect(jsonOf({ many: [1n, { more: -(2n ** 64n) }] })).toBe(
    '{"many":[{"$bigint":"1"},{"more":{"$bigint":"-18446744073709551616"}}]}',
  );
});
