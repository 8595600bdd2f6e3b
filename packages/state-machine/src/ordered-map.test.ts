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
