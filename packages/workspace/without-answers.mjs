/**
 * Shows that the test of each failure mode notices when the answer is taken out of the code: runs it once for each removal in
 * `test/failure-modes/*.without.json`, and expects it to fail.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { runTool } from "./run.mjs";
import { readJson, workspaceRoot } from "./workspace.mjs";

const SUFFIX = ".without.json";
const directory = join(workspaceRoot, "test/failure-modes");

/**
 * @typedef {object} Verdict
 * @property {string} removal as `CONCLAVE_WITHOUT` takes it: "04-phantom-holder:0"
 * @property {"noticed" | "not noticed" | "could not be run"} outcome
 */

/** @returns {string[]} every removal, as `CONCLAVE_WITHOUT` takes it */
function allRemovals() {
  const files = readdirSync(directory).filter((file) => file.endsWith(SUFFIX));
  return files.sort().flatMap((file) => {
    const mode = basename(file, SUFFIX);
    const removals = readJson(join(directory, file));
    return removals.map(
      (/** @type {unknown} */ _, /** @type {number} */ index) => `${mode}:${index}`,
    );
  });
}

/** @param {string} removal @returns {Promise<Verdict>} */
async function runWithout(removal) {
  const [mode = ""] = removal.split(":");
  const scratch = mkdtempSync(join(tmpdir(), "conclave-without-"));
  try {
    const outputFile = join(scratch, "results.json");
    await runTool(
      "vitest/vitest.mjs",
      [
        "run",
        `test/failure-modes/${mode}.test.ts`,
        "--reporter=json",
        `--outputFile=${outputFile}`,
      ],
      { env: { ...process.env, CONCLAVE_WITHOUT: removal }, isQuiet: true },
    );
    const { testResults } = readJson(outputFile);
    /** @type {{ status: string }[]} */
    const tests = testResults.flatMap((/** @type {any} */ file) => file.assertionResults);
    // Without a test that ran, something else than a test has failed, such as a removal that no longer fits the code.
    const ran = tests.filter(({ status }) => status === "passed" || status === "failed");
    if (ran.length === 0) return { removal, outcome: "could not be run" };
    const isNoticed = ran.some(({ status }) => status === "failed");
    return { removal, outcome: isNoticed ? "noticed" : "not noticed" };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Two at a time: most of each run is waiting.
 * @returns {Promise<readonly Verdict[]>}
 */
export async function runWithoutAnswers() {
  const waiting = allRemovals();
  /** @type {Verdict[]} */
  const verdicts = [];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      verdicts.push(await runWithout(next));
    }
  };
  await Promise.all([worker(), worker()]);
  return verdicts;
}
