/** Builds packages with tsup, each only if its own sources or those below it changed. */
import { existsSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { filesUnder, fingerprintOf, readStamp, writeStamp } from "./fingerprint.mjs";
import { withLock } from "./lock.mjs";
import { runTool, StepFailed } from "./run.mjs";
import { readPackages, withPackagesBelow, workspaceRoot } from "./workspace.mjs";

/** @typedef {import("./workspace.mjs").WorkspacePackage} WorkspacePackage */

/** Files outside the packages that change what tsup produces. */
const SHARED_FILES = [
  "tsconfig.json",
  "pnpm-lock.yaml",
  "packages/workspace/script-modules.ts",
  "packages/workspace/tsup-preset.ts",
];

/** @param {string} name */
const isBuiltFrom = (name) => !name.endsWith(".test.ts");

/**
 * Everything the bundle of one package is made from.
 * @param {ReadonlyMap<string, WorkspacePackage>} packages
 * @param {string} name
 */
export function buildFingerprint(packages, name, root = workspaceRoot) {
  const files = withPackagesBelow(packages, name).flatMap(({ directory }) => [
    ...filesUnder(join(directory, "src"), isBuiltFrom),
    join(directory, "package.json"),
    join(directory, "tsup.config.ts"),
  ]);
  return fingerprintOf(root, [...files, ...SHARED_FILES.map((file) => join(root, file))]);
}

/**
 * Builds what is out of date.
 * @param {readonly string[]} names packages to have built
 * @param {{ hasTypes: boolean }} options without types a build takes a fraction of the time
 * @returns {Promise<string[]>} the packages that were built now
 */
export async function buildPackages(names, { hasTypes }) {
  const packages = readPackages();
  if (names.every((name) => isUpToDate(packages, name, hasTypes))) return [];
  return withLock("build", async () => {
    const outdated = names.filter((name) => !isUpToDate(packages, name, hasTypes));
    const waiting = [...outdated];
    const worker = async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        await buildPackage(packages, name, hasTypes);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
    return outdated;
  });
}

/** Names of all packages that are built. */
export function builtPackageNames() {
  return [...readPackages().values()].filter(({ isBuilt }) => isBuilt).map(({ name }) => name);
}

/**
 * A stamp says for what sources, and whether declarations were written beside the code.
 * @param {string} fingerprint @param {boolean} hasTypes
 */
function stampOf(fingerprint, hasTypes) {
  return `${fingerprint} ${hasTypes ? "types" : "code"}`;
}

/** @param {ReadonlyMap<string, WorkspacePackage>} packages @param {string} name @param {boolean} hasTypes */
function isUpToDate(packages, name, hasTypes) {
  const stamp = readStamp(stampPathOf(packages, name));
  if (stamp === undefined) return false;
  const fingerprint = buildFingerprint(packages, name);
  return (
    stamp === stampOf(fingerprint, true) || (!hasTypes && stamp === stampOf(fingerprint, false))
  );
}

/** @param {ReadonlyMap<string, WorkspacePackage>} packages @param {string} name */
function stampPathOf(packages, name) {
  return join(directoryOf(packages, name), "dist/.stamp");
}

/** @param {ReadonlyMap<string, WorkspacePackage>} packages @param {string} name */
function directoryOf(packages, name) {
  const found = packages.get(name);
  if (found === undefined) throw new Error(`${name} is not a package of this workspace`);
  return found.directory;
}

/** @param {ReadonlyMap<string, WorkspacePackage>} packages @param {string} name @param {boolean} hasTypes */
async function buildPackage(packages, name, hasTypes) {
  const directory = directoryOf(packages, name);
  // Before, not after: sources edited while tsup runs must not count as built.
  const fingerprint = buildFingerprint(packages, name);
  rmSync(join(directory, "dist"), { recursive: true, force: true });
  const { exitCode, output } = await runTool("tsup/dist/cli-default.js", ["--silent"], {
    cwd: directory,
    isQuiet: true,
    env: { ...process.env, CONCLAVE_BUILD_TYPES: hasTypes ? "1" : "0" },
  });
  if (exitCode !== 0 || !existsSync(join(directory, "dist/index.js"))) {
    throw new StepFailed(`building ${name} failed`, output);
  }
  writeStamp(join(directory, "dist/.stamp"), stampOf(fingerprint, hasTypes));
}
