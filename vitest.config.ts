import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

/** Tests run on the sources: the "conclave-source" export condition maps a package to its src/index.ts. */
const conditions = ["conclave-source", ...defaultServerConditions];

export default defineConfig({
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
