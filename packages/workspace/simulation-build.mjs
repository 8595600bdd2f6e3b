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

/**
 * How a program that simulates clusters is made of the sources.
 * @param {string} root of the repository
 * @param {string} entry @param {string} outfile @param {readonly import("esbuild").Plugin[]} [plugins]
 * @returns {import("esbuild").BuildOptions}
 */
export function simulationBuild(root, entry, outfile, plugins = []) {
  return {
    entryPoints: [entry],
    absWorkingDir: root,
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.15",
    conditions: ["conclave-source"],
    plugins: [leftOut, ...plugins],
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  };
}
