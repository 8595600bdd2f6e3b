import type { CallOptions } from "../kv/limits.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { Fence } from "../ownership/fence.ts";
import { entryFacts, isDelay, type StandingEntry, standingEntries } from "./queue-snapshot.ts";

/** Who made an entry, as far as it says so: entries of other clients say nothing. */
export interface LockOwner {
  /** The name of its machine. */
  readonly host: string | null;
  /** Its process, on that machine. */
  readonly pid: number | null;
  /** What the lock was asked for with. */
  readonly label: string | null;
}

/**
 * One place in the queue of a name.
 *
 * @example
 * ```ts
 * await using lock = await client.locks.acquire("order/42");
 * const { held } = await client.locks.query("order/42");
 * for (const { key, leaseId } of held) {
 *   const lease = await client.leases.timeToLive(leaseId); // of a dead holder: until then it blocks others
 *   console.log(key === lock.key, `${lease?.remaining} ms`); // true, …
 * }
 * ```
 */
export interface QueuedLock {
  /** Of the lock. */
  readonly name: string;
  /** `"delay"`: nobody holds it, and a lock-delay keeps everybody out. */
  readonly mode: "exclusive" | "shared" | "permits" | "delay";
  /** With mode `"permits"`: how many it takes. */
  readonly permits: number | null;
  /** With mode `"permits"`: out of how many. */
  readonly of: number | null;
  /** Who asked; null if the entry does not say, as those of other clients. */
  readonly owner: LockOwner | null;
  /** When it asked, by its own clock. */
  readonly since: Date | null;
  /** That of its hold, now or once it is its turn. */
  readonly fence: Fence;
  /** Its entry. Deleting it takes the lock, or the place in the queue, away. */
  readonly key: string;
  /** The lease that the entry dies with. */
  readonly leaseId: bigint;
}

/** A place in the queue whose turn has not come. */
export interface PendingLock extends QueuedLock {
  /** 1 for whoever is next. */
  readonly position: number;
  /** Keys of the entries that keep it out. */
  readonly waitingOn: readonly string[];
}

/** Locks and elections at one revision. */
export interface LockQuery {
  /** Store revision of the answer. */
  readonly revision: number;
  /** Who holds, by name and in the order of asking. */
  readonly held: readonly QueuedLock[];
  /** Who waits, by name and in the order of asking. */
  readonly pending: readonly PendingLock[];
  /** More keys than the limit began with the prefix; the last queue may be incomplete. */
  readonly isTruncated: boolean;
}

/**
 * How far {@link Locks.query} looks.
 *
 * @example
 * ```ts
 * await using _gpus = await client.locks.acquire("gpu", { permits: 3, of: 10, label: "training" });
 * const { held, pending, revision, isTruncated } = await client.locks.query("gpu", { limit: 1_000 });
 * for (const { name, mode, permits, of, owner, since } of held) {
 *   console.log(name, mode === "permits" ? `${permits} of ${of}` : mode, since?.toISOString());
 *   console.log(owner === null ? "of another client" : `${owner.label} on ${owner.host}, ${owner.pid}`);
 * }
 * for (const { name, position, waitingOn } of pending) {
 *   console.log(`${position} in the queue of ${name}, behind ${waitingOn.length}`);
 * }
 * console.log(`as of ${revision}`, isTruncated ? "and there is more" : "and that is all");
 * ```
 */
export interface LockQueryOptions extends CallOptions {
  /** Most keys that are read. Default 10,000. */
  readonly limit?: number;
}

const LIMIT_DEFAULT = 10_000;

/** Reads the queues of every name that begins with `prefix`. */
export async function queryLocks(
  coordination: Coordination,
  prefix: string,
  options: LockQueryOptions,
): Promise<LockQuery> {
  const { limit = LIMIT_DEFAULT } = options;
  if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError("limit: from 1 up");
  const { revision, items, more } = await coordination.kv.getAll({ prefix }, { ...options, limit });
  const entries = standingEntries(items);
  return { revision, ...separated(entries), isTruncated: more };
}

function separated(entries: readonly StandingEntry[]): Pick<LockQuery, "held" | "pending"> {
  const held: QueuedLock[] = [];
  const pending: PendingLock[] = [];
  const waiting = new Map<string, number>();
  for (const entry of entries) {
    const queued = describe(entry);
    if (entry.waitingOn.length === 0) {
      held.push(queued);
      continue;
    }
    const position = (waiting.get(entry.name) ?? 0) + 1;
    waiting.set(entry.name, position);
    pending.push({ ...queued, position, waitingOn: entry.waitingOn.map(({ keyText }) => keyText) });
  }
  return { held, pending };
}

function describe({ name, kv, claim }: StandingEntry): QueuedLock {
  const facts = entryFacts(kv);
  const isCounted = claim.kind === "permits";
  return {
    name,
    mode: isDelay(kv) ? "delay" : claim.kind,
    permits: isCounted ? claim.permits : null,
    of: isCounted ? claim.of : null,
    owner: facts === null || isDelay(kv) ? null : ownerOf(facts),
    since: dateOf(facts?.since),
    fence: new Fence(kv.createRevision),
    key: kv.keyText,
    leaseId: kv.leaseId,
  };
}

/** Who an entry's value says made it. */
export function ownerOf(facts: Readonly<Record<string, unknown>>): LockOwner {
  const { host, pid, label } = facts;
  return {
    host: typeof host === "string" ? host : null,
    pid: typeof pid === "number" ? pid : null,
    label: typeof label === "string" ? label : null,
  };
}

function dateOf(since: unknown): Date | null {
  const date = new Date(typeof since === "string" ? since : Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}
