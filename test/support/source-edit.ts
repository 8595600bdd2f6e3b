import { join } from "node:path";
import type { Plugin } from "vite";

/** A change of the sources that one run loads and nobody else sees. */
export interface SourceEdit {
  /** From the root of the repository. */
  readonly file: string;
  /** Text that is found exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** @throws Error if the text is not there exactly once: the code moved on, so must whoever wrote the edit */
export function editSource(code: string, { file, find, replace }: SourceEdit): string {
  if (code.split(find).length !== 2) throw new Error(`${file}: not exactly once: ${find}`);
  return code.replace(find, () => replace);
}

/**
 * Loads the sources as if the edits had been made, to show that a test notices.
 * @throws Error while loading, if an edit does not fit
 */
export function editedSources(root: string, edits: readonly SourceEdit[]): Plugin {
  return {
    name: "edited-sources",
    enforce: "pre",
    transform(code, id) {
      const here = edits.filter(({ file }) => join(root, file) === id.split("?")[0]);
      return here.length === 0 ? null : { code: here.reduce(editSource, code), map: null };
    },
  };
}
