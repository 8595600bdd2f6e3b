import { ConclaveError } from "../errors.ts";

/** The error of an operation that may have taken effect all the same: `error`, saying so. */
export function inDoubt(error: unknown, what = "it may have taken effect"): unknown {
  if (!(error instanceof ConclaveError) || error.outcome === "unknown") return error;
  const message = `${error.message}; ${what}`;
  return new ConclaveError(error.code, "unknown", message, { cause: error.cause ?? error });
}
