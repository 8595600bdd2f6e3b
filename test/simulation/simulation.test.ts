import { testSeed, testSeeds } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import { type RunReport, simulate } from "./simulation.ts";

/** `CONCLAVE_TRACE=400` shows so many last lines of a run that fails. With `CONCLAVE_SEEDS` it prints what the runs amounted to. */
const DEFAULT_SEEDS = 70;
/** A run takes a quarter of a second; some wait for a machine that others use. Milliseconds. */
const SEED_TIMEOUT_MS = 3_000;

const seeds = testSeeds(1, DEFAULT_SEEDS);

describe("a cluster in one process", () => {
  test("the same seed replays the same run", async () => {
    const seed = testSeed(1);
    const first = await simulate(seed);
    expect(await simulate(seed)).toEqual(first);
    expect(await simulate(seed + 1)).not.toEqual(first);
  });

  test(
    `keeps its promises over ${seeds.length} seeds of crashes, partitions and lost connections`,
    async () => {
      const totals = new Map<string, number>();
      for (const seed of seeds) {
        add(totals, await simulate(seed));
        // The test runner wants to hear from its worker.
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (process.env.CONCLAVE_SEEDS !== undefined) console.log(Object.fromEntries(totals));
      if (seeds.length < DEFAULT_SEEDS) return;
      // What never happens is not tested.
      for (const [what, count] of totals) expect(count, what).toBeGreaterThan(0);
    },
    seeds.length * SEED_TIMEOUT_MS,
  );
});

/** What a run amounted to, by name. */
function add(totals: Map<string, number>, report: RunReport): void {
  const { seed: _seed, traceHash: _hash, faults, ...counts } = report;
  for (const [what, count] of Object.entries({ ...counts, ...faults })) {
    totals.set(what, (totals.get(what) ?? 0) + count);
  }
}
