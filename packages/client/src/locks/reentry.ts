import { AsyncLocalStorage } from "node:async_hooks";
import { ConclaveError } from "../errors.ts";
import type { Hold } from "../ownership/hold.ts";
import type { Claim } from "../ownership/queue-order.ts";

interface Held {
  readonly lock: Hold;
  readonly claim: Claim;
}

/** The reentrant locks that the code running now was called under, innermost last. */
const heldHere = new AsyncLocalStorage<readonly Held[]>();

/**
 * The lock of all these names that this very task holds already, or null.
 * @throws ConclaveError FAILED_PRECONDITION if it holds them shared, and asks for them alone: it would wait for itself
 */
export function heldByThisTask(names: readonly string[], claim: Claim): Hold | null {
  const covering = (heldHere.getStore() ?? []).findLast(
    ({ lock }) => !lock.isOver && names.every((name) => lock.names.includes(name)),
  );
  if (covering === undefined) return null;
  if (covering.claim.kind === "shared" && claim.kind === "exclusive") {
    const message = `${JSON.stringify(names.join(", "))} is held shared here, and cannot become exclusive`;
    throw new ConclaveError("FAILED_PRECONDITION", "not-applied", message);
  }
  return covering.lock;
}

/** Runs `body` so that requests inside it know of the lock. */
export function runHolding<Result>(lock: Hold, claim: Claim, body: () => Result): Result {
  return heldHere.run([...(heldHere.getStore() ?? []), { lock, claim }], body);
}
