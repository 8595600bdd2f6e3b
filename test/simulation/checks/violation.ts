/** A promise of the cluster that was not kept. Its message begins with the row of the invariants' table. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** `message` begins with the id of the invariant: it is computed only if the promise is broken. */
export function check(condition: boolean, message: () => string): void {
  if (!condition) throw new Violation(message());
}
