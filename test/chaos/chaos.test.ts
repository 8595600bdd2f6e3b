import { testSeeds } from "@conclave/base/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conclaveServer } from "../support/tools.ts";
import { FAULT_KINDS } from "./faults/plan.ts";
import { Launcher } from "./launch.ts";
import { hasFaketime, sandbox } from "./sandbox.ts";
import { faultTotals, runSeries } from "./series.ts";
import { settings } from "./settings.ts";

const DEFAULT_RUNS = 40;
/** For one run while another is under way, on a machine that others use. Milliseconds. */
const RUN_TIMEOUT_MS = 60_000;

const seeds = testSeeds(1, DEFAULT_RUNS);
const { faults, holdMsMax, isPrinting } = settings;
const missing = conclaveServer.present ? sandbox().missing : "conclave: not built";
const because = missing === null ? "" : ` (${missing})`;

describe.skipIf(missing !== null)(`members as processes on a network that fails${because}`, () => {
  let launcher: Launcher;
  beforeAll(async () => {
    launcher = await Launcher.create();
  });
  afterAll(() => launcher[Symbol.asyncDispose]());

  test(
    `nothing acknowledged is lost in ${seeds.length} runs of ${faults} faults, and everything works again after each`,
    async () => {
      const progress = (line: string) => {
        if (isPrinting) console.log(line);
      };
      const terms = { faults, holdMsMax, hasFaketime: hasFaketime() };
      const { reports, failed } = await runSeries(launcher, seeds, terms, progress);
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

  test.skipIf(!hasFaketime())("wall clocks jump in some of the runs (libfaketime)", () => {
    expect(hasFaketime()).toBe(true);
  });

  test.skip("a member is replaced by one with an empty directory (waits for MemberAdd in the server)", () => {});
});
