import { expect, test } from "vitest";
import { FAILPOINT_ACTIONS, FAULT_KINDS, type FaultCounts } from "./faults.ts";
import { PROBES, type ProbeName } from "./probes.ts";
import type { RunReport } from "./run-report.ts";
import { Totals } from "./totals.ts";

const SEEDS = 1_000;
const everywhere = (names: readonly string[], count: number): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, count]));

/** A thousand times the same run. */
function totalsOf(changes: Partial<RunReport>): Totals {
  const report: RunReport = {
    seed: 1,
    traceHash: 0,
    events: 0,
    operations: 1,
    revisions: 0,
    leaders: 1,
    snapshotsInstalled: 0,
    locksHeld: 0,
    recipesHeld: 0,
    leasesGranted: 0,
    watches: 0,
    eventsWatched: 0,
    faults: everywhere(FAULT_KINDS, 1) as FaultCounts,
    failpoints: everywhere(FAILPOINT_ACTIONS, 1),
    faultScript: [],
    virtualMs: 1,
    probes: Object.keys(PROBES) as ProbeName[],
    states: [1],
    ...changes,
  };
  const totals = new Totals();
  for (let seed = 0; seed < SEEDS; seed += 1) totals.add(report);
  return totals;
}

test("nothing is missing when every fault, state and failpoint was reached", () => {
  expect(totalsOf({}).missing(SEEDS)).toEqual([]);
});

test("too few pairs of failpoint and action are missing; one that nobody took is listed as the rarest", () => {
  const [first = "", ...others] = FAILPOINT_ACTIONS;
  const totals = totalsOf({ failpoints: everywhere(others, 1) });
  expect(totals.missing(SEEDS)).toEqual([]);
  expect(totals.rarestFailpoints[0]).toEqual([first, 0]);
  const few = totalsOf({ failpoints: everywhere(others.slice(0, 100), 1) });
  expect(few.missing(SEEDS)).toEqual([expect.stringContaining("failpoints: 100 pairs")]);
});

test("a kind of fault, or an interesting state, that did not come about is missing", () => {
  const faults = { ...(everywhere(FAULT_KINDS, 1) as FaultCounts), bridge: 0 };
  expect(totalsOf({ faults }).missing(SEEDS)).toEqual([expect.stringContaining("bridge: 0")]);
  const [first = "", ...others] = Object.keys(PROBES) as ProbeName[];
  const missing = totalsOf({ probes: others }).missing(SEEDS);
  expect(missing).toEqual([expect.stringContaining(`${first}: in 0 seeds`)]);
});
