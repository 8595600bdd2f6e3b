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

/**
 * Node 20 and 22 define the symbols of `using` in their main realm only; code that runs in another one, as jest makes for each
 * file of tests, would have classes whose `[Symbol.dispose]` is a method named "undefined". esbuild's helpers for
 * `using` look for the same registered symbols.
 */
const DISPOSAL_SYMBOLS = `for (const name of ["dispose", "asyncDispose"])
  if (!Symbol[name]) Object.defineProperty(Symbol, name, { value: Symbol.for("Symbol." + name) });`;

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
    banner: { js: DISPOSAL_SYMBOLS },
    esbuildPlugins: [scriptModules],
    esbuildOptions(esbuild) {
      esbuild.conditions = ["conclave-source", "module"];
    },
    ...overrides,
  };
}
