import { testSeeds } from "@conclave/base/testing";
import { expect, test } from "vitest";
import { type RunReport, runSeed } from "./testing/random-run.ts";

const seeds = testSeeds(1, 600);

test(`seeds ${seeds[0]} to ${seeds.at(-1)}: whatever is lost, late, doubled, cut off or crashed, every invariant holds, and then the cluster heals`, {
  timeout: 600_000,
}, () => {
  const total: Record<keyof RunReport, number> = {
    committed: 0,
    elections: 0,
    crashes: 0,
    snapshots: 0,
    membershipChanges: 0,
    readsServed: 0,
    readsRefused: 0,
    truncations: 0,
    damages: 0,
    recoveries: 0,
    traceHash: 0,
  };
  for (const seed of seeds) {
    const report = runSeed(seed);
    for (const key of Object.keys(total) as (keyof RunReport)[]) total[key] += report[key];
  }
  if (seeds.length < 100) return;
  // A simulation that never meets the rare cases proves nothing.
  for (const [what, count] of Object.entries(total)) {
    if (what === "traceHash") continue;
    expect(count, `${what} in ${seeds.length} seeds`).toBeGreaterThan(seeds.length / 4);
  }
});

test("the same seed replays the same events (R20)", () => {
  for (const seed of [11, 12, 13]) expect(runSeed(seed)).toEqual(runSeed(seed));
  expect(runSeed(11).traceHash).not.toBe(runSeed(12).traceHash);
});
