import { describe, expect, test } from "vitest";
import { type RunReport, simulate } from "./simulation.ts";

/**
 * CONCLAVE_SEED replays one seed, CONCLAVE_TRACE=400 with more of its last lines. CONCLAVE_SEEDS runs so many, from
 * CONCLAVE_FIRST_SEED on, and prints what they amounted to.
 */
const { CONCLAVE_SEED, CONCLAVE_SEEDS, CONCLAVE_FIRST_SEED } = process.env;
const DEFAULT_SEEDS = 70;
/** A run takes a quarter of a second; some wait for a machine that others use. Milliseconds. */
const SEED_TIMEOUT_MS = 3_000;

const firstSeed = Number(CONCLAVE_SEED ?? CONCLAVE_FIRST_SEED ?? 1);
const seedCount = CONCLAVE_SEED === undefined ? Number(CONCLAVE_SEEDS ?? DEFAULT_SEEDS) : 1;
const seeds = Array.from({ length: seedCount }, (_, at) => firstSeed + at);

describe("a cluster in one process", () => {
  test("the same seed replays the same run", async () => {
    const first = await simulate(firstSeed);
    expect(await simulate(firstSeed)).toEqual(first);
    expect(await simulate(firstSeed + 1)).not.toEqual(first);
  });

  test(
    `keeps its promises over ${seedCount} seeds of crashes, partitions and lost connections`,
    async () => {
      const totals = new Map<string, number>();
      for (const seed of seeds) {
        add(totals, await simulate(seed));
        // The test runner wants to hear from its worker.
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (CONCLAVE_SEEDS !== undefined) console.log(Object.fromEntries(totals));
      if (seedCount < DEFAULT_SEEDS) return;
      // What never happens is not tested.
      for (const [what, count] of totals) expect(count, what).toBeGreaterThan(0);
    },
    seedCount * SEED_TIMEOUT_MS,
  );
});

/** What a run amounted to, by name. */
function add(totals: Map<string, number>, report: RunReport): void {
  const { seed: _seed, traceHash: _hash, faults, ...counts } = report;
  for (const [what, count] of Object.entries({ ...counts, ...faults })) {
    totals.set(what, (totals.get(what) ?? 0) + count);
  }
}
