import { OperationLimit, orAborted } from "../abort.ts";
import { ConclaveError } from "../errors.ts";
import { limitsOf } from "../kv/limits.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { isUncertain } from "../ownership/queue-entry.ts";
import { type CommitResult, commit, confirm } from "./commit.ts";
import { CommitMarkers } from "./commit-marker.ts";
import { Contention } from "./contention.ts";
import { type TransactOptions, type TransactTerms, transactTerms } from "./options.ts";
import { type Snapshot, SnapshotReader } from "./snapshot-reader.ts";
import { Transaction } from "./transaction.ts";

/** The body of a transaction. It may run several times, so it does nothing but read and write through `tx`. */
export type TransactBody<Value> = (tx: Transaction) => Value | Promise<Value>;

/** What {@link Client.transact} did. */
export interface Transacted<Value> {
  /** What the body returned the time that it was committed. */
  readonly value: Value;
  /** Of the commit; if nothing was written, the one at which all that was read held. */
  readonly revision: number;
  /** How often the body ran. */
  readonly attempts: number;
}

/** What the transactions of one client share. */
const markersOf = new WeakMap<Coordination, CommitMarkers>();

/** See {@link Client.transact}. `known`: what the caller knows of the store, to save the first read. */
export async function transact<Value>(
  coordination: Coordination,
  body: TransactBody<Value>,
  options: TransactOptions,
  known: Snapshot | null = null,
): Promise<Transacted<Value>> {
  const terms = transactTerms(options);
  using limit = new OperationLimit(
    coordination.runtime.clock,
    "the transaction",
    limitsOf(options),
  );
  await using contention = new Contention(coordination, terms);
  try {
    return await attempts(coordination, body, terms, contention, limit.signal, known);
  } catch (error) {
    // Only a commit's doubt says more than what ended it.
    throw limit.signal.aborted && !isUncertain(error) ? limit.signal.reason : error;
  }
}

async function attempts<Value>(
  coordination: Coordination,
  body: TransactBody<Value>,
  terms: TransactTerms,
  contention: Contention,
  signal: AbortSignal,
  firstKnown: Snapshot | null,
): Promise<Transacted<Value>> {
  let known = firstKnown;
  for (let attempt = 1; attempt <= terms.attemptsMax; attempt += 1) {
    const { isSnapshot, checksReads: remembers } = terms.isolation;
    const reader = new SnapshotReader(coordination, isSnapshot, signal, known);
    const tx = new Transaction({ attempt, signal, reader, known, remembers });
    const run = await runBody(tx, body, signal);
    const result: CommitResult = run.isOutdated
      ? { kind: "conflict", now: null }
      : await finish(coordination, tx, reader, terms, signal);
    if (result.kind === "committed") {
      for (const callback of tx.callbacks) runCallback(() => callback(result.revision));
      return { value: run.value as Value, revision: result.revision, attempts: attempt };
    }
    for (const hold of tx.required) await hold.verify({ signal });
    const changed = result.now && tx.reads.changedIn(result.now);
    const isFresh =
      attempt < terms.attemptsMax && (await contention.afterConflict(changed, signal));
    known = isFresh ? result.now : null;
  }
  const message = `the transaction met a conflict at each of ${terms.attemptsMax} attempts`;
  throw new ConclaveError("CONFLICT", "not-applied", message);
}

/** Runs the body once. Its error passes through, unless it comes from a revision that is gone. */
async function runBody<Value>(
  tx: Transaction,
  body: TransactBody<Value>,
  signal: AbortSignal,
): Promise<{ readonly isOutdated: boolean; readonly value?: Value }> {
  try {
    signal.throwIfAborted();
    const value = await orAborted((async () => body(tx))(), signal);
    const { isOutdated, aborted } = tx.close();
    if (aborted !== null) throw aborted;
    return { isOutdated, value };
  } catch (error) {
    const { isOutdated } = tx.close();
    if (!isOutdated || signal.aborted) throw error;
    return { isOutdated };
  }
}

async function finish(
  coordination: Coordination,
  tx: Transaction,
  reader: SnapshotReader,
  { isolation, opsMax }: TransactTerms,
  signal: AbortSignal,
): Promise<CommitResult> {
  const { reads, writes, required } = tx;
  for (const hold of required) hold.assert();
  const guards = required.map(({ guard }) => guard);
  const snapshotRevision = await reader.revision();
  const isReadOnly = writes.size === 0;
  if (isReadOnly && guards.length === 0 && snapshotRevision !== null) {
    return { kind: "committed", revision: snapshotRevision }; // One revision needs no second look.
  }
  const conditions = [...guards, ...reads.conditions()];
  if (snapshotRevision !== null) {
    if (isolation.checksPhantoms) conditions.push(...reads.phantomConditions(snapshotRevision));
    if (isolation.checksWrites) {
      conditions.push(...writes.conditions(snapshotRevision, reads.pairs));
    }
  }
  const request = { conditions, writes: writes.ops(), reads, opsMax };
  if (isReadOnly) return confirm(coordination, request, signal);
  return commit(coordination, markersFor(coordination), request, signal);
}

function markersFor(coordination: Coordination): CommitMarkers {
  const known = markersOf.get(coordination);
  if (known !== undefined) return known;
  const markers = new CommitMarkers(coordination);
  markersOf.set(coordination, markers);
  return markers;
}

/** The commit stands whatever a callback does, so its error has nowhere to go but up. */
function runCallback(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
