import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { dayAndMachine, RELIABILITY_PAGE, writeSection } from "../support/page-section.ts";

const STORAGE = "packages/server/src/storage";
const RUNS = ["directory-crash", "wal-crash", "directory-flips", "repair-flips", "level-files"];
const COMMAND = "CONCLAVE_REPORT=1 npx vitest run test/disks/report.test.ts";

interface Figures {
  readonly kind: "images" | "flips";
  readonly what: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** Lines of one kind and name, added up: each seed prints its own. */
function sum(lines: readonly Figures[]): Map<string, Map<string, number>> {
  const sums = new Map<string, Map<string, number>>();
  for (const { kind, what, counts } of lines) {
    const name = `${kind} | ${what}`;
    const total = sums.get(name) ?? new Map<string, number>();
    for (const [outcome, count] of Object.entries(counts)) {
      total.set(outcome, (total.get(outcome) ?? 0) + count);
    }
    sums.set(name, total);
  }
  return sums;
}

test.skipIf(process.env.CONCLAVE_REPORT === undefined)(
  "the page of figures says what the crash images and flips of this run came to (CONCLAVE_REPORT)",
  () => {
    const paths = RUNS.map((name) => `${STORAGE}/${name}`);
    const run = spawnSync("npx", ["vitest", "run", ...paths], { encoding: "utf8" });
    expect(run.status, run.stdout).toBe(0);
    const found = run.stdout.matchAll(/DISK-FIGURES (\{.*\})/g);
    const sums = sum([...found].map(([, text = ""]) => JSON.parse(text) as Figures));
    expect(sums.size).toBeGreaterThan(0);
    const rows = [...sums].sort().map(([name, counts]) => {
      const total = [...counts.values()].reduce((all, count) => all + count, 0);
      const outcomes = [...counts].map(([outcome, count]) => `${outcome} ${count}`).join(", ");
      return `| ${name} | ${total} | ${outcomes} |`;
    });
    const text = [
      "## What a disk may do\n",
      "Power cuts at every operation of recorded runs, and bits flipped, each booted and compared with what was promised before; one that",
      `promised wrongly would have failed the run. ${dayAndMachine()}; \`${COMMAND}\`.\n`,
      "| kind | of | count | came to |",
      "|---|---|--:|---|",
      ...rows,
    ].join("\n");
    writeSection(RELIABILITY_PAGE, "disk", text);
  },
  900_000,
);
