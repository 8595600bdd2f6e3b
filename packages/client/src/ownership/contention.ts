import { byteStringOf } from "@conclave/base";
import { FilterType, type KeyValue as WireKeyValue } from "@conclave/wire";
import { textOf } from "../kv/keys.ts";
import type { Coordination } from "./coordination.ts";
import { type QueueEntry, queuePrefix } from "./queue-entry.ts";
import { claimOf, obstacles } from "./queue-order.ts";

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
      stops.push(coordination.localQueue.onWaiting(name, onContended));
      stops.push(onNewcomer(coordination, entry, name, onContended));
    }
    if (over.aborted) end();
  });
}

/** Whether a newcomer may have to wait for our entry. */
function isKeptOut({ claim, createRevision }: QueueEntry, newcomer: WireKeyValue): boolean {
  if (newcomer.createRevision !== newcomer.modRevision) return false;
  if (claim.kind === "permits") return true; // With those before it, ours may be one too many.
  const ours = { key: byteStringOf(NO_BYTES), createRevision, claim };
  return obstacles(claimOf(textOf(newcomer.value)), [ours]).length > 0;
}

/** Calls back when an entry was created after ours: from the revision after it on nothing is missed. */
function onNewcomer(
  { hub, namespace }: Coordination,
  entry: QueueEntry,
  name: string,
  callback: () => void,
): () => void {
  const prefix = queuePrefix(name);
  const request = {
    ...namespace.rangeOf({ prefix }),
    startRevision: entry.createRevision + 1,
    filters: [FilterType.NODELETE],
  };
  const subscription = hub.open(request, {
    onEvents: (events) => {
      if (events.some(({ kv }) => isKeptOut(entry, kv!))) callback();
    },
    // Newcomers whose creation was compacted away are as good as seen: to yield for nobody does no harm.
    onFailed: (error) => {
      if (error.code === "COMPACTED") callback();
    },
  });
  return () => subscription.close();
}
