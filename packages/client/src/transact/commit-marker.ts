import { type Comparison, compare } from "../kv/compare.ts";
import type { KeyValue } from "../kv/key-value.ts";
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

  /**
   * After a commit whose end is known. One whose end is not is never used again: it goes with its lease, not before, for if
   * it were absent again a commit that is still under way might find it as it expects it.
   */
  giveBack(marker: CommitMarker): void {
    if (this.#idle.length < IDLE_MARKERS_MAX) this.#idle.push(marker);
    else this.#coordination.debris.add(marker.session, marker.key, { again: false });
  }
}

/** Nobody has written the marker since this client did. */
export function markerCondition({ key, modRevision }: CommitMarker): Comparison {
  return compare({ key }).modRevision.eq(modRevision);
}

export function markerPut({ key, leaseId }: CommitMarker, nonce: string): Op<unknown> {
  return op.put(key, nonce, { leaseId });
}

/** Whether a commit took effect, and where. `unknown`: the marker is gone, with its lease or by someone's hand. */
export type Settled =
  | { readonly kind: "committed"; readonly revision: number }
  | { readonly kind: "not-committed" }
  | { readonly kind: "unknown" };

/**
 * Finds out whether the commit with `nonce` took effect, and if not, sees to it that it never does. Safe to repeat, even
 * late: it writes only while the marker is as it was before the commit.
 */
export async function settleMarker(
  coordination: Coordination,
  marker: CommitMarker,
  nonce: string,
  signal: AbortSignal,
): Promise<Settled> {
  const { succeeded, revision, results } = await coordination
    .txn()
    .if(markerCondition(marker))
    .then(markerPut(marker, voided(nonce)))
    .else(op.get(marker.key))
    .commitAs("idempotent", { signal });
  if (succeeded) {
    marker.modRevision = revision;
    return { kind: "not-committed" };
  }
  return settledBy(marker, nonce, results[0]);
}

/** The same where nothing can be under way any more, by a look. */
export async function readMarker(
  coordination: Coordination,
  marker: CommitMarker,
  nonce: string,
  signal: AbortSignal,
): Promise<Settled> {
  const pair = await coordination.kv.get(marker.key, { signal });
  const isAsBefore = (pair?.modRevision ?? 0) === marker.modRevision;
  return isAsBefore ? { kind: "not-committed" } : settledBy(marker, nonce, pair);
}

function settledBy(marker: CommitMarker, nonce: string, pair: KeyValue | null): Settled {
  const text = pair?.text;
  if (pair === null || (text !== nonce && text !== voided(nonce))) return { kind: "unknown" };
  marker.modRevision = pair.modRevision;
  if (text !== nonce) return { kind: "not-committed" };
  return { kind: "committed", revision: pair.modRevision };
}

const voided = (nonce: string): string => `void ${nonce}`;
