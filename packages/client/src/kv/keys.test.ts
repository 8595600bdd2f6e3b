import { expect, test } from "vitest";
import { endOfPrefix, keptRange, Namespace } from "./keys.ts";

const plain = new Namespace("");

test.each([
  ["a/", "a0"],
  [Uint8Array.of(1, 0xff, 0xff), Uint8Array.of(2)],
  [Uint8Array.of(0xff), Uint8Array.of(0)],
  ["", Uint8Array.of(0)],
])("the range of prefix %j ends at %j", (prefix, end) => {
  expect(Buffer.from(plain.rangeOf({ prefix }).rangeEnd)).toEqual(Buffer.from(end));
});

test("a prefix that is given as a Buffer stays as it is", () => {
  const prefix = Buffer.from("a/");
  expect(Buffer.from(endOfPrefix(prefix)).toString()).toBe("a0");
  const { key, rangeEnd } = plain.rangeOf({ prefix });
  expect(`${Buffer.from(key)}..${Buffer.from(rangeEnd)}`).toBe("a/..a0");
  expect(prefix.toString()).toBe("a/");
});

test("a range to keep has bytes of its own, and no more than it needs", () => {
  const kept = keptRange(plain.rangeOf("watched/"));
  expect(kept.key.buffer.byteLength).toBe("watched/".length);
  expect(Buffer.from(kept.rangeEnd).toString()).toBe("watched0");
});

test("a key without a byte is refused, whichever way it is given", () => {
  for (const empty of ["", new Uint8Array(0), { key: "" }]) {
    expect(() => plain.rangeOf(empty)).toThrow(TypeError);
  }
});
