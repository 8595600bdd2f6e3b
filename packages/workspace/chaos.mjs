/**
 * `npm run chaos -- [--runs N] [--faults N] [--seed S] [--hold MS] [--trials N] [--report [--remark TEXT]]`: builds what
 * changed, runs test/chaos for longer than every commit does, and with --report writes its section of docs/reliability.md.
 */
import { parseArgs } from "node:util";
import { buildPackages } from "./bundle.mjs";
import { installDependencies } from "./install.mjs";
import { runScript, runTool, StepFailed } from "./run.mjs";

/** Option, the variable that says the same to the tests, and what applies without it. */
const OPTIONS = [
  ["runs", "CONCLAVE_SEEDS", "100"],
  ["faults", "CONCLAVE_CHAOS_FAULTS", "8"],
  ["hold", "CONCLAVE_CHAOS_HOLD_MS", "10000"],
  ["trials", "CONCLAVE_CHAOS_TRIALS", "50"],
  ["seed", "CONCLAVE_SEED", "1"],
  ["remark", "CONCLAVE_CHAOS_REMARK", ""],
];

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(
        OPTIONS.map(([name, , usual]) => [name, { type: "string", default: usual }]),
      ),
      report: { type: "boolean", default: false },
    },
  });
  await installDependencies();
  await buildPackages(["@conclave/server"], { hasTypes: false });
  const env = { ...process.env };
  for (const [name, variable] of OPTIONS) env[variable] = String(values[name]);
  env.CONCLAVE_CHAOS_PRINT = "1";
  if (values.report) env.CONCLAVE_CHAOS_REPORT = "1";
  const { exitCode } = await runTool("vitest/vitest.mjs", ["run", "test/chaos"], { env });
  if (exitCode !== 0) throw new StepFailed("a promise was broken, or a goal missed");
});
