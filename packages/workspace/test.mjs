/**
 * `npm test`: every gate of the house, fast ones first. The first static gate that fails ends the run;
 * the last line is always `N passed, N failed, N skipped`, summed over all test runs.
 * Arguments after `--` go to vitest, for example `npm test -- packages/raft`.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPackages, builtPackageNames } from "./bundle.mjs";
import { installDependencies } from "./install.mjs";
import { huntMutants } from "./mutants.mjs";
import { runScript, runTool, StepFailed } from "./run.mjs";
import { runWithoutAnswers } from "./without-answers.mjs";
import { readJson } from "./workspace.mjs";

/** @typedef {import("./test-report.mjs").TestReport} TestReport */

/** @param {string} title @param {() => Promise<unknown>} body */
async function step(title, body) {
  process.stdout.write(`\n== ${title}\n`);
  const startedMs = performance.now();
  await body();
  process.stdout.write(`   ${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`);
}

/** @param {string} script @param {readonly string[]} args */
async function gate(script, args) {
  const { exitCode } = await runTool(script, args);
  if (exitCode !== 0) throw new StepFailed(`${script} found something`);
}

async function runStaticGates() {
  await step("install", installDependencies);
  await step("build", () => buildPackages(builtPackageNames(), { hasTypes: true }));
  await step("format and lint", () =>
    gate("@biomejs/biome/bin/biome", ["check", "--error-on-warnings", "."]),
  );
  await step("types", () => gate("typescript/bin/tsc", ["--noEmit"]));
  await step("floors", () =>
    gate("dependency-cruiser/bin/dependency-cruise.mjs", [
      ...["--config", ".dependency-cruiser.cjs", "--output-type", "err"],
      ...["packages", "test", "examples"],
    ]),
  );
}

/**
 * Runs vitest and reads the counts it left behind.
 * @param {readonly string[]} args
 * @returns {Promise<TestReport>}
 */
async function runVitest(args) {
  const directory = mkdtempSync(join(tmpdir(), "conclave-test-"));
  try {
    const reportPath = join(directory, "report.json");
    const reporters = ["--reporter=default", "--reporter=./packages/workspace/test-report.mjs"];
    const { exitCode } = await runTool(
      "vitest/vitest.mjs",
      ["run", "--retry=1", ...reporters, ...args],
      {
        env: { ...process.env, CONCLAVE_TEST_REPORT: reportPath },
      },
    );
    /** @type {TestReport} */
    const report = existsSync(reportPath)
      ? readJson(reportPath)
      : { passed: 0, failed: 0, skipped: [], unsteady: [] };
    // Vitest may fail for a reason that no test bears, such as a worker that died.
    if (exitCode !== 0 && report.failed === 0) report.failed = 1;
    return report;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {TestReport} report */
function printSummary({ passed, failed, skipped, unsteady }) {
  process.stdout.write("\n");
  for (const { name, error } of unsteady) {
    process.stdout.write(`unsteady, failed once and passed when run again: ${name}\n${error}\n`);
  }
  for (const { name, reason } of skipped) {
    process.stdout.write(`skipped: ${name} (${reason})\n`);
  }
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped.length} skipped\n`);
}

/** @type {TestReport} */
const total = { passed: 0, failed: 0, skipped: [], unsteady: [] };
await runScript(async () => {
  total.failed = 1; // a gate that does not open counts as one failure
  await runStaticGates();
  total.failed = 0;
  await step("tests", async () => {
    const report = await runVitest(process.argv.slice(2));
    total.passed += report.passed;
    total.failed += report.failed;
    total.skipped.push(...report.skipped);
    total.unsteady.push(...report.unsteady);
  });
  if (process.argv.length > 2) return;
  await step("failure modes without their answers", async () => {
    for (const { removal, outcome } of await runWithoutAnswers()) {
      if (outcome === "noticed") total.passed += 1;
      else {
        total.failed += 1;
        process.stdout.write(`   CONCLAVE_WITHOUT=${removal}: ${outcome}\n`);
      }
    }
  });
  await step("known bugs, put back", async () => {
    for (const { outcome } of await huntMutants()) {
      if (outcome === "killed") total.passed += 1;
      else total.failed += 1;
    }
  });
});
if (total.failed > 0) process.exitCode = 1;
printSummary(total);
