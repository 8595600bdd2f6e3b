import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { runCommand } from "../support/run-command.ts";
import { builtClient, bun, deno, type Tool } from "../support/tools.ts";

const run = promisify(execFile);
const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const clientDirectory = pathOf("../../packages/client");

/** The run times that the package is for, and how each is told to run a file. */
const RUNTIMES: readonly { readonly tool: Tool; readonly args: readonly string[] }[] = [
  { tool: { name: "node", path: process.execPath, present: true }, args: [] },
  { tool: bun, args: [] },
  { tool: deno, args: ["run", "--allow-all", "--node-modules-dir=manual"] },
];

/** A project outside of the workspace, in which the package is installed as anybody would find it. */
async function newProject(): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), "packed-client-"));
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", project];
  const { stdout } = await run("npm", args, { cwd: clientDirectory });
  const [{ filename }] = JSON.parse(stdout);
  const installed = join(project, "node_modules/@conclave/client");
  await mkdir(installed, { recursive: true });
  await run("tar", ["-xzf", join(project, filename), "-C", installed, "--strip-components=1"]);
  for (const name of ["p-retry", "@grpc/grpc-js"]) {
    const link = join(project, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(await realpath(join(clientDirectory, "node_modules", name)), link);
  }
  await copyFile(pathOf("packed-program.mjs"), join(project, "program.mjs"));
  return project;
}

describeEachServer(
  "the SDK as it is packed",
  (server) => {
    let project = "";
    beforeAll(async () => {
      project = await newProject();
    }, 60_000);
    afterAll(() => rm(project, { recursive: true, force: true }));

    for (const { tool, args } of RUNTIMES) {
      const reason = tool.present ? "" : ` (${tool.name}: not installed)`;
      test.skipIf(!tool.present).each(["import", "require"])(
        `works on ${tool.name} by %s, with its worker and over grpc-js, and its classes are the same in all entries${reason}`,
        async (format) => {
          const [endpoint = ""] = server.deployment.endpoints;
          const command = [...args, join(project, "program.mjs"), endpoint, format];
          const { stdout, stderr, code } = await runCommand(tool.path, command);
          expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
          const found = JSON.parse(stdout);
          expect(Object.keys(found)).toHaveLength(7);
          expect(Object.entries(found).filter(([, holds]) => !holds)).toEqual([]);
        },
      );
    }
  },
  { sizes: [1], needs: [builtClient] },
);
