import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testSeed } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import { runSimulations } from "./seeds.ts";

/** Runs take a part of a second on a machine of their own. Milliseconds. */
const TIMEOUT_MS = 180_000;

describe("a cluster in one process", { timeout: TIMEOUT_MS }, () => {
  test("the same seed replays the same run, and so does the script of its faults", async () => {
    const from = String(testSeed(20_001));
    const { code, stdout } = await runSimulations(["--from", from, "--count", "6", "--twice"]);
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^6 seeds, .*; 0 failed/m);
  });

  test("without its faults the same seed is a calm run", async () => {
    const seed = testSeed(3);
    const directory = mkdtempSync(join(tmpdir(), "conclave-script-"));
    try {
      const script = join(directory, "calm");
      writeFileSync(script, `seed ${seed}\n`);
      const { code, stdout } = await runSimulations(["--script", script]);
      expect(code, stdout).toBe(0);
      expect(stdout).toMatch(new RegExp(`seed ${seed} kept every promise\n1 seeds, 0 faults,`));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
