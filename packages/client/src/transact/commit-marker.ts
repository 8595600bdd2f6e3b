import { type Comparison, compare } from "../kv/compare.ts";
import { type Op, op } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { drawNonce } from "../runtime.ts";
import type { Session } from "../session/session.ts";

/** Markers kept for the next commits. Count; beyond it a marker is deleted after use. */
const IDLE_MARKERS_MAX = 16;
const MARKER_PREFIX = "conclave.transact/commit/";

/**
 * A key of this client alone, on its session's lease, which a commit writes along with its own keys. If the answer is lost,
 * the marker tells whether the commit took effect; and because the commit also demands that the marker is as it was,
 * writing it makes sure that a commit which is still under way never will (failure mode 7).
 */
export interface CommitMarker {
  readonly session: Session;
  readonly leaseId: bigint;
  readonly key: string;
  /** Revision of its last write; 0 while it does not exist. */
  modRevision: number;
}

/** The markers of one client: one for each commit that is under way, and some to use again. */
export class CommitMarkers {
  readonly #coordination: Coordination;
  #idle: CommitMarker[] = [];

  constructor(coordination: Coordination) {
    this.#coordination = coordination;
  }

  async take(signal: AbortSignal): Promise<CommitMarker> {
    const session = this.#coordination.sessions.usable();
    this.#idle = this.#idle.filter((marker) => marker.session === session);
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const leaseId = await session.open({ signal });
    const nonce = drawNonce(this.#coordination.runtime.prng);
    const key = `${MARKER_PREFIX}${leaseId.toString(16)}-${nonce}`;
    return { session, leaseId, key, modRevision: 0 };
  }

  /** After a commit whose end is known. */
  giveBack(marker: CommitMarker): void {
    if (this.#idle.length < IDLE_MARKERS_MAX) this.#idle.push(marker);
    else this.discard(marker);
  }

  /** After any other: something may still be under way that writes it. */
  discard(marker: CommitMarker): void {
    this.#coordination.debris.add(marker.session, marker.key, { again: true });
  }
}

/** Nobody has written the marker since this client did. */
export function markerCondition({ key, modRevision }: CommitMarker): Comparison {
  return compare({ key }).modRevision.eq(modRevision);
}

export function markerPut({ key, leaseId }: CommitMarker, nonce: string): Op<unknown> {
  return op.put(key, nonce, { leaseId });
}

/**
 * Finds out whether the commit with `nonce` took effect, and if not, sees to it that it never does.
 * Safe to repeat: both answers are final.
 * @returns the revision of the commit, or null
 */
export async function settleMarker(
  coordination: Coordination,
  marker: CommitMarker,
  nonce: string,
  signal: AbortSignal,
): Promise<number | null> {
  const { succeeded, results } = await coordination
    .txn()
    .if(compare({ key: marker.key }).value.eq(nonce))
    .then(op.get(marker.key))
    .else(markerPut(marker, ""))
    .commitAs("idempotent", { signal });
  return succeeded ? (results[0]?.modRevision ?? null) : null;
}

/** Whether the commit took effect, where nothing can be under way any more. @returns its revision, or null */
export async function readMarker(
  coordination: Coordination,
  marker: CommitMarker,
  nonce: string,
  signal: AbortSignal,
): Promise<number | null> {
  const pair = await coordination.kv.get(marker.key, { signal });
  return pair?.text === nonce ? pair.modRevision : null;
}
