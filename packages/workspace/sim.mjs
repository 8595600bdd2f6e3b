/** `npm run sim -- --seed S` (and more: see test/simulation/main.ts): whole clusters in one process, made of the sources as they are. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { installDependencies } from "./install.mjs";
import { runCommand, runScript, StepFailed } from "./run.mjs";
import { simulationBuild } from "./simulation-build.mjs";
import { workspaceRoot } from "./workspace.mjs";

await runScript(async () => {
  await installDependencies();
  const { build } = await import("esbuild"); // installed by now
  // As deep in the project as its source: it writes a section of a page.
  const program = join(workspaceRoot, `test/dist/sim-${process.pid}.mjs`);
  try {
    await build({
      ...simulationBuild(workspaceRoot, "test/simulation/main.ts", program),
      sourcemap: "inline",
    });
    const args = ["--enable-source-maps", program, ...process.argv.slice(2)];
    const { exitCode } = await runCommand(process.execPath, args);
    if (exitCode !== 0) throw new StepFailed("a promise was broken");
  } finally {
    rmSync(program, { force: true });
  }
});
