import { pause } from "../abort.ts";
import { type Comparison, compare } from "../kv/compare.ts";
import { type Op, op, type RangeResult } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import {
  abandoned,
  type Entering,
  entryKey,
  isUncertain,
  nobodyIn,
  type QueueEntry,
  queuePrefix,
} from "../ownership/queue-entry.ts";
import { disagreement, obstacles } from "../ownership/queue-order.ts";
import { disagreementError, isEntry, placeOf } from "../ownership/queue-place.ts";
import { Backoff } from "../runtime.ts";

/** Looks at queues that others enter at the same time before it counts as not free. */
const LOOKS_MAX = 50;
/** Pauses between looks, ms: whoever looks at the same moment as many others would lose to one of them each time. */
const LOOK_AGAIN_MIN_MS = 1;
const LOOK_AGAIN_MAX_MS = 50;

/**
 * Puts an entry into its queues if it is granted there at once, in one transaction that writes nothing otherwise.
 * @returns null if it is not
 */
export async function enterIfFree(
  coordination: Coordination,
  entering: Entering,
  signal: AbortSignal,
): Promise<QueueEntry | null> {
  const leaseId = await entering.session.open({ signal });
  if (entering.claim.kind === "exclusive") {
    return enterIf(coordination, entering, leaseId, entering.names.map(nobodyIn), signal);
  }
  const { clock, prng } = coordination.runtime;
  const backoff = new Backoff(prng, LOOK_AGAIN_MIN_MS, LOOK_AGAIN_MAX_MS);
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const unchanged = await lookAround(coordination, entering, signal);
    if (unchanged === null) return null;
    const entry = await enterIf(coordination, entering, leaseId, unchanged, signal);
    if (entry !== null) return entry;
    await pause(clock, backoff.nextDelayMs(), signal);
  }
  return null;
}

/**
 * Whether a claim that shares would be granted.
 * @returns null if not; else the conditions under which it still would: nobody has come since
 */
async function lookAround(
  coordination: Coordination,
  { names, claim }: Entering,
  signal: AbortSignal,
): Promise<readonly Comparison[] | null> {
  const { results, revision } = await coordination
    .txn()
    .then(...names.map((name) => op.getAll({ prefix: queuePrefix(name) })))
    .commitAs("read", { signal });
  for (const [at, queue] of (results as RangeResult[]).entries()) {
    const places = queue.items
      .filter(isEntry)
      .map(placeOf)
      .sort((a, b) => a.createRevision - b.createRevision);
    const contradiction = disagreement(claim, places);
    if (contradiction !== null) throw disagreementError(names[at]!, contradiction);
    if (obstacles(claim, places).length > 0) return null;
  }
  return names.map((name) =>
    compare({ prefix: queuePrefix(name) }).createRevision.lt(revision + 1),
  );
}

async function enterIf(
  coordination: Coordination,
  entering: Entering,
  leaseId: bigint,
  conditions: readonly Comparison[],
  signal: AbortSignal,
): Promise<QueueEntry | null> {
  const { session, names, claim, value, local = null, companions = [] } = entering;
  const nonce = coordination.nonces.take(session);
  const keys = names.map((name) => entryKey(name, leaseId, nonce));
  const companionKeys = companions.map(({ key }) => key);
  const entryOf = (createRevision: number, wasUncertain: boolean): QueueEntry => {
    local?.stand(createRevision);
    const entry = { names, claim, keys, companionKeys, session, leaseId, nonce, local };
    return { ...entry, createRevision, wasUncertain, wasGranted: true, before: null };
  };
  const puts: Op<unknown>[] = [
    ...keys.map((key) => op.put(key, value, { leaseId })),
    ...companions.map((each) => op.put(each.key, each.value, { leaseId: each.leaseId })),
  ];
  local?.send(keys[0]!, coordination.runtime.clock.nowMs());
  try {
    const { succeeded, revision } = await coordination
      .txn()
      .if(...conditions)
      .then(...puts)
      .commit({ signal });
    if (succeeded) return entryOf(revision, false);
    coordination.nonces.giveBack(session, nonce);
    return null;
  } catch (error) {
    const everyKey = [...keys, ...companionKeys];
    if (!isUncertain(error) || signal.aborted) {
      throw abandoned(coordination, session, everyKey, signal, error);
    }
    const createRevision = await settle(coordination, session, everyKey, signal);
    return createRevision === null ? null : entryOf(createRevision, true);
  }
}

/** Looks whether the keys were created after all. If not, whatever may still create them is cleaned away. */
async function settle(
  coordination: Coordination,
  session: Entering["session"],
  keys: readonly string[],
  signal: AbortSignal,
): Promise<number | null> {
  let createRevision: number | null = null;
  try {
    createRevision = (await coordination.kv.get(keys[0]!, { signal }))?.createRevision ?? null;
    return createRevision;
  } finally {
    if (createRevision === null) {
      for (const key of keys) coordination.debris.add(session, key, { again: true });
    }
  }
}
