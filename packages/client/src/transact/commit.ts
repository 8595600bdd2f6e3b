import { pause } from "../abort.ts";
import { ConclaveError } from "../errors.ts";
import type { Comparison } from "../kv/compare.ts";
import type { KeyValue } from "../kv/key-value.ts";
import { type Op, op } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { Backoff, drawNonce } from "../runtime.ts";
import {
  type CommitMarker,
  type CommitMarkers,
  markerCondition,
  markerPut,
  readMarker,
  type Settled,
  settleMarker,
} from "./commit-marker.ts";
import type { ReadSet } from "./read-set.ts";
import type { Snapshot } from "./snapshot-reader.ts";

/** Pauses between attempts to learn how a commit ended, ms. */
const SETTLE_RETRY_MIN_MS = 50;
const SETTLE_RETRY_MAX_MS = 1_000;

/** What is to be committed. */
export interface CommitRequest {
  readonly conditions: readonly Comparison[];
  readonly writes: readonly Op<unknown>[];
  readonly reads: ReadSet;
  /** Most operations and conditions. Count. */
  readonly opsMax: number;
}

export type CommitResult =
  | { readonly kind: "committed"; readonly revision: number }
  /** A condition failed. `now`: what was read, as it is now, if it could be asked for along with the commit. */
  | { readonly kind: "conflict"; readonly now: Snapshot | null };

/**
 * Applies the writes if the conditions hold, exactly once: a lost answer is settled by the marker that was written along.
 * @throws ConclaveError TOO_LARGE before anything is sent; with outcome `"unknown"` only if the signal ended it, or the
 *   session was lost, before the end could be learned
 */
export async function commit(
  coordination: Coordination,
  markers: CommitMarkers,
  request: CommitRequest,
  signal: AbortSignal,
): Promise<CommitResult> {
  assertFits(request);
  const marker = await markers.take(signal);
  const nonce = drawNonce(coordination.runtime.prng);
  try {
    return await send(coordination, markers, marker, nonce, request, signal);
  } catch (error) {
    if (!(error instanceof ConclaveError)) throw error;
    if (error.outcome === "not-applied") {
      return await refused(coordination, markers, marker, error, signal);
    }
    return await settle(coordination, markers, marker, nonce, error, signal);
  }
}

/** Checks what a transaction that writes nothing has to check. */
export async function confirm(
  coordination: Coordination,
  { conditions, reads, opsMax }: CommitRequest,
  signal: AbortSignal,
): Promise<CommitResult> {
  assertFits({ conditions, reads, opsMax, writes: [] });
  const refresh = refreshOps(reads, opsMax);
  const { succeeded, revision, results } = await coordination
    .txn()
    .if(...conditions)
    // Some read, for without one etcd does not ask a quorum.
    .then(op.getAll({ key: "conclave.transact" }, { countOnly: true }))
    .else(...refresh)
    .commitAs("read", { signal });
  if (succeeded) return { kind: "committed", revision };
  return { kind: "conflict", now: snapshotOf(reads, refresh, revision, results) };
}

async function send(
  coordination: Coordination,
  markers: CommitMarkers,
  marker: CommitMarker,
  nonce: string,
  { conditions, writes, reads, opsMax }: CommitRequest,
  signal: AbortSignal,
): Promise<CommitResult> {
  const refresh = refreshOps(reads, opsMax - 1);
  const done = await coordination
    .txn()
    .if(...conditions, markerCondition(marker))
    .then(...writes, markerPut(marker, nonce))
    .else(op.get(marker.key), ...refresh)
    .commit({ signal });
  const { succeeded, revision } = done;
  if (succeeded) {
    marker.modRevision = revision;
    markers.giveBack(marker);
    return { kind: "committed", revision };
  }
  const [own, ...fresh] = done.results as [KeyValue | null, ...(readonly KeyValue[])[]];
  // Otherwise somebody else has written or deleted it: the next attempt takes another.
  if ((own?.modRevision ?? 0) === marker.modRevision) markers.giveBack(marker);
  return { kind: "conflict", now: snapshotOf(reads, refresh, revision, fresh) };
}

/** The server did nothing. If that is because the session's lease is gone, the next attempt gets another session. */
async function refused(
  coordination: Coordination,
  markers: CommitMarkers,
  marker: CommitMarker,
  error: ConclaveError,
  signal: AbortSignal,
): Promise<CommitResult> {
  if (error.code !== "LEASE_NOT_FOUND" || (await hasLease(coordination, marker, signal))) {
    markers.giveBack(marker);
    throw error;
  }
  marker.session.onLeaseNotFound();
  return { kind: "conflict", now: null };
}

/** Whether it is one of the caller's own leases that is gone. */
async function hasLease(
  coordination: Coordination,
  marker: CommitMarker,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await settleMarker(coordination, marker, "", signal);
    return true;
  } catch (error) {
    if (error instanceof ConclaveError && error.code === "LEASE_NOT_FOUND") return false;
    throw error;
  }
}

async function settle(
  coordination: Coordination,
  markers: CommitMarkers,
  marker: CommitMarker,
  nonce: string,
  uncertain: ConclaveError,
  signal: AbortSignal,
): Promise<CommitResult> {
  const { clock, prng } = coordination.runtime;
  const backoff = new Backoff(prng, SETTLE_RETRY_MIN_MS, SETTLE_RETRY_MAX_MS);
  // A store without space has answered: nothing is under way, and nothing more can be written.
  const isFull = uncertain.code === "NO_SPACE";
  const look = isFull ? readMarker : settleMarker;
  while (!signal.aborted && marker.session.state !== "lost") {
    let settled: Settled;
    try {
      settled = await look(coordination, marker, nonce, signal);
    } catch {
      await pause(clock, backoff.nextDelayMs(), signal).catch(() => {});
      continue;
    }
    if (settled.kind === "unknown") break;
    markers.giveBack(marker);
    if (settled.kind === "committed") return settled;
    if (!isFull) return { kind: "conflict", now: null };
    throw new ConclaveError("NO_SPACE", "not-applied", uncertain.message, { cause: uncertain });
  }
  throw uncertain;
}

/** Reading everything again, for the case that a condition fails; nothing if that is too much to ask along. */
function refreshOps(reads: ReadSet, opsMax: number): readonly Op<readonly KeyValue[]>[] {
  const ops = reads.refresh();
  return ops.length <= opsMax ? ops : [];
}

function snapshotOf(
  reads: ReadSet,
  refresh: readonly Op<readonly KeyValue[]>[],
  revision: number,
  results: readonly (readonly KeyValue[])[],
): Snapshot | null {
  return refresh.length === 0 ? null : reads.refreshed(revision, results);
}

function assertFits({ conditions, writes, opsMax }: CommitRequest): void {
  // One more of each is the marker's, if there are writes.
  const own = writes.length > 0 ? 1 : 0;
  for (const [what, count] of [
    ["conditions", conditions.length + own],
    ["operations", writes.length + own],
  ] as const) {
    if (count <= opsMax) continue;
    const message = `the transaction needs ${count} ${what}, the server takes ${opsMax}`;
    throw new ConclaveError("TOO_LARGE", "not-applied", message);
  }
}
