import { AsyncLocalStorage } from "node:async_hooks";
import { ConclaveError } from "../errors.ts";
import type { Coordination } from "../ownership/coordination.ts";
import type { Hold } from "../ownership/hold.ts";
import type { Claim } from "../ownership/queue-order.ts";

type Body<Result> = (lock: Hold) => Result | Promise<Result>;

interface Held {
  /** Whose names they are: another client's may mean something else. */
  readonly coordination: Coordination;
  readonly lock: Hold;
  readonly claim: Claim;
  /** The bodies that run under it besides the outermost. */
  readonly inside: Set<Promise<unknown>>;
}

/** The reentrant locks that the code running now was called under, innermost last. */
const heldHere = new AsyncLocalStorage<readonly Held[]>();

/**
 * The lock of all these names that this very task holds already, or null.
 * @throws ConclaveError FAILED_PRECONDITION if it holds them shared, and asks for them alone: it would wait for itself
 */
export function heldByThisTask(
  coordination: Coordination,
  names: readonly string[],
  claim: Claim,
): Held | null {
  const covering = (heldHere.getStore() ?? []).findLast(
    (held) =>
      held.coordination === coordination &&
      !held.lock.isOver &&
      names.every((name) => held.lock.names.includes(name)),
  );
  if (covering === undefined) return null;
  if (covering.claim.kind === "shared" && claim.kind === "exclusive") {
    const message = `${JSON.stringify(names.join(", "))} is held shared here, and cannot become exclusive`;
    throw new ConclaveError("FAILED_PRECONDITION", "not-applied", message);
  }
  return covering;
}

/** Runs `body` so that requests inside it know of the lock. Over when those are, too, even if `body` awaits none. */
export async function runHolding<Result>(
  coordination: Coordination,
  lock: Hold,
  claim: Claim,
  body: Body<Result>,
): Promise<Result> {
  const held: Held = { coordination, lock, claim, inside: new Set() };
  try {
    return await heldHere.run([...(heldHere.getStore() ?? []), held], body, lock);
  } finally {
    while (held.inside.size > 0) await Promise.allSettled(held.inside);
  }
}

/** Runs `body` under a lock that this task holds already. @throws LockLostError if it was lost, even though `body` returned */
export async function runInside<Result>(
  { lock, inside }: Held,
  body: Body<Result>,
): Promise<Result> {
  const running = (async () => body(lock))();
  inside.add(running);
  try {
    const result = await running;
    lock.assert();
    return result;
  } finally {
    inside.delete(running);
  }
}
