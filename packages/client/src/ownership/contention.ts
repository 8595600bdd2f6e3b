import { byteStringOf } from "@conclave/base";
import { FilterType, type KeyValue as WireKeyValue } from "@conclave/wire";
import type { KeyValue } from "../kv/key-value.ts";
import { textOf } from "../kv/keys.ts";
import type { Coordination } from "./coordination.ts";
import { type QueueEntry, queuePrefix } from "./queue-entry.ts";
import { claimOf, obstacles } from "./queue-order.ts";
import { isEntry, placeOf } from "./queue-place.ts";

const NO_BYTES = new Uint8Array(0);

/**
 * Resolves when somebody asks for what the entry holds: another task of this client, or anybody behind it in one of its
 * queues. Never rejects; it stays pending if the watch fails or `over` aborts first.
 */
export function untilContended(
  coordination: Coordination,
  entry: QueueEntry,
  over: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const stops: (() => void)[] = [];
    const end = () => {
      for (const stop of stops.splice(0)) stop();
    };
    const onContended = () => {
      resolve();
      end();
    };
    over.addEventListener("abort", end, { once: true });
    for (const name of entry.names) {
      // Who waits here for a turn to ask for what is shared, has not asked yet.
      if (entry.claim.kind === "exclusive") {
        stops.push(coordination.localQueue.onWaiting(name, onContended));
      }
      stops.push(onNewcomer(coordination, entry, name, onContended));
    }
    if (over.aborted) end();
  });
}

/** Whether a newcomer may have to wait for our entry. */
function isKeptOut({ claim, createRevision }: QueueEntry, newcomer: WireKeyValue): boolean {
  const ours = { key: byteStringOf(NO_BYTES), createRevision, claim };
  return obstacles(claimOf(textOf(newcomer.value)), [ours]).length > 0;
}

const isNewEntry = ({ createRevision, modRevision, lease }: WireKeyValue): boolean =>
  createRevision === modRevision && lease !== 0n;

function isSomebodyWaitingBehind(
  { createRevision }: QueueEntry,
  queue: readonly KeyValue[],
): boolean {
  const places = queue
    .filter(isEntry)
    .map(placeOf)
    .sort((a, b) => a.createRevision - b.createRevision);
  return places.some(
    (place, at) =>
      place.createRevision > createRevision &&
      obstacles(place.claim, places.slice(0, at)).length > 0,
  );
}

/** Calls back when an entry was created after ours: from the revision after it on nothing is missed. */
function onNewcomer(
  coordination: Coordination,
  entry: QueueEntry,
  name: string,
  callback: () => void,
): () => void {
  const { hub, namespace } = coordination;
  const prefix = queuePrefix(name);
  // With those before it, a counted claim may be one too many: the whole queue tells. Who cannot look, does not yield.
  const lookForWaiters = () => {
    const { kv } = coordination;
    void kv.getAll({ prefix }).then(
      ({ items }) => {
        if (isSomebodyWaitingBehind(entry, items)) callback();
      },
      () => {},
    );
  };
  const request = {
    ...namespace.rangeOf({ prefix }),
    startRevision: entry.createRevision + 1,
    filters: [FilterType.NODELETE],
  };
  const subscription = hub.open(request, {
    onEvents: (events) => {
      const newcomers = events.flatMap(({ kv }) => (isNewEntry(kv!) ? [kv!] : []));
      if (entry.claim.kind === "permits" && newcomers.length > 0) lookForWaiters();
      else if (newcomers.some((newcomer) => isKeptOut(entry, newcomer))) callback();
    },
    // Newcomers whose creation was compacted away are as good as seen: to yield for nobody does no harm.
    onFailed: (error) => {
      if (error.code === "COMPACTED") callback();
    },
  });
  return () => subscription.close();
}
