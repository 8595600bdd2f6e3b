import { limitsOf } from "../kv/limits.ts";
import { AcquisitionLimit } from "../ownership/acquisition-limit.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { CANDIDATE_SUFFIX, enterQueue } from "../ownership/queue-entry.ts";
import { EXCLUSIVE } from "../ownership/queue-order.ts";
import type { CampaignOptions } from "./campaign-options.ts";
import { type ElectionValue, electionBytes } from "./election-value.ts";
import { Term } from "./term.ts";

/**
 * Stands for an election until it is won. The term's work is told to stop when `ending` aborts, too.
 * @throws ConclaveError TIMEOUT or CANCELLED, after which nothing is left in the queue; SessionLostError
 */
export async function campaign(
  coordination: Coordination,
  name: string,
  options: CampaignOptions & { readonly value: ElectionValue },
  ending: AbortSignal | null,
): Promise<Term> {
  const { value } = options;
  using limit = new AcquisitionLimit(coordination, limitsOf(options), () => {
    return `campaigning for ${JSON.stringify(name)}`;
  });
  const { session, closeOwn } = coordination.sessions.choose(options.session);
  try {
    limit.restOn(session);
    const { signal } = limit;
    const kind = { claim: EXCLUSIVE, suffix: CANDIDATE_SUFFIX };
    const entering = { names: [name], ...kind, value: electionBytes(value), session };
    let entry = await enterQueue(coordination, entering, signal);
    let revision = entry.createRevision;
    if (!entry.wasGranted) {
      const { standUntilElected } = await import("./stand.ts");
      ({ entry, revision } = await standUntilElected(coordination, entering, entry, signal));
    }
    session.assert();
    const term = new Term(coordination, entry, revision, value, closeOwn);
    if (ending !== null) term.endWith(ending);
    return term;
  } catch (error) {
    await closeOwn();
    throw error;
  }
}
