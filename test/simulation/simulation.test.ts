import { describe, expect, test } from "vitest";
import { simulate } from "./simulation.ts";

/** CONCLAVE_SEED replays one seed; CONCLAVE_SEEDS runs so many, from CONCLAVE_FIRST_SEED on. */
const one = process.env.CONCLAVE_SEED;
const firstSeed = Number(process.env.CONCLAVE_FIRST_SEED ?? 1);
const seedCount = Number(process.env.CONCLAVE_SEEDS ?? 100);
const seeds =
  one === undefined ? Array.from({ length: seedCount }, (_, at) => firstSeed + at) : [Number(one)];

describe("a cluster in one process", () => {
  test("the same seed replays the same run", async () => {
    const first = await simulate(seeds[0] ?? 1);
    expect(await simulate(seeds[0] ?? 1)).toEqual(first);
  });

  test(`keeps its promises over ${seeds.length} seeds of crashes, partitions and lost connections`, async () => {
    let operations = 0;
    for (const seed of seeds) {
      if (process.env.CONCLAVE_VERBOSE) process.stderr.write(`seed ${seed}\n`);
      const report = await simulate(seed);
      operations += report.operations;
      // The test runner wants to hear from its worker.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(operations).toBeGreaterThan(0);
  }, 3_600_000);
});
