import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { scriptModules } from "../../packages/workspace/script-modules.ts";

/** A TypeScript program of the tests as one file that Node runs, made of the sources as they are, not of a build. */
export async function sourceProgram(
  path: string,
): Promise<{ readonly file: string } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), "source-program-"));
  const file = join(directory, "program.mjs");
  await build({
    entryPoints: [path],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "esm",
    // Dependencies in the other module format ask for Node's own modules this way.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    target: "node20.15",
    conditions: ["conclave-source"],
    plugins: [scriptModules],
  });
  return { file, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}
