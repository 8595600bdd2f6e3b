import type { Hold } from "../history.ts";
import type { LedgerStates } from "./ledger.ts";
import { check } from "./violation.ts";

/** K1: at the revision of the answer, the holder's key is the oldest of its lock. K2: holders come in that order. */
export function checkLocks(holds: readonly Hold[], states: LedgerStates): void {
  for (const { client, key, revision } of holds) {
    const queue = [...states.at(revision).values()]
      .filter((pair) => pair.key.startsWith("lock/"))
      .sort((a, b) => a.createRevision - b.createRevision);
    check(
      queue[0]?.key === key,
      () => `K1: ${client} holds ${key} at ${revision}, but first is ${queue[0]?.key}`,
    );
  }
}
