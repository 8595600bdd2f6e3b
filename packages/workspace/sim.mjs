/** `npm run sim -- --seed S` (and more: see test/simulation/main.ts): whole clusters in one process, made of the sources as they are. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { installDependencies } from "./install.mjs";
import { runCommand, runScript, StepFailed } from "./run.mjs";
import { workspaceRoot } from "./workspace.mjs";

/**
 * LevelDB and threads are no part of a simulated cluster: its disks are in memory, and it has one thread.
 * @type {import("esbuild").Plugin}
 */
const leftOut = {
  name: "left-out",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^level$|\?script$/ }, ({ path }) => ({ path, namespace: "left-out" }));
    onLoad({ filter: /.*/, namespace: "left-out" }, () => ({
      contents: "export const Level = undefined; export default undefined;",
    }));
  },
};

await runScript(async () => {
  await installDependencies();
  const directory = mkdtempSync(join(tmpdir(), "conclave-sim-"));
  const program = join(directory, "sim.mjs");
  try {
    await build({
      entryPoints: ["test/simulation/main.ts"],
      absWorkingDir: workspaceRoot,
      outfile: program,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20.15",
      conditions: ["conclave-source"],
      plugins: [leftOut],
      sourcemap: "inline",
      banner: {
        js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      },
    });
    const args = ["--enable-source-maps", program, ...process.argv.slice(2)];
    const { exitCode } = await runCommand(process.execPath, args);
    if (exitCode !== 0) throw new StepFailed("a promise was broken");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
