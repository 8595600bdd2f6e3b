import { inDoubt } from "../abort.ts";
import { ConclaveError } from "../errors.ts";
import { compare } from "../kv/compare.ts";
import type { KeyValue } from "../kv/key-value.ts";
import { limitsOf } from "../kv/limits.ts";
import { op } from "../kv/op.ts";
import { AcquisitionLimit } from "../ownership/acquisition-limit.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { isUncertain, type QueueEntry, queuePrefix } from "../ownership/queue-entry.ts";
import { EXCLUSIVE } from "../ownership/queue-order.ts";
import type { Session } from "../session/session.ts";
import type { ResumeOptions } from "./campaign-options.ts";
import { Term } from "./term.ts";

/**
 * Moves the key of a term to a session of this client. Its create revision stays, and with it the fence and the place; a
 * former holder that is still alive sees its key on a foreign lease, and stops.
 */
export async function resumeTerm(
  coordination: Coordination,
  name: string,
  token: string,
  options: ResumeOptions,
): Promise<Term | null> {
  const place = placeIn(name, token);
  const what = () => `resuming ${JSON.stringify(name)}`;
  using limit = new AcquisitionLimit(coordination, limitsOf(options), what);
  const { session, closeOwn } = coordination.sessions.choose(options.session);
  limit.restOn(session);
  const attempt: Attempt = { wasUncertain: false };
  try {
    const taken = await takeOver(coordination, place, session, attempt, limit.signal);
    if (taken === null) {
      await closeOwn();
      return null;
    }
    const { entry, revision, value } = taken;
    session.assert();
    return new Term(coordination, { ...entry, names: [name] }, revision, value, closeOwn, revision);
  } catch (error) {
    const reason = givenUp(coordination, place, session, attempt, error);
    await closeOwn();
    const told = limit.signal.aborted ? limit.signal.reason : reason;
    throw attempt.wasUncertain ? inDoubt(told) : told;
  }
}

/**
 * Gives the term up if it may rest on the session by now, or may yet: nobody would be its leader, for as long as the
 * session lives. Once its key is gone, a request that is still under way moves nothing.
 */
function givenUp(
  coordination: Coordination,
  { key }: Place,
  session: Session,
  { wasUncertain }: Attempt,
  error: unknown,
): unknown {
  if (wasUncertain) coordination.debris.add(session, key, { again: false });
  if (!(error instanceof ConclaveError) || error.code !== "LEASE_NOT_FOUND") return error;
  session.onLeaseNotFound();
  return session.signal.reason;
}

/** A takeover under way. */
interface Attempt {
  /** Whether a request was answered by silence: it may have moved the key, or may yet. */
  wasUncertain: boolean;
}

interface Place {
  readonly key: string;
  readonly createRevision: number;
}

/** @throws TypeError */
function placeIn(name: string, token: string): Place {
  let decoded: unknown;
  try {
    decoded = JSON.parse(Buffer.from(token, "base64url").toString());
  } catch {
    throw new TypeError("token: not the token of a term");
  }
  const [key, createRevision] = Array.isArray(decoded) ? decoded : [];
  if (typeof key !== "string" || !Number.isSafeInteger(createRevision) || createRevision < 1) {
    throw new TypeError("token: not the token of a term");
  }
  const prefix = queuePrefix(name);
  if (!key.startsWith(prefix) || key.indexOf("/", prefix.length) !== -1) {
    throw new TypeError(`token: of another election than ${JSON.stringify(name)}`);
  }
  return { key, createRevision };
}

async function takeOver(
  coordination: Coordination,
  { key, createRevision }: Place,
  session: Session,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<{
  readonly entry: Omit<QueueEntry, "names">;
  readonly revision: number;
  readonly value: Uint8Array;
} | null> {
  const leaseId = await session.open({ signal });
  const claimed = {
    claim: EXCLUSIVE,
    keys: [key],
    companionKeys: [],
    session,
    leaseId,
    nonce: null,
  };
  const entry = {
    ...claimed,
    createRevision,
    wasUncertain: false,
    wasGranted: true,
    local: null,
    before: null,
  };
  for (;;) {
    const own: KeyValue | null = await coordination.kv.get(key, { signal });
    if (own?.createRevision !== createRevision) return null;
    const { modRevision, value } = own;
    if (own.leaseId === leaseId) {
      if (attempt.wasUncertain) return { entry, revision: modRevision, value };
      const message = "the term goes on: a session holds it that it would be resumed on";
      throw new ConclaveError("FAILED_PRECONDITION", "not-applied", message);
    }
    try {
      const { succeeded, revision } = await coordination
        .txn()
        .if(compare({ key }).modRevision.eq(modRevision))
        .then(op.put(key, value, { leaseId }))
        .commit({ signal });
      if (succeeded) return { entry, revision, value };
    } catch (error) {
      if (!isUncertain(error)) throw error;
      attempt.wasUncertain = true;
      if (signal.aborted) throw error;
    }
  }
}
