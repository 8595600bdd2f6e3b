import { readFileSync } from "node:fs";
import type { Client } from "@conclave/client";
import * as sdk from "@conclave/client";
import ts from "typescript";
import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";

type RunOnce = (name: string, moment: string, job: () => Promise<void>) => Promise<boolean>;

/** `runOnce` as the guide gives it, for one client. `CONCLAVE_WITHOUT` cannot reach into a guide, so the record is taken out here. */
function runOnceOf(client: Client, without?: string): RunOnce {
  const guide = readFileSync(new URL("../../docs/guides/run-once.md", import.meta.url), "utf8");
  const source = /async function runOnce[\s\S]*?\n\}\n/.exec(guide)?.[0] ?? "";
  const { outputText } = ts.transpileModule(
    without === undefined ? source : source.replaceAll(without, ""),
    {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    },
  );
  const { compare, op } = sdk;
  return new Function("client", "compare", "op", `${outputText}; return runOnce;`)(
    client,
    compare,
    op,
  ) as RunOnce;
}

describeEachServer(
  "failure mode 24, the job that runs twice for clocks that differ",
  (server) => {
    const clients = clientsOf(server);

    test("a machine that comes late to a moment of the timetable does not run the job again", async () => {
      const [first, late] = [await clients.connect(), await clients.connect()];
      let runs = 0;
      const job = async () => {
        runs += 1;
      };
      expect(await runOnceOf(first)("report", "00:00", job)).toBe(true);
      expect(await runOnceOf(late)("report", "00:00", job)).toBe(false);
      expect(runs).toBe(1);
      expect(await runOnceOf(late)("report", "00:05", job)).toBe(true);
    });

    test("of many at once, one runs it", async () => {
      const machines = await Promise.all(Array.from({ length: 4 }, () => clients.connect()));
      let runs = 0;
      const ran = await Promise.all(
        machines.map((client) =>
          runOnceOf(client)("report", "00:00", async () => {
            runs += 1;
          }),
        ),
      );
      expect([runs, ran.filter(Boolean).length]).toEqual([1, 1]);
    });

    test("without the look at the record, which is the answer, it would run for each of them", async () => {
      const machines = await Promise.all([clients.connect(), clients.connect()]);
      let runs = 0;
      for (const client of machines) {
        const careless = runOnceOf(client, "if (await client.kv.get(record)) return false;");
        await careless("report", "00:00", async () => {
          runs += 1;
        }).catch(() => {});
      }
      expect(runs).toBe(2);
    });
  },
  { sizes: [1] },
);
