/** `npm run sim -- --seed S` (and more: see test/simulation/main.ts): whole clusters in one process, made of the sources as they are. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installDependencies } from "./install.mjs";
import { runCommand, runScript, StepFailed } from "./run.mjs";
import { simulationBuild } from "./simulation-build.mjs";
import { workspaceRoot } from "./workspace.mjs";

await runScript(async () => {
  await installDependencies();
  const { build } = await import("esbuild"); // installed by now
  const directory = mkdtempSync(join(tmpdir(), "conclave-sim-"));
  const program = join(directory, "sim.mjs");
  try {
    await build({
      ...simulationBuild(workspaceRoot, "test/simulation/main.ts", program),
      sourcemap: "inline",
    });
    const args = ["--enable-source-maps", program, ...process.argv.slice(2)];
    const { exitCode } = await runCommand(process.execPath, args);
    if (exitCode !== 0) throw new StepFailed("a promise was broken");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
