import type { KeyValue } from "../kv/key-value.ts";
import type { CallOptions } from "../kv/limits.ts";
import { op, type RangeResult } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { isEntry, queuePrefix } from "../ownership/queue-entry.ts";
import { type Arrival, Rounds } from "./rounds.ts";

/** A barrier at one revision. */
export interface BarrierView {
  readonly revision: number;
  readonly rounds: Rounds;
  /** When the rounds were last written; 0 if there were none yet. */
  readonly roundsRevision: number;
  /** All parties whose keys are there, in the order of their arrival. */
  readonly arrivals: readonly Arrival[];
}

/** What keeps the rounds of a barrier. It is no party's key, for it has no lease. */
export const roundsKey = (name: string): string => `${queuePrefix(name)}rounds`;

/** What to read in a transaction for {@link viewOf}. */
export const viewReads = (name: string) =>
  [op.get(roundsKey(name)), op.getAll({ prefix: queuePrefix(name) })] as const;

export function viewOf(
  name: string,
  revision: number,
  rounds: KeyValue | null,
  queue: RangeResult,
): BarrierView {
  const arrivals = queue.items
    .filter(isEntry)
    .map(({ keyText, createRevision, text }) => arrivalOf(keyText, createRevision, text))
    .filter((arrival) => arrival !== null)
    .sort((a, b) => a.revision - b.revision);
  return {
    revision,
    rounds: Rounds.fromText(roundsKey(name), rounds?.text ?? null),
    roundsRevision: rounds?.modRevision ?? 0,
    arrivals,
  };
}

/** The barrier now, by a linearizable read. */
export async function readView(
  coordination: Coordination,
  name: string,
  options: CallOptions,
): Promise<BarrierView> {
  const { revision, results } = await coordination
    .txn()
    .then(...viewReads(name))
    .commit(options);
  const [rounds, queue] = results as [KeyValue | null, RangeResult];
  return viewOf(name, revision, rounds, queue);
}

/** What a party's key says. */
export const arrivalText = (parties: number): string => JSON.stringify({ parties });

/** Null for a key that is no party's. */
export function arrivalOf(key: string, revision: number, text: string): Arrival | null {
  try {
    const { parties } = JSON.parse(text);
    return Number.isSafeInteger(parties) ? { key, revision, parties } : null;
  } catch {
    return null;
  }
}
