import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SourceEdit } from "../support/source-edit.ts";

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

/** The removal as a change of the sources. */
export function editOf({ file, answer, without }: Removal): SourceEdit {
  return { file, find: answer, replace: without };
}
