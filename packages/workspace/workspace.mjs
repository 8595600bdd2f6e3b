/** What this workspace consists of: its root, its packages, and who is built from whom. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The root of the repository. */
export const workspaceRoot = resolve(import.meta.dirname, "../..");

/**
 * @typedef {object} WorkspacePackage
 * @property {string} name as in package.json, for example "@conclave/base"
 * @property {string} directory absolute path
 * @property {readonly string[]} workspaceDependencies names of the workspace packages it imports
 * @property {boolean} isBuilt whether it has a tsup configuration, so that `npm run build` builds it
 */

/** @param {string} path */
export function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/**
 * Every package of the workspace, by name, with the directories that pnpm-workspace.yaml lists.
 * @returns {Map<string, WorkspacePackage>}
 */
export function readPackages(root = workspaceRoot) {
  const packages = new Map();
  for (const directory of packageDirectories(root)) {
    const manifest = readJson(join(directory, "package.json"));
    const dependencies = { ...manifest.dependencies, ...manifest.devDependencies };
    packages.set(manifest.name, {
      name: manifest.name,
      directory,
      workspaceDependencies: Object.keys(dependencies).filter((name) =>
        dependencies[name].startsWith("workspace:"),
      ),
      isBuilt: existsSync(join(directory, "tsup.config.ts")),
    });
  }
  return packages;
}

/**
 * Directories with a package.json: `packages/*`, `test` and `examples`.
 * @returns {string[]}
 */
export function packageDirectories(root = workspaceRoot) {
  const floors = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name));
  return [...floors, join(root, "test"), join(root, "examples")]
    .filter((directory) => existsSync(join(directory, "package.json")))
    .sort();
}

/**
 * A package and every workspace package below it: what its bundle is made from.
 * @param {ReadonlyMap<string, WorkspacePackage>} packages
 * @param {string} name
 * @returns {WorkspacePackage[]} sorted by name
 */
export function withPackagesBelow(packages, name) {
  const found = new Map();
  const visit = (/** @type {string} */ next) => {
    const visited = packages.get(next);
    if (visited === undefined) throw new Error(`${next} is not a package of this workspace`);
    if (found.has(next)) return;
    found.set(next, visited);
    visited.workspaceDependencies.forEach(visit);
  };
  visit(name);
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
