import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Options } from "tsup";
import { scriptModules } from "./script-modules.ts";

const packagesDirectory = join(import.meta.dirname, "..");

/** Sources of the other packages by name: bundles and declarations are made from them, not from a dist. */
const sourcePaths = Object.fromEntries(
  readdirSync(packagesDirectory).map((name) => [
    `@conclave/${name}`,
    [join(packagesDirectory, name, "src/index.ts")],
  ]),
);

/** `npm start` sets 0: it runs the code and has no use for declarations, which take most of a build. */
const hasTypes = process.env.CONCLAVE_BUILD_TYPES !== "0";

/**
 * How every package is built: ES modules for Node 20, from `src/index.ts` unless `entry` names more. The
 * `@conclave/*` packages below are no dependencies of what is published, so they are bundled in where `isBundling` says so.
 */
export function preset(options: Options & { readonly isBundling?: boolean } = {}): Options {
  const { isBundling = false, entry = ["src/index.ts"], ...overrides } = options;
  return {
    entry,
    format: ["esm"],
    target: "node20.15",
    platform: "node",
    sourcemap: true,
    splitting: true,
    treeshake: false,
    // build.mjs empties dist; two configurations of one package would empty each other's.
    clean: false,
    dts: hasTypes && {
      entry,
      compilerOptions: {
        baseUrl: packagesDirectory,
        ...(isBundling ? { paths: sourcePaths } : {}),
      },
    },
    ...(isBundling ? { noExternal: [/^@conclave\//] } : {}),
    esbuildPlugins: [scriptModules],
    esbuildOptions(esbuild) {
      esbuild.conditions = ["conclave-source", "module"];
    },
    ...overrides,
  };
}
