import { fileURLToPath } from "node:url";
import { testSeeds } from "@conclave/base/testing";
import { expect, test } from "vitest";
import { type CommandResult, runCommand } from "../support/run-command.ts";

const program = fileURLToPath(new URL("../../packages/workspace/sim.mjs", import.meta.url));
/** A run takes a third of a second; some wait for a machine that others use. Milliseconds. */
const SEED_TIMEOUT_MS = 3_000;

/** `npm run sim`, in one process. */
export function runSimulations(
  args: readonly string[],
  timeoutMs = 150_000,
): Promise<CommandResult> {
  return runCommand(process.execPath, [program, "--jobs", "1", ...args], { timeoutMs });
}

/**
 * Runs seeds outside of the test runner, whose modules run at half the speed. Each of two files has a half of them, for two
 * cores. `CONCLAVE_SEEDS` is how many seeds a half has.
 */
export function testHalf(first: number, count: number): void {
  const seeds = testSeeds(first, count);
  const timeoutMs = 60_000 + seeds.length * SEED_TIMEOUT_MS;
  test(
    `every promise is kept over ${seeds.length} seeds, and they reach what they are to reach`,
    async () => {
      const range = ["--from", String(seeds[0]), "--count", String(seeds.length)];
      const args = [...range, "--quiet", "--demanding"];
      const { code, stdout, stderr } = await runSimulations(args, timeoutMs);
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      const wall = stdout.trim().split("\n").at(-1);
      expect(wall).toMatch(
        /seeds, .* faults, .* operations, .* simulated years, .* distinct states/,
      );
      console.log(wall);
    },
    timeoutMs,
  );
}
