import type {
  ModelEvent,
  ReferenceModel,
} from "../../../packages/state-machine/src/reference-model.ts";
import type { ElectedTerm, History, Observed, Proclamation } from "../history.ts";
import { firstInQueue } from "./queue.ts";
import type { LeaseEnd } from "./replay.ts";
import { check } from "./violation.ts";
import { samePair } from "./watches.ts";

export const ELECTION = "election";
const PREFIX = `${ELECTION}/`;

/**
 * K5, for the server's election service: who is told that he leads stands first (K1); a term ends when its leader, or its
 * lease, wants it; only the term in whose name it was asked proclaims and resigns; observers are told of who leads, in the
 * order of revisions, and of everything that a leader they were told of proclaims.
 */
export function checkElections(
  { terms, proclamations, observed }: Pick<History, "terms" | "proclamations" | "observed">,
  model: ReferenceModel,
  leaseEnds: ReadonlyMap<bigint, LeaseEnd>,
): void {
  const events = model.ledger.filter(({ key }) => key.startsWith(PREFIX));
  for (const term of terms) checkTerm(term, model, events, leaseEnds);
  for (const proclamation of proclamations) checkProclamation(proclamation, events);
  for (const each of observed) checkObserved(each, model, events);
}

function checkTerm(
  term: ElectedTerm,
  model: ReferenceModel,
  events: readonly ModelEvent[],
  leaseEnds: ReadonlyMap<bigint, LeaseEnd>,
): void {
  const { client, key, fence, revision, lease, isEndAsked, resignedAt } = term;
  const first = firstInQueue(model, PREFIX, revision);
  check(
    first?.key === key && first.create === fence,
    () => `K1: ${client} leads by ${key} of ${fence} at ${revision}, but first is ${first?.key}`,
  );
  const end = events.find((event) => event.key === key && event.revision > fence && !event.pair);
  check(
    end === undefined || isEndAsked || leaseEnds.get(lease)?.isExpired === true,
    () => `K5: the term of ${client} by ${key} of ${fence} ended at ${end?.revision}, unasked`,
  );
  check(
    resignedAt === 0 || (end !== undefined && end.revision <= resignedAt),
    () => `K5: ${client} resigned ${key} of ${fence} by ${resignedAt}, and it is still there`,
  );
}

function checkProclamation(
  { client, key, fence, value, revision, isRefused }: Proclamation,
  events: readonly ModelEvent[],
): void {
  const told = events.find(({ pair }) => pair?.value === value);
  check(
    told === undefined || (told.key === key && told.pair?.create === fence),
    () =>
      `K5: ${client} proclaimed for ${key} of ${fence}, in force it came for ${told?.key} of ${told?.pair?.create}`,
  );
  check(
    !isRefused || told === undefined,
    () => `K5: refused to ${client}, and in force since ${told?.revision}: ${value}`,
  );
  check(
    revision === 0 || told?.revision === revision,
    () => `K5: answered to ${client} at ${revision}, in force since ${told?.revision}: ${value}`,
  );
}

function checkObserved(
  { client, leaders }: Observed,
  model: ReferenceModel,
  events: readonly ModelEvent[],
): void {
  for (const [at, { revision, key, pair }] of leaders.entries()) {
    const first = firstInQueue(model, PREFIX, revision);
    check(
      first?.key === key && samePair(pair, first),
      () =>
        `K5: ${client} saw ${key} of ${pair.createRevision} lead at ${revision}, not ${first?.key}`,
    );
    const next = leaders[at + 1];
    if (next === undefined) continue;
    check(next.revision > revision, () => `K5: ${client} saw ${next.revision} after ${revision}`);
    const missed = events.find(
      (event) =>
        event.key === key &&
        event.pair?.create === pair.createRevision &&
        event.revision > revision &&
        event.revision < next.revision,
    );
    check(
      missed === undefined,
      () => `K5: ${client} was not told what ${key} proclaimed at ${missed?.revision}`,
    );
  }
}
