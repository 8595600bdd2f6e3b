import { JointSignal } from "../abort.ts";
import type { Coordination } from "../ownership/coordination.ts";
import type { QueueEntry } from "../ownership/queue-entry.ts";
import { waitUntilGranted } from "../ownership/queue-wait.ts";
import { DeadlockWatch } from "./deadlock.ts";
import type { LockTerms } from "./lock-options.ts";
import { removeThoseAhead } from "./steal.ts";

/**
 * Waits, or makes way, until the entry has the lock. On any failure the entry is gone, or will be.
 * @returns the revision that proves it
 * @throws LockLostError if the entry is gone; DeadlockError; the signal's reason
 */
export async function waitForLock(
  coordination: Coordination,
  entry: QueueEntry,
  { steals, within }: Pick<LockTerms, "steals" | "within">,
  signal: AbortSignal,
): Promise<number> {
  if (steals) await removeThoseAhead(coordination, entry, signal);
  const waitedFor = (ending: AbortSignal) =>
    waitUntilGranted(coordination, entry, "LOCK_LOST", ending);
  if (within.length === 0) return waitedFor(signal);
  const deadlock = new DeadlockWatch(coordination, entry, within);
  using ending = new JointSignal(signal, deadlock.signal);
  try {
    return await waitedFor(ending.signal);
  } finally {
    deadlock.close();
  }
}
