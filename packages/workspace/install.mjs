/** Installs dependencies with the pnpm that package.json pins, and only if something changed. */
import { join } from "node:path";
import { fingerprintOf, readStamp, writeStamp } from "./fingerprint.mjs";
import { withLock } from "./lock.mjs";
import { runCommand, StepFailed } from "./run.mjs";
import { packageDirectories, readJson, workspaceRoot } from "./workspace.mjs";

const stampPath = join(workspaceRoot, "node_modules/.conclave/installed");

/** Everything that decides what ends up in node_modules. */
export function installFingerprint(root = workspaceRoot) {
  const manifests = packageDirectories(root).map((directory) => join(directory, "package.json"));
  const settings = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc"];
  return fingerprintOf(
    root,
    [...manifests, ...settings.map((name) => join(root, name))],
    [process.version, process.platform, process.arch],
  );
}

/**
 * pnpm through npx, so that a machine with Node and git is enough. npm hands its own settings down as
 * npm_config_* variables, of which the pnpm started here must not inherit any.
 */
function environmentWithoutNpm() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(config|package|lifecycle)_/i.test(name)),
  );
}

/** @returns {Promise<boolean>} whether anything had to be installed */
export async function installDependencies() {
  if (readStamp(stampPath) === installFingerprint()) return false;
  return withLock("install", async () => {
    const fingerprint = installFingerprint();
    if (readStamp(stampPath) === fingerprint) return false;
    const pnpm = readJson(join(workspaceRoot, "package.json")).packageManager;
    process.stderr.write(`installing dependencies with ${pnpm} ...\n`);
    const { exitCode, output } = await runCommand(
      "npx",
      ["--yes", pnpm, "install", "--frozen-lockfile"],
      {
        isQuiet: true,
        // CI: pnpm asks no question and does not redraw lines.
        env: { ...environmentWithoutNpm(), CI: "true" },
        // npx is a .cmd file on Windows, which only a shell can start.
        isShell: process.platform === "win32",
      },
    );
    if (exitCode !== 0) throw new StepFailed("installing dependencies failed", output);
    writeStamp(stampPath, fingerprint);
    return true;
  });
}
