import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { dayAndMachine, RELIABILITY_PAGE, writeSection } from "../support/page-section.ts";

const STORAGE = "packages/server/src/storage";
const RUNS = [
  ...["directory-crash", "wal-crash", "directory-flips", "repair-flips", "level-files"],
  "boot-failure",
];
const ON_FILE_SYSTEMS = ["full-disk", "failing-disk", "directories"];
const COMMAND = "CONCLAVE_REPORT=1 npx vitest run test/disks/report.test.ts";

interface Figures {
  readonly kind: "images" | "flips" | "failures";
  readonly what: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** The lines of a run that say what failed. */
function problemsIn(output: string): string {
  return output
    .split("\n")
    .filter((line) => /×|FAIL|Error/.test(line))
    .join("\n");
}

/** One test, as vitest tells it in JSON. */
interface Told {
  readonly fullName: string;
  readonly status: string;
  /** Milliseconds. */
  readonly duration?: number;
}

/** What was done to processes on real file systems: a row for each test, those too that could not be run here. */
function fileSystemRows(): readonly string[] {
  const paths = ON_FILE_SYSTEMS.map((name) => `test/disks/${name}.test.ts`);
  const args = ["vitest", "run", ...paths, "--reporter=json"];
  const { stdout, status } = spawnSync("npx", args, { encoding: "utf8" });
  expect(status, stdout.slice(0, 10_000)).toBe(0);
  const { testResults }: { testResults: readonly { assertionResults: readonly Told[] }[] } =
    JSON.parse(stdout.slice(stdout.indexOf("{")));
  const told = testResults.flatMap(({ assertionResults }) => assertionResults);
  expect(told.length).toBeGreaterThan(ON_FILE_SYSTEMS.length);
  return told.map(({ fullName, status, duration = 0 }) => {
    const outcome = status === "passed" ? `${(duration / 1_000).toFixed(1)} s` : "not run here";
    return `| ${fullName} | ${outcome} |`;
  });
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
    expect(run.status, problemsIn(run.stdout)).toBe(0);
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
      "Power cuts at every operation of recorded runs, and bits flipped, each booted and compared with what was promised before; disks that",
      `fail at every operation of a start. One that promised wrongly would have failed the run. ${dayAndMachine()}; \`${COMMAND}\`.\n`,
      "| kind | of | count | came to |",
      "|---|---|--:|---|",
      ...rows,
      "\nProcesses of the built server on real file systems, which fill up, turn read-only, fail or hang below the log, or hold what they should not:\n",
      "| what is promised | held, in |",
      "|---|--:|",
      ...fileSystemRows(),
    ].join("\n");
    writeSection(RELIABILITY_PAGE, "disk", text);
  },
  900_000,
);
