import { compare } from "../kv/compare.ts";
import { op } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { leaveToDebris } from "../ownership/entry-removal.ts";
import { type QueueEntry, queuePrefix, STOLEN } from "../ownership/queue-entry.ts";
import { isEntry } from "../ownership/queue-place.ts";

/** Entries of one queue that are removed at a time: two conditions or operations each, of 128. */
const VICTIMS_AT_A_TIME = 60;

/**
 * Removes everybody before the entry from its queues. Each victim's key is first overwritten under the thief's lease, which
 * tells its holder that it was stolen, and then deleted. On any failure the entry is gone, or will be.
 */
export async function removeThoseAhead(
  coordination: Coordination,
  entry: QueueEntry,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (const name of entry.names) {
      while (await removeSome(coordination, entry, name, signal));
    }
  } catch (error) {
    leaveToDebris(coordination, entry);
    throw signal.aborted ? signal.reason : error;
  }
}

/** @returns false when nobody is left */
async function removeSome(
  coordination: Coordination,
  entry: QueueEntry,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { items } = await coordination.kv.getAll(
    { prefix: queuePrefix(name) },
    { maxCreateRevision: entry.createRevision - 1, keysOnly: true, signal },
  );
  const victims = items.filter(isEntry).slice(0, VICTIMS_AT_A_TIME);
  if (victims.length === 0) return false;
  // Whoever left meanwhile is not to be put back: then look again.
  const stillThere = victims.map(({ key, createRevision }) =>
    compare({ key }).createRevision.eq(createRevision),
  );
  const marked = await coordination
    .txn()
    .if(...stillThere)
    .then(...victims.map(({ key }) => op.put(key, STOLEN, { leaseId: entry.leaseId })))
    .commit({ signal });
  if (!marked.succeeded) return true;
  try {
    await coordination
      .txn()
      .if(...stillThere)
      .then(...victims.map(({ key }) => op.delete(key)))
      .commit({ signal });
  } catch (error) {
    // They are on our lease now, and would block the name for as long as that lives.
    leaveToDebris(
      coordination,
      entry,
      victims.map(({ keyText }) => keyText),
    );
    throw error;
  }
  return true;
}
