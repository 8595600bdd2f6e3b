import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { goWithEtcd } from "../support/go-program.ts";
import { runCommand } from "../support/run-command.ts";
import { conclaveServer, etcdServer, redisServer } from "../support/tools.ts";
import { chosenBy } from "./order.ts";
import { plan } from "./sdk/plan.ts";
import { sections } from "./sections.ts";

const program = fileURLToPath(new URL("../../packages/workspace/bench.mjs", import.meta.url));
const TIMEOUT_MS = 600_000;
/** A median before its range, or a point of a line. */
const FIGURE = /\| \*\*[\d.,]+\*\* \(|, Conclave \| [\d.,]+ \||Not measured: \w+ is not installed/;
const missing = [conclaveServer, goWithEtcd].filter((tool) => !tool.present);
const reason = missing.map(({ name }) => ` (${name}: not installed)`).join("");

/** Whether a benchmark runs and its answers are right, never how fast it is. The loads look at the answers. */
describe.skipIf(missing.length > 0)(`npm run bench${reason}`, () => {
  test(
    "every row runs for every contestant that is installed, and comes to figures",
    async () => {
      const { code, stdout, stderr } = await runCommand(process.execPath, [program, "--quick"], {
        timeoutMs: TIMEOUT_MS,
      });
      expect(code, stderr).toBe(0);
      expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
      for (const { title, rows } of sections) {
        expect(stdout).toContain(`## ${title}\n`);
        for (const row of rows) expect(partOf(stdout, row.title)).toMatch(FIGURE);
      }
      for (const row of plan.rows) {
        const present = plan.contestants.filter(
          ({ library, server }) => library in row.libraries && isInstalled(server),
        );
        for (const { title } of present)
          expect(partOf(stdout, row.title)).toContain(`| ${title} |`);
      }
    },
    TIMEOUT_MS,
  );
});

function partOf(page: string, title: string): string {
  return page.split(`### ${title}\n`)[1]?.split("\n#")[0] ?? "";
}

function isInstalled(server: string): boolean {
  const tool = server.startsWith("redis") ? redisServer : etcdServer;
  return server === "conclave" || tool.present;
}

describe("what is measured", () => {
  const rowsOf = (...words: string[]) =>
    chosenBy(words, sections).map(({ section, rows, isWhole }) => ({
      section: section.name,
      rows,
      isWhole,
    }));

  test("a word is a section, a row of the first section that has it, or a row of a section that it names", () => {
    expect(rowsOf("put")).toEqual([{ section: "requests", rows: ["put"], isWhole: false }]);
    expect(rowsOf("sdk/get", "put", "get")).toEqual([
      { section: "requests", rows: ["put", "get"], isWhole: false },
      { section: "sdk", rows: ["get"], isWhole: false },
    ]);
    expect(rowsOf("sdk")).toMatchObject([{ section: "sdk", isWhole: true }]);
  });

  test("no word is everything", () => {
    expect(rowsOf().map(({ section }) => section)).toEqual(sections.map(({ name }) => name));
  });

  test("a word that names nothing is refused, with what there is", () => {
    expect(() => rowsOf("putt")).toThrow(/no section or row putt; .*requests\/put/);
  });
});
