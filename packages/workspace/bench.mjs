/** `npm run bench [-- SECTION ROW … --quick]`: builds what changed, and runs test/bench on what was built. */
import { join } from "node:path";
import { buildPackages } from "./bundle.mjs";
import { installDependencies } from "./install.mjs";
import { runCommand, runScript, StepFailed } from "./run.mjs";
import { workspaceRoot } from "./workspace.mjs";

await runScript(async () => {
  await installDependencies();
  await buildPackages(["@conclave/client", "@conclave/server"], { hasTypes: false });
  const { build } = await import("esbuild"); // installed by now
  const programs = join(workspaceRoot, "test/dist");
  await build({
    entryPoints: {
      bench: "test/bench/main.ts",
      worker: "test/bench/sdk/worker.ts",
      probe: "test/bench/cost/probe.ts",
      "hand-over-worker": "test/bench/cost/hand-over-worker.ts",
    },
    absWorkingDir: workspaceRoot,
    outdir: programs,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.15",
    packages: "external", // the SDK as it is built, and the others as they are installed
  });
  const { exitCode } = await runCommand(process.execPath, [
    join(programs, "bench.mjs"),
    ...process.argv.slice(2),
  ]);
  if (exitCode !== 0) throw new StepFailed("the benchmark failed");
});
