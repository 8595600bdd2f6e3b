import { nextBelow, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { expect, test } from "vitest";
import { OrderedMap } from "./ordered-map.ts";

test("an ordered map agrees with a Map sorted by key through random inserts and deletes", () => {
  const prng = seededPrng(testSeed(4711));
  const map = new OrderedMap<number>();
  const model = new Map<string, number>();
  for (let phase = 0; phase < 6; phase += 1) {
    const deletesInTen = phase % 2 === 0 ? 2 : 8;
    for (let step = 0; step < 6_000; step += 1) {
      const key = `k${nextBelow(prng, 5_000)}`;
      if (nextBelow(prng, 10) < deletesInTen) {
        expect(map.delete(key)).toBe(model.delete(key));
      } else {
        map.set(key, step);
        model.set(key, step);
      }
    }
    expect(map.size).toBe(model.size);
    const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
    expect([...map.entries()]).toEqual(sorted);
    const seen: string[] = [];
    map.visitRange("k2", "k3", (key) => {
      seen.push(key);
      return true;
    });
    expect(seen).toEqual(sorted.map(([key]) => key).filter((key) => key >= "k2" && key < "k3"));
    for (const [key, value] of sorted) expect(map.get(key)).toBe(value);
  }
  for (const key of [...model.keys()]) expect(map.delete(key)).toBe(true);
  expect(map.size).toBe(0);
  expect([...map.entries()]).toEqual([]);
});

test("what counts is counted in any range, and nodes where nothing counts are left out of a visit", () => {
  const prng = seededPrng(testSeed(4713));
  const isEven = (value: number) => value % 2 === 0;
  const map = new OrderedMap<number>(isEven);
  const model = new Map<string, number>();
  const keyOf = (number: number) => `k${String(number).padStart(5, "0")}`;
  for (let phase = 0; phase < 8; phase += 1) {
    const deletesInTen = phase % 2 === 0 ? 2 : 7;
    for (let step = 0; step < 8_000; step += 1) {
      const number = phase < 2 ? step : nextBelow(prng, 12_000);
      const key = keyOf(number);
      if (nextBelow(prng, 10) < deletesInTen) {
        map.delete(key);
        model.delete(key);
        continue;
      }
      // Long runs of one kind, and now and then the other.
      const value =
        2 * nextBelow(prng, 9) + ((number >> 9) % 2 || nextBelow(prng, 50) === 0 ? 1 : 0);
      map.set(key, value);
      model.set(key, value);
    }
    const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(map.counted).toBe(sorted.filter(([, value]) => isEven(value)).length);
    for (let round = 0; round < 50; round += 1) {
      const start = keyOf(nextBelow(prng, 12_000));
      const end = round % 5 === 0 ? null : keyOf(nextBelow(prng, 12_000));
      const within = sorted.filter(([key]) => key >= start && (end === null || key < end));
      const expected = within.filter(([, value]) => isEven(value));
      expect(map.countRange(start, end)).toBe(expected.length);
      const seen: [string, number][] = [];
      const stopAt = round % 3 === 0 ? 1 + nextBelow(prng, 100) : Number.POSITIVE_INFINITY;
      map.visitCounted(start, end, (key, value) => {
        seen.push([key, value]);
        return seen.length < stopAt;
      });
      const counted = seen.filter(([, value]) => isEven(value));
      expect(counted).toEqual(expected.slice(0, seen.length < stopAt ? undefined : counted.length));
      expect(within).toEqual(expect.arrayContaining(seen.slice(0, 20)));
    }
  }
  for (let number = 0; number < 12_000; number += 1) map.set(keyOf(number), 1);
  map.set(keyOf(6_000), 2);
  let visited = 0;
  map.visitCounted("", null, () => {
    visited += 1;
    return true;
  });
  expect(visited).toBeLessThan(100);
  expect(map.countRange("", null)).toBe(1);
});

test("keys that arrive in order fill the leaves, and a visit can stop early", () => {
  const map = new OrderedMap<number>();
  for (let i = 0; i < 10_000; i += 1) map.set(String(i).padStart(6, "0"), i);
  const seen: number[] = [];
  map.visitRange("005000", null, (_key, value) => {
    seen.push(value);
    return seen.length < 3;
  });
  expect(seen).toEqual([5000, 5001, 5002]);
  map.clear();
  expect(map.get("005000")).toBeUndefined();
});

test("a search that begins where the last one ended finds, and places, as one from the top does", () => {
  const prng = seededPrng(testSeed(4712));
  const map = new OrderedMap<number>();
  const model = new Map<string, number>();
  let before = "";
  for (let step = 0; step < 60_000; step += 1) {
    // About in order, now and then from anywhere, and over and over again.
    const around = nextBelow(prng, 20) === 0 ? nextBelow(prng, 9_000) : (step % 9_000) - 20;
    const key = `k${10_000 + around + nextBelow(prng, 40)}`;
    if (nextBelow(prng, 10) < (step < 30_000 ? 2 : 6)) {
      expect(map.delete(key)).toBe(model.delete(key));
      continue;
    }
    const isKnown = map.findNear(key);
    expect(isKnown).toBe(model.has(key));
    if (isKnown) expect(map.foundValue()).toBe(model.get(key));
    if (isKnown) map.setFound(step);
    else map.insertFound(key, step);
    model.set(key, step);
    if (nextBelow(prng, 4) === 0) expect(map.get(before)).toBe(model.get(before));
    before = key;
  }
  expect(map.size).toBe(model.size);
  expect([...map.entries()]).toEqual([...model].sort(([a], [b]) => (a < b ? -1 : 1)));
  for (const [key, value] of model) expect(map.get(key)).toBe(value);
});

test("the place of a key that was searched for is not that of another, searched for near it since", () => {
  const map = new OrderedMap<number>();
  for (const [at, key] of ["a", "b", "c"].entries()) map.set(key, at);
  expect(map.find("a")).toBe(true);
  expect(map.findNear("c")).toBe(true);
  map.set("a", 10);
  expect([...map.entries()]).toEqual([
    ["a", 10],
    ["b", 1],
    ["c", 2],
  ]);
});
