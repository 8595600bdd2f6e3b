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
