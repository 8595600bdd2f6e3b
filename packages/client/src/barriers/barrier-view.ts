import type { CallOptions } from "../kv/limits.ts";
import { type Op, op, type RangeResult } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { queuePrefix } from "../ownership/queue-entry.ts";
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

/** What {@link viewOf} takes: the parties, and the rounds among them. */
export const viewRead = (name: string): Op<RangeResult> => op.getAll({ prefix: queuePrefix(name) });

export function viewOf(name: string, { revision, items }: RangeResult): BarrierView {
  const key = roundsKey(name);
  const rounds = items.find(({ keyText }) => keyText === key);
  const arrivals = items
    .map((item) => arrivalOf(name, item.keyText, item))
    .filter((arrival) => arrival !== null)
    .sort((a, b) => a.revision - b.revision);
  return {
    revision,
    rounds: Rounds.fromText(key, rounds?.text ?? null),
    roundsRevision: rounds?.modRevision ?? 0,
    arrivals,
  };
}

/** The barrier now, by a linearizable read. */
export async function readView(
  { kv }: Coordination,
  name: string,
  options: CallOptions,
): Promise<BarrierView> {
  return viewOf(name, await kv.getAll({ prefix: queuePrefix(name) }, options));
}

/** What a party's key says. */
export const arrivalText = (parties: number): string => JSON.stringify({ parties });

/** What is known of a key under a barrier's name. */
interface Found {
  readonly createRevision: number;
  readonly leaseId: bigint;
  readonly text: string;
}

/** Null for a key that is no party's, such as one of a barrier whose name begins with this name and a slash. */
export function arrivalOf(name: string, key: string, found: Found): Arrival | null {
  if (found.leaseId === 0n || key.includes("/", queuePrefix(name).length)) return null;
  try {
    const { parties } = JSON.parse(found.text);
    const revision = found.createRevision;
    return Number.isSafeInteger(parties) ? { key, revision, parties } : null;
  } catch {
    return null;
  }
}
