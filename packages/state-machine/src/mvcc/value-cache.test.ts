import { nextBelow, seededPrng } from "@conclave/base";
import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import { ValueCache } from "./value-cache.ts";

test.each([0, 1, 200, 16 * 1024])("a cache of %i bytes stays within them", (bytesMax) => {
  const cache = new ValueCache(bytesMax);
  for (let slot = 1; slot <= 1_000; slot += 1) {
    cache.set(slot, new Uint8Array(20));
    expect(cache.bytes).toBeLessThanOrEqual(bytesMax);
  }
});

test("a small cache finds what was put last, and nothing under another slot of the same place", () => {
  const cache = new ValueCache(16 * 1024);
  cache.set(1_000, Uint8Array.of(7));
  expect(cache.get(1_000)).toEqual(Buffer.of(7));
  for (let slot = 1; slot < 1_000; slot += 1) expect(cache.get(slot)).toBeNull();
  cache.drop(1_000);
  expect(cache.get(1_000)).toBeNull();
});

test("what is given is a copy, both ways", () => {
  const cache = new ValueCache(16 * 1024);
  const pair = Uint8Array.of(7);
  cache.set(1, pair);
  pair[0] = 8;
  const first = cache.get(1)!;
  expect(first[0]).toBe(7);
  first[0] = 9;
  expect(cache.get(1)![0]).toBe(7);
});

describe.each(testSeeds(1, 5))("seed %i", (seed) => {
  test("a pair is found as it was set last, or not at all; the newest eighth of the bytes always", () => {
    printReplayOnFailure(seed);
    const prng = seededPrng(seed);
    const cache = new ValueCache(16 * 1024);
    const model = new Map<number, Uint8Array>();
    let newest: number[] = [];
    let found = 0;
    for (let at = 1; at <= 20_000; at += 1) {
      const slot = 1 + nextBelow(prng, 300);
      switch (nextBelow(prng, 8)) {
        case 0: {
          cache.drop(slot);
          model.delete(slot);
          newest = newest.filter((other) => other !== slot);
          break;
        }
        case 1:
        case 2: {
          const pair = new Uint8Array(1 + nextBelow(prng, 150)).fill(at);
          cache.set(slot, pair);
          model.set(slot, pair);
          newest = [...newest.filter((other) => (other - slot) % 128 !== 0), slot].slice(-10);
          break;
        }
        default: {
          const pair = cache.get(slot);
          if (pair !== null) {
            found += 1;
            expect(Buffer.compare(pair, model.get(slot)!)).toBe(0);
          }
        }
      }
      for (const one of newest) expect(cache.get(one), `${one}, one of the newest`).not.toBeNull();
      if (at % 5_000 === 0) {
        cache.clear();
        for (const one of model.keys()) expect(cache.get(one)).toBeNull();
        newest = [];
      }
    }
    expect(found).toBeGreaterThan(1_000);
  });
});
