import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { editSource } from "../support/source-edit.ts";

/** Takes one answer to a failure mode out of the code: in `file`, `answer` becomes `without`. */
export interface Removal {
  /** From the root of the repository. */
  readonly file: string;
  /** Text that is found exactly once in the file. */
  readonly answer: string;
  readonly without: string;
}

/** The removals beside the test of a mode, such as `04-phantom-holder.without.json` beside `04-phantom-holder.test.ts`. */
export function removalsOf(root: string, mode: string): readonly Removal[] {
  return JSON.parse(
    readFileSync(join(root, "test/failure-modes", `${mode}.without.json`), "utf8"),
  ) as readonly Removal[];
}

/**
 * Loads the sources as if somebody had taken one answer out, to show that the test of its mode notices.
 * @throws Error while loading, if the text to take out is not there exactly once: the code moved on, so must the file
 */
export function withoutAnswer(root: string, removal: Removal): Plugin {
  const path = join(root, removal.file);
  return {
    name: "without-answer",
    enforce: "pre",
    transform(code, id) {
      if (id.split("?")[0] !== path) return null;
      const { file, answer, without } = removal;
      return { code: editSource(code, { file, find: answer, replace: without }), map: null };
    },
  };
}
