import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { scriptModulesOfSources } from "./packages/workspace/script-modules.ts";
import { editOf, removalsOf } from "./test/failure-modes/without-answer.ts";
import { MUTANTS } from "./test/simulation/mutants/all.ts";
import { mutantsNamed } from "./test/simulation/mutants/choice.ts";
import { editedSources, type SourceEdit } from "./test/support/source-edit.ts";

/** Tests run on the sources: the "conclave-source" export condition maps a package to its src/index.ts. */
const conditions = ["conclave-source", ...defaultServerConditions];

/**
 * `CONCLAVE_WITHOUT=04-phantom-holder:0` runs the tests without the first answer to that failure mode, `CONCLAVE_MUTANT=grant-twice` with
 * that bug put back.
 */
function edits(): readonly SourceEdit[] {
  const { CONCLAVE_WITHOUT, CONCLAVE_MUTANT } = process.env;
  if (CONCLAVE_MUTANT !== undefined)
    return mutantsNamed(MUTANTS, [CONCLAVE_MUTANT]).flatMap((mutant) => mutant.edits);
  if (CONCLAVE_WITHOUT === undefined) return [];
  const [mode = "", index] = CONCLAVE_WITHOUT.split(":");
  const removal = removalsOf(import.meta.dirname, mode)[Number(index)];
  if (removal === undefined) {
    throw new RangeError(`CONCLAVE_WITHOUT: "${mode}:0" is its first answer; there is no ${index}`);
  }
  return [editOf(removal)];
}

export default defineConfig({
  plugins: [scriptModulesOfSources(), editedSources(import.meta.dirname, edits())],
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "packages/workspace/*.test.mjs",
      "test/**/*.test.ts",
      "examples/**/*.test.ts",
    ],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 20_000,
  },
});
