import { testSeed } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import { simulate } from "./simulation.ts";

/** Runs take a part of a second on a machine of their own. Milliseconds. */
const TIMEOUT_MS = 120_000;

describe("a cluster in one process", { timeout: TIMEOUT_MS }, () => {
  test("the same seed replays the same run", async () => {
    const seed = testSeed(1);
    const first = await simulate(seed);
    expect(await simulate(seed)).toEqual(first);
    expect(await simulate(seed + 1)).not.toEqual(first);
  });

  test("a run can be repeated with the faults it had, and with none", async () => {
    const seed = testSeed(3);
    const first = await simulate(seed);
    expect(first.faultScript.length).toBeGreaterThan(0);
    expect(await simulate(seed, { faults: first.faultScript })).toEqual(first);
    const calm = await simulate(seed, { faults: [] });
    expect(Object.values(calm.faults).reduce((sum, count) => sum + count, 0)).toBe(0);
  });
});
