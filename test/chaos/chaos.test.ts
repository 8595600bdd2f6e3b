import { testSeeds } from "@conclave/base/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RELIABILITY_PAGE, writeSection } from "../support/page-section.ts";
import { conclaveServer } from "../support/tools.ts";
import { FAULT_KINDS } from "./faults/plan.ts";
import { Launcher } from "./launch.ts";
import { type Findings, figuresSection, hasFigures, missedGoals, runsSection } from "./report.ts";
import { hasFaketime, sandbox } from "./sandbox.ts";
import { faultTotals, runSeries } from "./series.ts";
import { settings } from "./settings.ts";
import { summaryOf } from "./summary.ts";

const DEFAULT_RUNS = 40;
/** For one run while another is under way, on a machine that others use. Milliseconds. */
const RUN_TIMEOUT_MS = 60_000;

/** Of members, in a run of nothing else. Count. */
const REPLACEMENTS = 4;

/** One trial with the restart that follows it, likewise. Milliseconds. */
const TRIAL_TIMEOUT_MS = 30_000;
/** Far above the goals, which `npm run chaos` measures on a quiet machine: here others may use it. Milliseconds. */
const FAILOVER_MS_MAX = 10_000;
const HAND_OVER_MS_MAX = 1_000;

const seeds = testSeeds(1, DEFAULT_RUNS);
const { faults, holdMsMax, trials, isPrinting, isReporting } = settings;
const missing = conclaveServer.present ? sandbox().missing : "conclave: not built";
const because = missing === null ? "" : ` (${missing})`;

const findings: Findings = {};

function writeReport(): void {
  if (findings.series !== undefined) {
    writeSection(RELIABILITY_PAGE, "processes", runsSection(findings.series));
  }
  if (hasFigures(findings)) {
    writeSection(RELIABILITY_PAGE, "process figures", figuresSection(findings));
  }
}

const printed = (line: string) => {
  if (isPrinting) console.log(line);
};

describe.skipIf(missing !== null)(`members as processes on a network that fails${because}`, () => {
  let launcher: Launcher;
  beforeAll(async () => {
    launcher = await Launcher.create();
  });
  afterAll(async () => {
    await launcher[Symbol.asyncDispose]();
    if (hasFigures(findings)) {
      for (const missed of missedGoals(findings)) printed(`goal missed: ${missed}`);
    }
    if (isReporting) writeReport();
  });

  test(
    `nothing acknowledged is lost in ${seeds.length} runs of ${faults} faults, and everything works again after each`,
    async () => {
      const terms = { faults, holdMsMax, hasFaketime: hasFaketime() };
      const series = await runSeries(launcher, seeds, terms, printed);
      findings.series = series;
      const { reports, failed } = series;
      // Real processes do not replay exactly: the seed draws the same cluster and the same faults again.
      const told = failed.map(
        ({ seed, reason }) =>
          `seed ${seed}: CONCLAVE_SEED=${seed} CONCLAVE_CHAOS_FAULTS=${faults} CONCLAVE_CHAOS_HOLD_MS=${holdMsMax} npx vitest run test/chaos\n${reason}`,
      );
      expect(told).toEqual([]);
      if (seeds.length < DEFAULT_RUNS) return;
      // What never happens is not tested.
      const kinds = FAULT_KINDS.filter((kind) => kind !== "clock-step" || hasFaketime());
      const totals = faultTotals(reports);
      expect(kinds.filter((kind) => !totals.has(kind))).toEqual([]);
    },
    seeds.length * RUN_TIMEOUT_MS,
  );

  // F27. Among the faults of the runs above they are few.
  test(
    "members are replaced one after the other under load, and in the end those listed are those that run",
    async () => {
      const options = { seed: 1, faults: REPLACEMENTS, holdMsMax, hasFaketime: false };
      const timeoutMs = REPLACEMENTS * RUN_TIMEOUT_MS;
      const kinds = ["replace"] as const;
      const report = await launcher.launch("run", { ...options, kinds }, timeoutMs);
      expect(report.faults).toEqual({ replace: REPLACEMENTS });
    },
    REPLACEMENTS * RUN_TIMEOUT_MS,
  );

  test(
    "a cluster that has forgotten everything is found out",
    async () => {
      const options = {
        seed: 1,
        faults: 1,
        holdMsMax,
        hasFaketime: false,
        kinds: ["kill"] as const,
      };
      const problem = await launcher.launch("canary", options, RUN_TIMEOUT_MS * 2);
      // The first operation that is looked at was a put that succeeded, or anything else.
      expect(problem).toMatch(
        /^R16: (answered at \d+, found at undefined: .*|revision \d+ was told, and is in no ledger)$/,
      );
    },
    RUN_TIMEOUT_MS * 2,
  );

  test(
    `after a leader lost its power others write again soon, ${trials} times`,
    async () => {
      const report = await launcher.launch("failover", { trials }, trials * TRIAL_TIMEOUT_MS);
      const { timesMs } = report;
      findings.failover = report;
      printed(`failover ${summaryOf(timesMs)}`);
      expect(timesMs).toHaveLength(trials);
      expect(Math.max(...timesMs)).toBeLessThan(FAILOVER_MS_MAX);
    },
    trials * TRIAL_TIMEOUT_MS,
  );

  test(
    `a leader that is shut down in order fails no write, ${trials} times`,
    async () => {
      const report = await launcher.launch("handOver", { trials }, trials * TRIAL_TIMEOUT_MS);
      findings.handOver = report;
      printed(`hand-over ${summaryOf(report.gapsMs)}`);
      expect(report.failures).toEqual([]);
      expect(Math.max(...report.gapsMs)).toBeLessThan(HAND_OVER_MS_MAX);
    },
    trials * TRIAL_TIMEOUT_MS,
  );

  // R14: pre-vote and check-quorum together.
  test(
    `a follower that goes away and comes back changes no leader, ${trials} times`,
    async () => {
      const report = await launcher.launch("disruption", { trials }, trials * TRIAL_TIMEOUT_MS);
      findings.disruption = report;
      expect(report).toEqual({ trials, disrupted: [] });
    },
    trials * TRIAL_TIMEOUT_MS,
  );

  test.skipIf(!hasFaketime())("wall clocks jump in some of the runs (libfaketime)", () => {
    expect(hasFaketime()).toBe(true);
  });
});
