import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { scriptModulesOfSources } from "./packages/workspace/script-modules.ts";
import { removalsOf, withoutAnswer } from "./test/failure-modes/without-answer.ts";

/** Tests run on the sources: the "conclave-source" export condition maps a package to its src/index.ts. */
const conditions = ["conclave-source", ...defaultServerConditions];

/** `CONCLAVE_WITHOUT=04-phantom-holder:0` runs the tests without the first answer to that failure mode. */
const [mode, index] = process.env.CONCLAVE_WITHOUT?.split(":") ?? [];
const removal =
  mode === undefined ? undefined : removalsOf(import.meta.dirname, mode)[Number(index)];

export default defineConfig({
  plugins: [
    scriptModulesOfSources(),
    ...(removal === undefined ? [] : [withoutAnswer(import.meta.dirname, removal)]),
  ],
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
