import { expect, test } from "vitest";
import { ValueCache } from "./value-cache.ts";

test.each([1, 200, 16 * 1024])("a cache of %i bytes stays within them", (bytesMax) => {
  const cache = new ValueCache(bytesMax);
  for (let slot = 1; slot <= 1_000; slot += 1) {
    cache.set(slot, new Uint8Array(20));
    expect(cache.bytes).toBeLessThanOrEqual(bytesMax);
  }
});

test("a small cache finds what was put last, and nothing under another slot of the same place", () => {
  const cache = new ValueCache(16 * 1024);
  const pair = Uint8Array.of(7);
  cache.set(1_000, pair);
  expect(cache.get(1_000)).toBe(pair);
  for (let slot = 1; slot < 1_000; slot += 1) expect(cache.get(slot)).toBeNull();
  cache.drop(1_000);
  expect(cache.get(1_000)).toBeNull();
  expect(cache.bytes).toBe(0);
});
