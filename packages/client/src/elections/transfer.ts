import { inDoubt, OperationLimit } from "../abort.ts";
import { ConclaveError } from "../errors.ts";
import { type Comparison, compare } from "../kv/compare.ts";
import type { KeyValue } from "../kv/key-value.ts";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import { op } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { CANDIDATE_SUFFIX, isUncertain, queuePrefix } from "../ownership/queue-entry.ts";
import { isEntry } from "../ownership/queue-place.ts";

/** Candidates that can step back in one transaction: three of its 128 operations and conditions each. */
const STEP_BACK_MAX = 40;

/** After `<name>/`. Only candidates of this SDK know what to do when they have to step back; locks do not. */
const CANDIDATE = new RegExp(`^[0-9a-f]+-[0-9a-f]{16}${CANDIDATE_SUFFIX}$`);

/** What tells the candidate with this key that it was not thrown out, but has to step back. */
export const transferMark = (key: string): string => `conclave.transfer/${key}`;

/** The term that is handed over. */
export interface Outgoing {
  readonly name: string;
  readonly key: string;
  readonly guard: Comparison;
}

/**
 * Ends a term in favour of one candidate, at one revision: deletes the leader's key and those of the candidates before the
 * named one, who stand again behind the others. Nobody leads in between.
 * @returns false if the term was over before
 * @throws ConclaveError FAILED_PRECONDITION if there is no such candidate, or one in between cannot step back
 */
export async function transferLead(
  coordination: Coordination,
  outgoing: Outgoing,
  to: string,
  options: CallOptions,
): Promise<boolean> {
  const { clock } = coordination.runtime;
  const what = `handing over ${JSON.stringify(outgoing.name)}`;
  using limit = new OperationLimit(clock, what, limitsOf(options));
  const { signal } = limit;
  const attempt = { wasUncertain: false };
  try {
    return await handOver(coordination, outgoing, to, attempt, signal);
  } catch (error) {
    throw attempt.wasUncertain ? inDoubt(error) : error;
  }
}

async function handOver(
  coordination: Coordination,
  outgoing: Outgoing,
  to: string,
  attempt: { wasUncertain: boolean },
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const queue = await candidatesOf(coordination, outgoing.name, signal);
    if (!queue.some(({ keyText }) => keyText === outgoing.key)) {
      // Gone after doubt: by the transfer, if the one it names is first now.
      return attempt.wasUncertain && queue[0]?.keyText === to;
    }
    const { inBetween, named } = planOf(queue, outgoing, to);
    const places = [...inBetween, named];
    try {
      const { succeeded } = await coordination
        .txn()
        .if(outgoing.guard, ...places.map(standsStill))
        .then(
          op.delete(outgoing.key),
          ...inBetween.map(({ key }) => op.delete(key)),
          ...inBetween.map((each) => markOf(each, named)),
        )
        .commit({ signal });
      if (succeeded) return true;
    } catch (error) {
      if (!isUncertain(error)) throw error;
      attempt.wasUncertain = true;
      if (signal.aborted) throw error;
    }
  }
}

/** On the candidate's own lease: it is there for as long as there is somebody to read it. */
const markOf = ({ keyText, leaseId }: KeyValue, named: KeyValue) =>
  op.put(transferMark(keyText), named.key, { leaseId });

const standsStill = ({ key, createRevision }: KeyValue): Comparison =>
  compare({ key }).createRevision.eq(createRevision);

async function candidatesOf(
  { kv }: Coordination,
  name: string,
  signal: AbortSignal,
): Promise<readonly KeyValue[]> {
  const { items } = await kv.getAll(
    { prefix: queuePrefix(name) },
    { signal, keysOnly: true, sort: { by: "create", order: "ascend" } },
  );
  return items.filter(isEntry);
}

function planOf(queue: readonly KeyValue[], { name, key }: Outgoing, to: string) {
  const named = queue.find(({ keyText }) => keyText === to);
  if (named === undefined) throw refusal(name, `${to} is no candidate`);
  const at = (text: string) => queue.findIndex(({ keyText }) => keyText === text);
  const inBetween = queue.slice(at(key) + 1, at(to));
  const { length } = queuePrefix(name);
  const foreign = inBetween.find(({ keyText }) => !CANDIDATE.test(keyText.slice(length)));
  if (foreign !== undefined) {
    throw refusal(name, `${foreign.keyText} stands before it, and its client cannot step back`);
  }
  if (inBetween.length > STEP_BACK_MAX) {
    throw refusal(name, `more than ${STEP_BACK_MAX} candidates stand before it`);
  }
  return { inBetween, named };
}

function refusal(name: string, why: string): ConclaveError {
  const message = `${JSON.stringify(name)} cannot be handed over: ${why}`;
  return new ConclaveError("FAILED_PRECONDITION", "not-applied", message);
}
