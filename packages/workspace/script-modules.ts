import { dirname, resolve } from "node:path";
import { build, type Plugin as EsbuildPlugin } from "esbuild";
import type { Plugin as VitePlugin } from "vite";

/**
 * Modules imported as `./module.ts?script` are the text of one script: the module with all that it imports. A worker can be
 * started from that text as it is, in either module format, from sources or a build, and through any bundler of our users,
 * none of which would find a file that is named at run time.
 */
const SUFFIX = "?script";

async function scriptModule(path: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    platform: "node",
    target: "node20.15",
    conditions: ["conclave-source", "module"],
  });
  return `export default ${JSON.stringify(outputFiles[0]?.text)};`;
}

/** For builds with esbuild and tsup. */
export const scriptModules: EsbuildPlugin = {
  name: "script-modules",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?script$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path.slice(0, -SUFFIX.length)),
      namespace: "script",
    }));
    onLoad({ filter: /.*/, namespace: "script" }, async ({ path }) => ({
      contents: await scriptModule(path),
    }));
  },
};

/** For tests, which run on the sources. */
export function scriptModulesOfSources(): VitePlugin {
  return {
    name: "script-modules",
    enforce: "pre",
    resolveId(source, importer) {
      if (!source.endsWith(SUFFIX) || importer === undefined) return null;
      return resolve(dirname(importer), source);
    },
    load(id) {
      return id.endsWith(SUFFIX) ? scriptModule(id.slice(0, -SUFFIX.length)) : null;
    },
  };
}
