import { inDoubt } from "../abort.ts";
import { compare } from "../kv/compare.ts";
import type { KeyValue } from "../kv/key-value.ts";
import { op, type RangeResult } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { abandoned, entryKey, isUncertain } from "../ownership/queue-entry.ts";
import { disagreementError } from "../ownership/queue-place.ts";
import { drawNonce } from "../runtime.ts";
import type { Session } from "../session/session.ts";
import {
  arrivalText,
  type BarrierView,
  readView,
  roundsKey,
  viewOf,
  viewRead,
} from "./barrier-view.ts";
import type { Arrival } from "./rounds.ts";

export const TRIP_UNKNOWN = "whether the barrier tripped could not be found out";

/** Where a party stands, and for whom. */
export interface PartyTerms {
  readonly name: string;
  readonly parties: number;
  readonly session: Session;
}

/** A party whose key is there. */
export interface Arrived {
  readonly arrival: Arrival;
  /** The generation that had ended when it arrived. */
  readonly after: number;
  /** Whether an attempt to create the key was answered by silence, so that it may come late. */
  readonly wasUncertain: boolean;
  readonly view: BarrierView;
}

/**
 * Puts a party's key.
 * @throws ConclaveError (FAILED_PRECONDITION: those before it wait for another number of parties), SessionLostError,
 *   or the signal's reason, with outcome `"unknown"` if the others may have counted on this party. The key is gone then,
 *   or will be.
 */
export async function arrive(
  coordination: Coordination,
  terms: PartyTerms,
  signal: AbortSignal,
): Promise<Arrived> {
  const { name, parties, session } = terms;
  const leaseId = await session.open({ signal });
  const key = entryKey(name, leaseId, drawNonce(coordination.runtime.prng));
  const reads = [op.get(key), viewRead(name)] as const;
  let isUnderWay = false;
  let wasUncertain = false;
  try {
    let view = await readView(coordination, name, { signal });
    const after = view.rounds.generation;
    assertAgreement(name, { key, revision: Number.POSITIVE_INFINITY, parties }, view);
    for (;;) {
      try {
        isUnderWay = true;
        // Guarded by the rounds, so that a request that comes late, when this party has gone on, is no party.
        const isSame = compare({ key: roundsKey(name) }).modRevision.eq(view.roundsRevision);
        const { results } = await coordination
          .txn()
          .if(compare({ key }).absent(), isSame)
          .then(op.put(key, arrivalText(parties), { leaseId }), ...reads)
          .else(...reads)
          .commit({ signal });
        isUnderWay = false;
        const [own, all] = results.slice(-reads.length) as [KeyValue | null, RangeResult];
        view = viewOf(name, all);
        if (own === null) continue; // A round ended meanwhile.
        const arrival = { key, revision: own.createRevision, parties };
        assertAgreement(name, arrival, view);
        return { arrival, after, wasUncertain, view };
      } catch (error) {
        // The same key again: two arrivals cannot come of it.
        if (!isUncertain(error) || signal.aborted) throw error;
        wasUncertain = true;
      }
    }
  } catch (error) {
    const reason = abandoned(coordination, session, [key], signal, error);
    throw isUnderWay && (signal.aborted || isUncertain(error))
      ? inDoubt(reason, TRIP_UNKNOWN)
      : reason;
  }
}

/** @throws ConclaveError FAILED_PRECONDITION */
function assertAgreement(name: string, own: Arrival, { arrivals, rounds }: BarrierView): void {
  const first = arrivals.find(({ revision }) => revision > rounds.upTo);
  if (first === undefined || first.revision > own.revision) return;
  if (first.parties === own.parties) return;
  throw disagreementError(name, `it is for ${first.parties} parties, not for ${own.parties}`);
}
