import { byteStringOf } from "@conclave/base";
import { FilterType } from "@conclave/wire";
import { pause } from "../abort.ts";
import { ConclaveError, type ErrorCode } from "../errors.ts";
import type { KeyValue } from "../kv/key-value.ts";
import type { CallOptions } from "../kv/limits.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { queuePrefix } from "../ownership/queue-entry.ts";
import { isEntry } from "../ownership/queue-place.ts";
import { untilSettled } from "../ownership/until-settled.ts";
import { Backoff } from "../runtime.ts";
import { Leader } from "./leader.ts";

/** Pauses after an error, ms. */
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 5_000;

/** Errors that looking again cannot mend. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  "CANCELLED",
  "CLOSED",
  "INVALID_ARGUMENT",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "UNIMPLEMENTED",
]);

/** The first candidate in the queue. */
export async function readFirst(
  coordination: Coordination,
  name: string,
  options: CallOptions,
): Promise<Leader | null> {
  const { leader } = await readLeader(coordination, name, options);
  return leader && new Leader(leader);
}

/** Everybody in the queue, in its order. */
export async function readCandidates(
  coordination: Coordination,
  name: string,
  options: CallOptions,
): Promise<readonly Leader[]> {
  const { items } = await coordination.kv.getAll(
    { prefix: queuePrefix(name) },
    { ...options, sort: { by: "create", order: "ascend" } },
  );
  return items.filter(isEntry).map((candidate) => new Leader(candidate));
}

/** The first candidate in the queue, and the revision at which that was read. */
export async function readLeader(
  coordination: Coordination,
  name: string,
  options: CallOptions,
): Promise<{ readonly leader: KeyValue | null; readonly revision: number }> {
  const look = (most: { readonly limit?: number }) =>
    coordination.kv.getAll(
      { prefix: queuePrefix(name) },
      { ...options, ...most, sort: { by: "create", order: "ascend" } },
    );
  let { items, revision } = await look({ limit: 1 });
  if (!items.every(isEntry)) ({ items, revision } = await look({}));
  return { leader: items.find(isEntry) ?? null, revision };
}

/**
 * Yields who leads now, then every change that the reader is fast enough to see; null while nobody leads. It goes on
 * through stream breaks, compaction and elections: only the signal ends it, or an error that waiting cannot mend.
 */
export async function* observeLeader(
  coordination: Coordination,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<Leader | null, void, undefined> {
  const { clock, prng } = coordination.runtime;
  const backoff = new Backoff(prng, RETRY_MIN_MS, RETRY_MAX_MS);
  let shown: KeyValue | null | undefined;
  for (;;) {
    try {
      const { leader, revision } = await readLeader(coordination, name, { signal });
      backoff.reset();
      if (shown === undefined || isNews(shown, leader)) {
        yield leader && new Leader(leader);
      }
      shown = leader;
      await leaderChange(coordination, name, leader, revision + 1, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof ConclaveError && FINAL.has(error.code)) throw error;
      await pause(clock, backoff.nextDelayMs(), signal);
    }
  }
}

/** Whether there is more to tell than that a term goes on under another lease, as it does when it is resumed. */
function isNews(shown: KeyValue | null, leader: KeyValue | null): boolean {
  if (shown === null || leader === null) return shown !== leader;
  if (shown.modRevision === leader.modRevision) return false;
  const isResumed =
    shown.createRevision === leader.createRevision && shown.leaseId !== leader.leaseId;
  return !isResumed || byteStringOf(shown.value) !== byteStringOf(leader.value);
}

/** Resolves when the leader's key changes or goes, or, if there is no leader, when a candidate comes. */
function leaderChange(
  coordination: Coordination,
  name: string,
  leader: KeyValue | null,
  startRevision: number,
  signal: AbortSignal,
): Promise<void> {
  const { hub, namespace } = coordination;
  const watched =
    leader === null
      ? { ...namespace.rangeOf({ prefix: queuePrefix(name) }), filters: [FilterType.NODELETE] }
      : namespace.rangeOf({ key: leader.key });
  return untilSettled(signal, (resolve, onFailed) => [
    hub.open({ ...watched, startRevision }, { onEvents: resolve, onFailed }),
  ]);
}
