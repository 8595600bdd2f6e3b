import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand } from "../support/run-command.ts";
import { builtTestingKit } from "../support/tools.ts";

const TIMEOUT_MS = 60_000;

/** Runs a file of tests as a user does, in whose project the package is installed. */
function runTests(file: string, environment: Readonly<Record<string, string>> = {}) {
  const command = ["--test", "--test-reporter=tap", join(import.meta.dirname, file)];
  // Without what vitest leaves there for its own processes.
  const env = { PATH: process.env.PATH, ...environment };
  return runCommand(process.execPath, command, { env, timeoutMs: TIMEOUT_MS });
}

const reason = builtTestingKit.present ? "" : ` (${builtTestingKit.name}: not built)`;

describe.skipIf(!builtTestingKit.present)(`@conclave/testing under node:test${reason}`, () => {
  test.each([
    { how: "import", file: "users-test.mjs", tests: 1 },
    { how: "require", file: "users-test.cjs", tests: 2 },
  ])(
    "tests that use it by $how pass, and their process ends by itself",
    async ({ file, tests }) => {
      const { stdout, code } = await runTests(file);
      expect(stdout).toContain(`# pass ${tests}\n# fail 0\n`);
      expect(code).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    "it works in a realm of its own, which is where jest runs tests",
    async () => {
      const realm = join(import.meta.dirname, "other-realm.cjs");
      const users = join(import.meta.dirname, "users-test.cjs");
      const env = { PATH: process.env.PATH };
      const command = ["--test-reporter=tap", realm, users];
      const { stdout, code } = await runCommand(process.execPath, command, {
        env,
        timeoutMs: TIMEOUT_MS,
      });
      expect(stdout).toContain("# pass 2\n# fail 0\n");
      expect(code).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    "a test of code that ignores its fence fails, and says who did what, and how to see it again",
    async () => {
      const { stdout, code } = await runTests("users-test.mjs", { CARELESS: "1" });
      expect(code).toBe(1);
      expect(stdout).toMatch(/reports accepted a write under fence \d+ .* after one under fence/);
      expect(stdout).toMatch(/client 1 is stopped/);
      expect(stdout.match(/simulate\(\{ seed: 7 \}\)/g)).toHaveLength(1);
    },
    TIMEOUT_MS,
  );
});
