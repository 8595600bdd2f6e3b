import { byteStringOf, bytesOf, utf8ByteString } from "@conclave/base";
import { FilterType } from "@conclave/wire";
import { LockLostError } from "../errors.ts";
import type { KeyValue } from "../kv/key-value.ts";
import { op, type RangeResult } from "../kv/op.ts";
import type { Coordination } from "./coordination.ts";
import { type LossCode, type QueueEntry, queuePrefix } from "./queue-entry.ts";
import { disagreement, obstacles, type Place } from "./queue-order.ts";
import { disagreementError, isEntry, placeOf } from "./queue-place.ts";
import { untilSettled } from "./until-settled.ts";

/**
 * How long a task that takes over from another of its client relies on its entry without asking for it, ms. As long again
 * passes, as in every hold, before it watches its key: what becomes of that is known a tenth of a second later at most.
 */
const UNASKED_MAX_MS = 50;

/**
 * Waits until the entry is granted in all of its queues, and proves it by a linearizable read that finds its keys: a
 * waiter whose own key went away must not take the lead (failure mode 4, the phantom leader). Directly behind another task
 * of this client it is granted when that gives up its hold, and an entry that was created a moment ago is proof enough; what
 * becomes of an older one is found out then, for nothing is watched meanwhile.
 * On any failure the entry is gone, or will be.
 * @returns the revision of that read, or of the creation
 * @throws LockLostError if the entry is gone; the signal's reason
 */
export async function waitUntilGranted(
  coordination: Coordination,
  entry: QueueEntry,
  code: LossCode,
  signal: AbortSignal,
): Promise<number> {
  try {
    if ((await entry.before?.untilOver(signal)) === "given-up") {
      const unaskedMs = coordination.runtime.clock.nowMs() - entry.local!.sentAtMs;
      if (unaskedMs <= UNASKED_MAX_MS) return entry.createRevision;
      return await findAllKeys(coordination, entry, code, signal);
    }
    // Nobody can come before it any more, so what was granted in one queue stays granted while it waits in the next.
    let revision = 0;
    for (const at of entry.names.keys()) {
      revision = await waitInQueue(coordination, entry, at, code, signal);
    }
    if (entry.names.length === 1) return revision;
    return await findAllKeys(coordination, entry, code, signal);
  } catch (error) {
    for (const key of [...entry.keys, ...entry.companionKeys]) {
      coordination.debris.add(entry.session, key, { again: entry.wasUncertain });
    }
    throw signal.aborted ? signal.reason : error;
  }
}

async function waitInQueue(
  coordination: Coordination,
  entry: QueueEntry,
  at: number,
  code: LossCode,
  signal: AbortSignal,
): Promise<number> {
  for (;;) {
    const { revision, ahead } = await lookAhead(coordination, entry, at, code, signal);
    const inTheWay = obstacles(entry.claim, ahead);
    if (inTheWay.length === 0) return revision;
    const ownKey = entry.keys[at]!;
    await (entry.claim.kind === "permits" && inTheWay.length > 1
      ? untilThereIsRoom(coordination, entry, at, ahead, revision + 1, signal)
      : untilOneGoes(coordination, [bytesOf(inTheWay[0]!.key), ownKey], revision + 1, signal));
  }
}

/** The entry's key and those before it, at one revision. An exclusive claim needs to know only the last of them. */
async function lookAhead(
  coordination: Coordination,
  entry: QueueEntry,
  at: number,
  code: LossCode,
  signal: AbortSignal,
): Promise<{ readonly revision: number; readonly ahead: readonly Place[] }> {
  const name = entry.names[at]!;
  const isExclusive = entry.claim.kind === "exclusive";
  const look = (most: { readonly limit?: number; readonly keysOnly?: boolean }) =>
    coordination
      .txn()
      .then(
        op.get(entry.keys[at]!),
        op.getAll(
          { prefix: queuePrefix(name) },
          {
            maxCreateRevision: entry.createRevision - 1,
            sort: { by: "create", order: "descend" },
            ...most,
          },
        ),
      )
      .commit({ signal });
  let { revision, results } = await look(isExclusive ? { limit: 1, keysOnly: true } : {});
  if (isExclusive && !(results[1] as RangeResult).items.every(isEntry)) {
    ({ revision, results } = await look({ keysOnly: true }));
  }
  const [own, queue] = results as [KeyValue | null, RangeResult];
  if (own?.createRevision !== entry.createRevision) throw goneError(entry, code);
  const ahead = queue.items.filter(isEntry).map(placeOf).reverse();
  // Judged when it entered, unless the answer was lost. Those who came later and were refused do not count.
  const contradiction = entry.wasUncertain ? disagreement(entry.claim, ahead) : null;
  if (contradiction !== null) throw disagreementError(name, contradiction);
  return { revision, ahead };
}

async function findAllKeys(
  coordination: Coordination,
  entry: QueueEntry,
  code: LossCode,
  signal: AbortSignal,
): Promise<number> {
  const { revision, results } = await coordination
    .txn()
    .then(...entry.keys.map((key) => op.get(key)))
    .commit({ signal });
  const isOurs = (found: unknown) =>
    (found as KeyValue | null)?.createRevision === entry.createRevision;
  if (!results.every(isOurs)) throw goneError(entry, code);
  return revision;
}

function goneError(entry: QueueEntry, code: LossCode): LockLostError {
  return new LockLostError(code, "not-applied", entry.names.join(", "), "deleted");
}

/** Resolves when one of some keys is deleted at or after a revision, or the answer may have been compacted away. */
function untilOneGoes(
  coordination: Coordination,
  keys: readonly (string | Uint8Array)[],
  startRevision: number,
  signal: AbortSignal,
): Promise<void> {
  return untilSettled(signal, (resolve, onFailed) =>
    keys.map((key) => coordination.onDeleted(key, startRevision, resolve, onFailed)),
  );
}

/**
 * Resolves when enough of those before a counted claim have gone, or the claim itself. Watches the whole queue, but asks
 * the server again only when there is room: of many waiters, those wake who are granted.
 */
function untilThereIsRoom(
  coordination: Coordination,
  entry: QueueEntry,
  at: number,
  ahead: readonly Place[],
  startRevision: number,
  signal: AbortSignal,
): Promise<void> {
  const { hub, namespace } = coordination;
  const prefix = queuePrefix(entry.names[at]!);
  const request = {
    ...namespace.rangeOf({ prefix }),
    startRevision,
    filters: [FilterType.NOPUT],
  };
  const ownKey = utf8ByteString(entry.keys[at]!);
  let left = ahead;
  return untilSettled(signal, (resolve, onFailed) => {
    const subscription = hub.open(request, {
      onEvents: (events) => {
        const gone = new Set(events.map(({ kv }) => byteStringOf(namespace.strip(kv!.key))));
        left = left.filter(({ key }) => !gone.has(key));
        if (gone.has(ownKey) || obstacles(entry.claim, left).length === 0) resolve();
      },
      onFailed,
    });
    return [subscription];
  });
}
