import { LockLostError } from "../errors.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { type Entering, enterQueue, type QueueEntry } from "../ownership/queue-entry.ts";
import { waitUntilGranted } from "../ownership/queue-wait.ts";
import { transferMark } from "./transfer.ts";

/**
 * Waits as a candidate until elected. One who had to step back for a transfer stands again, behind the others.
 * @returns its entry, which may be a later one then, and the revision that proved it
 * @throws as {@link waitUntilGranted} does
 */
export async function standUntilElected(
  coordination: Coordination,
  entering: Entering,
  first: QueueEntry,
  signal: AbortSignal,
): Promise<{ readonly entry: QueueEntry; readonly revision: number }> {
  let entry = first;
  while (!entry.wasGranted) {
    try {
      const revision = await waitUntilGranted(coordination, entry, "LEADERSHIP_LOST", signal);
      return { entry, revision };
    } catch (error) {
      if (!(error instanceof LockLostError) || signal.aborted) throw error;
      if (!(await hadToStepBack(coordination, entry, signal))) throw error;
      entry = await enterQueue(coordination, entering, signal);
    }
  }
  return { entry, revision: entry.createRevision };
}

async function hadToStepBack(
  { kv }: Coordination,
  entry: QueueEntry,
  signal: AbortSignal,
): Promise<boolean> {
  const key = transferMark(entry.keys[0]!);
  if ((await kv.get(key, { signal })) === null) return false;
  kv.delete(key).catch(() => {}); // It goes with the lease of who leads now, too.
  return true;
}
