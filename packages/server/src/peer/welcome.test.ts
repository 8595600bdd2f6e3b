import { expect, test } from "vitest";
import { decodeWelcome, encodeWelcome } from "./welcome.ts";

test("a welcome names the members that were removed, whatever their ids", () => {
  const removed = [1n, 0x8e9e05c52164694dn, 2n ** 64n - 1n];
  expect(decodeWelcome(encodeWelcome(new Set(removed)))).toEqual(removed);
  expect(decodeWelcome(encodeWelcome(new Set()))).toEqual([]);
});

test("what is no whole id is left out", () => {
  expect(decodeWelcome(encodeWelcome(new Set([5n, 6n])).subarray(0, 15))).toEqual([5n]);
});
