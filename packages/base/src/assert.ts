/**
 * A promise the code made to itself was broken. Nobody catches it to go on: the server logs it and
 * exits, because memory that contradicts itself must not reach the disk or a peer.
 */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
}

/** Throws {@link InvariantViolation} unless `condition` holds. On in production: keep conditions O(1). */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}

/** For a `switch` over a tagged union: reached only if a case was forgotten. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`unexpected value ${String(value)}`);
}

let scansEnabled = false;

/** Turns the scans behind {@link verify} on (tests, simulation) or off (production, the default). */
export function enableVerification(enabled: boolean): void {
  scansEnabled = enabled;
}

/** Runs a check that is too slow for production. `check` throws through {@link assert}. */
export function verify(check: () => void): void {
  if (scansEnabled) check();
}
