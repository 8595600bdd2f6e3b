/** `npm run mutants`: puts known bugs back into the sources, one at a time, and wants the simulators to find each. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installDependencies } from "./install.mjs";
import { runCommand, runScript, StepFailed } from "./run.mjs";
import { readJson, workspaceRoot } from "./workspace.mjs";

/**
 * @typedef {object} MutantVerdict
 * @property {string} id
 * @property {"killed" | "survived" | "unsound"} outcome
 */

/** @param {readonly string[]} args of test/simulation/mutants/main.ts @returns {Promise<number>} its exit code */
async function hunt(args) {
  const program = join(workspaceRoot, "test/dist/mutants.mjs");
  const { build } = await import("esbuild"); // installed by now
  await build({
    entryPoints: ["test/simulation/mutants/main.ts"],
    absWorkingDir: workspaceRoot,
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.15",
    packages: "external",
  });
  const { exitCode } = await runCommand(process.execPath, [program, ...args]);
  return exitCode;
}

/**
 * Hunts the mutants whose turn it is.
 * @returns {Promise<readonly MutantVerdict[]>}
 */
export async function huntMutants() {
  const scratch = mkdtempSync(join(tmpdir(), "conclave-mutants-"));
  try {
    const verdicts = join(scratch, "verdicts.json");
    await hunt(["--verdicts", verdicts]);
    return readJson(verdicts);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runScript(async () => {
    await installDependencies();
    if ((await hunt(process.argv.slice(2))) !== 0) throw new StepFailed("a mutant got away");
  });
}
