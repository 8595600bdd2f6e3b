import { nextBelow, nextChance, seededPrng } from "@conclave/base";
import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import { Overlay } from "./overlay.ts";

describe.each(testSeeds(1, 5))("seed %i", (seed) => {
  test("what is read is what was written last, in whatever order it came", () => {
    printReplayOnFailure(seed);
    const prng = seededPrng(seed);
    for (let round = 0; round < 50; round += 1) {
      const overlay = new Overlay();
      const model = new Map<string, Uint8Array | null>();
      let next = 0;
      for (let step = 0; step < 100; step += 1) {
        const isNext = nextChance(prng, 0.5);
        if (isNext) next += 1 + nextBelow(prng, 2);
        const key = `k${String(isNext ? next : nextBelow(prng, next + 3)).padStart(3, "0")}`;
        const value = Uint8Array.of(step);
        if (nextChance(prng, 0.25)) {
          overlay.delete(key);
          model.set(key, null);
        } else {
          overlay.put(key, value);
          model.set(key, value);
        }
      }
      for (let at = 0; at < next + 5; at += 1) {
        const key = `k${String(at).padStart(3, "0")}`;
        expect(overlay.get(key), key).toEqual(model.get(key));
      }
    }
  });
});

test("it is empty until something was written, if only a deletion", () => {
  const overlay = new Overlay();
  expect(overlay.isEmpty).toBe(true);
  overlay.delete("a");
  expect(overlay.isEmpty).toBe(false);
  expect(overlay.get("a")).toBeNull();
});
