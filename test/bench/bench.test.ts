import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { runCommand } from "../support/run-command.ts";
import { conclaveServer, etcdServer, redisServer } from "../support/tools.ts";
import { sections } from "./sections.ts";

const program = fileURLToPath(new URL("../../packages/workspace/bench.mjs", import.meta.url));
const TIMEOUT_MS = 300_000;
const canRun = conclaveServer.present;

/** Whether a benchmark runs, never how fast. */
describe.skipIf(!canRun)(`npm run bench${canRun ? "" : " (conclave: not installed)"}`, () => {
  test(
    "every row runs for every contestant that is installed, and comes to figures",
    async () => {
      const { code, stdout, stderr } = await runCommand(process.execPath, [program, "--quick"], {
        timeoutMs: TIMEOUT_MS,
      });
      expect(code, stderr).toBe(0);
      for (const { title, rows, contestants } of sections) {
        expect(stdout).toContain(`## ${title}\n`);
        for (const row of rows) {
          const table = stdout.split(`### ${row.title}\n`)[1]?.split("###")[0] ?? "";
          const expected = contestants.filter(
            ({ library, server }) => library in row.libraries && isInstalled(server),
          );
          for (const contestant of expected) expect(table).toContain(`| ${contestant.title} | **`);
          expect(table).not.toMatch(/NaN|undefined|Infinity/);
        }
      }
    },
    TIMEOUT_MS,
  );
});

function isInstalled(server: string): boolean {
  const tool = server.startsWith("redis") ? redisServer : etcdServer;
  return server === "conclave" || tool.present;
}
