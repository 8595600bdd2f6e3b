import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../test/support/run-command.ts";
import { Deployment } from "../test/support/server-process.ts";
import { bun, deno, etcdServer, type Tool } from "../test/support/tools.ts";

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const isBuilt = ["client", "server"].every((name) =>
  existsSync(fileOf(`../packages/${name}/dist/index.js`)),
);

/** A program that runs examples, and how it is told to. */
interface Runtime {
  readonly tool: Tool;
  readonly args: readonly string[];
}

const node: Runtime = { tool: { name: "node", path: process.execPath, present: true }, args: [] };
const otherRuntimes: readonly Runtime[] = [
  { tool: bun, args: [] },
  { tool: deno, args: ["run", "--allow-all", "--node-modules-dir=manual"] },
];

/** Runs an example as its README says, and returns what it printed. */
async function run(
  example: string,
  endpoints: readonly string[] | null,
  { tool, args }: Runtime = node,
): Promise<string[]> {
  const env = { ...process.env, CONCLAVE_ENDPOINTS: endpoints?.join(",") ?? "" };
  const { code, stdout, stderr } = await runCommand(
    tool.path,
    [...args, fileOf(`${example}/main.mjs`)],
    { env, timeoutMs: 45_000 },
  );
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
  return stdout.trim().split("\n");
}

function expectFleet(lines: readonly string[]): void {
  const leaders = lines.flatMap((line) => /^(\w+) leads, fence (\d+)$/.exec(line) ?? []);
  const [, first, firstFence, , second, secondFence] = leaders;
  expect(lines).toContain(`${first} was killed`);
  expect(second).not.toBe(first);
  expect(secondFence! > firstFence!).toBe(true);
  expect(lines.at(-1)).toMatch(/^the work goes on/);
}

function suite(endpoints: () => readonly string[] | null): void {
  test("a fleet elects a leader, and another with a higher fence when it is killed", async () => {
    expectFleet(await run("leader-fleet", endpoints()));
  }, 60_000);

  test("a holder that was stopped for too long is refused by the resource, and by the store", async () => {
    const lines = await run("fenced-section", endpoints());
    const outcome = (start: string) => lines.find((line) => line.startsWith(start));
    expect(outcome("quick writes to the resource")).toMatch(/: accepted$/);
    expect(outcome("quick writes to the store")).toMatch(/: accepted$/);
    expect(outcome("slow writes to the resource")).toMatch(/: refused$/);
    expect(outcome("slow writes to the store")).toMatch(/refused: lock "account\/42" was lost/);
    expect(lines.at(-1)).toBe("the resource holds: written by quick");
  }, 60_000);
}

describe.skipIf(!isBuilt)(
  `examples on a server of their own${isBuilt ? "" : " (not built)"}`,
  () => {
    suite(() => null);
  },
);

const canRunOnEtcd = isBuilt && etcdServer.present;
const missing = [isBuilt ? "" : " (not built)", etcdServer.present ? "" : " (etcd: not installed)"];
describe.skipIf(!canRunOnEtcd)(`examples on etcd${missing.join("")}`, () => {
  let etcd: Deployment | undefined;
  beforeAll(async () => {
    etcd = await Deployment.start({ kind: "etcd" });
  }, 60_000);
  afterAll(() => etcd?.[Symbol.asyncDispose]());
  suite(() => etcd!.endpoints);

  for (const runtime of otherRuntimes) {
    const { name, present } = runtime.tool;
    const title = `a fleet elects its leaders on ${name}, too`;
    test.skipIf(!present)(
      present ? title : `${title} (${name}: not installed)`,
      async () => expectFleet(await run("leader-fleet", etcd!.endpoints, runtime)),
      60_000,
    );
  }
});
