import { allOf, type Comparison, compare } from "../kv/compare.ts";
import { op } from "../kv/op.ts";
import type { Coordination } from "./coordination.ts";
import { isUncertain, type QueueEntry } from "./queue-entry.ts";

/**
 * How giving up a hold went.
 * - `released`: it was ours until now, and is no longer
 * - `already-lost`: someone else had ended it before
 * - `unknown`: the server could not be asked; the key is deleted in the background, or expires with the session
 */
export type ReleaseResult = "released" | "already-lost" | "unknown";

/**
 * Conditions, one for each key of the entry: it stands as it was created, on the lease it was created on. A term that was
 * resumed elsewhere kept its key, and a stolen lock has it still: only the lease tells. Entries of several names are
 * never moved, and spare the conditions for more names.
 */
export function entryGuards({ keys, createRevision, leaseId }: QueueEntry): readonly Comparison[] {
  return keys.map((key) => {
    const own = compare({ key });
    const isThere = own.createRevision.eq(createRevision);
    return keys.length > 1 ? isThere : allOf(isThere, own.leaseId.eq(leaseId));
  });
}

/**
 * Deletes an entry's keys if they are all still ours, at one revision; what cannot be asked for now is done in the
 * background. The nonce makes the keys ours alone, so this is safe to repeat.
 */
export async function removeEntry(
  coordination: Coordination,
  entry: QueueEntry,
): Promise<ReleaseResult> {
  const result = await tryToRemove(coordination, entry);
  if (result === "unknown" || entry.wasUncertain) leaveToDebris(coordination, entry);
  return result;
}

/** Has whatever is left of the entry, or some of its keys, deleted in the background. */
export function leaveToDebris(
  coordination: Coordination,
  entry: QueueEntry,
  keys: readonly string[] = [...entry.keys, ...entry.companionKeys],
): void {
  for (const key of keys) {
    coordination.debris.add(entry.session, key, { again: entry.wasUncertain });
  }
}

async function tryToRemove(coordination: Coordination, entry: QueueEntry): Promise<ReleaseResult> {
  const { session, nonce, wasUncertain } = entry;
  const { signal } = session;
  const deletes = [...entry.keys, ...entry.companionKeys].map((key) => op.delete(key));
  // Of several keys some may be gone, and the others are to go too.
  const rest = deletes.length > 1 ? deletes : [];
  const remove = () =>
    coordination
      .txn()
      .if(...entryGuards(entry))
      .then(...deletes)
      .else(...rest)
      .commit({ signal });
  let wasRepeated = false;
  try {
    const { succeeded } = await remove().catch((error: unknown) => {
      if (!isUncertain(error) || signal.aborted) throw error;
      wasRepeated = true;
      return remove();
    });
    // Gone at the second attempt: most likely by the first.
    if (wasRepeated) return "released";
    if (!succeeded) return "already-lost";
    if (nonce !== null && !wasUncertain) coordination.nonces.giveBack(session, nonce);
    return "released";
  } catch {
    return "unknown";
  }
}
