import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { simulationBuild } from "../../../packages/workspace/simulation-build.mjs";
import { editSource, type SourceEdit } from "../../support/source-edit.ts";

/** The simulators with the sources that they run, one program, as if the edits had been made. */
export async function bundleHunt(
  root: string,
  edits: readonly SourceEdit[],
  outfile: string,
): Promise<void> {
  const entry = "test/simulation/mutants/hunt.ts";
  await build(simulationBuild(root, entry, outfile, [editedSources(root, edits)]));
}

function editedSources(root: string, edits: readonly SourceEdit[]): Plugin {
  return {
    name: "edited-sources",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const here = edits.filter(({ file }) => join(root, file) === path);
        if (here.length === 0) return null;
        return { contents: here.reduce(editSource, readFileSync(path, "utf8")), loader: "ts" };
      });
    },
  };
}
