import type { Cluster, Observer, SimulatedMember } from "@conclave/testing/cluster";
import type { Hold, LeaseLife, Pair, Read, Watched, WatchedEvent, Write } from "./history.ts";

/** A promise of the cluster that was not kept. */
export class Violation extends Error {
  override readonly name = "Violation";
}

function check(condition: boolean, message: () => string): void {
  if (!condition) throw new Violation(message());
}

interface Seen {
  incarnation: number;
  revision: number;
  appliedIndex: number;
  term: number;
}

/** What must hold after every event. The names R1, R10, R19 and M1 are those of the invariants' table. */
export class LiveChecks implements Observer {
  readonly #leaders = new Map<number, string>();
  readonly #hashes = new Map<number, number>();
  readonly #seen = new Map<string, Seen>();
  /** When a revision was first there on any member, by revision. Virtual ms. */
  readonly #appearedMs: number[] = [];

  /** Terms that had a leader. */
  get leaderCount(): number {
    return this.#leaders.size;
  }

  appearedMs(revision: number): number {
    return this.#appearedMs[revision] ?? Number.POSITIVE_INFINITY;
  }

  onEvent(cluster: Cluster): void {
    for (const member of cluster.running) this.#look(cluster, member);
  }

  #look(cluster: Cluster, member: SimulatedMember): void {
    const { node, name, incarnation } = member;
    if (node === null) return;
    const { raft, machine } = node.member;
    const seen = this.#seenOf(name, incarnation);
    check(raft.term >= seen.term, () => `R10: the term of ${name} fell to ${raft.term}`);
    seen.term = raft.term;
    if (raft.role === "leader") this.#onLeader(raft.term, name);
    const { appliedIndex, revision } = machine;
    if (!machine.isLoaded || appliedIndex === seen.appliedIndex) return;
    check(appliedIndex >= seen.appliedIndex, () => `R10: the applied index of ${name} fell`);
    check(revision >= seen.revision, () => `M1: the revision of ${name} fell to ${revision}`);
    seen.appliedIndex = appliedIndex;
    seen.revision = revision;
    for (let at = this.#appearedMs.length; at <= revision; at += 1) {
      this.#appearedMs.push(cluster.clock.nowMs());
    }
    this.#compareState(name, appliedIndex, machine.stateHash());
  }

  #onLeader(term: number, name: string): void {
    const known = this.#leaders.get(term);
    if (known === undefined) this.#leaders.set(term, name);
    else check(known === name, () => `R1: ${known} and ${name} both lead in term ${term}`);
  }

  #compareState(name: string, appliedIndex: number, hash: number): void {
    const known = this.#hashes.get(appliedIndex);
    if (known === undefined) this.#hashes.set(appliedIndex, hash);
    else check(known === hash, () => `R19: the state of ${name} at index ${appliedIndex} differs`);
  }

  #seenOf(name: string, incarnation: number): Seen {
    const known = this.#seen.get(name);
    if (known !== undefined && known.incarnation === incarnation) return known;
    // A term that was not yet durable was told to nobody; state that was not is applied again from the log.
    const fresh = { incarnation, revision: 0, appliedIndex: 0, term: 0 };
    this.#seen.set(name, fresh);
    return fresh;
  }
}

/** Every change there was, in order: what a watch from revision 1 delivers in the end. */
export type Ledger = readonly WatchedEvent[];

/** The state at each revision, by replaying the ledger: a second, naive implementation. */
export class LedgerStates {
  /** By revision: the keys that exist. */
  readonly #states: ReadonlyMap<string, Pair>[] = [new Map(), new Map()];
  readonly lastRevision: number;

  constructor(ledger: Ledger) {
    for (const event of ledger) this.#add(event);
    this.lastRevision = this.#states.length - 1;
  }

  at(revision: number): ReadonlyMap<string, Pair> {
    const state = this.#states[revision];
    if (state === undefined) throw new Violation(`revision ${revision} is in no ledger`);
    return state;
  }

  #add({ revision, key, value }: WatchedEvent): void {
    const last = this.#states.length - 1;
    check(
      revision === last || revision === last + 1,
      () => `M1: revision ${revision} follows ${last} in the ledger`,
    );
    const state = new Map(this.#states[last]);
    const before = state.get(key);
    if (value === null) {
      check(before !== undefined, () => `M2: ${key} was deleted at ${revision} but did not exist`);
      state.delete(key);
    } else {
      const createRevision = before?.createRevision ?? revision;
      const version = (before?.version ?? 0) + 1;
      state.set(key, { key, value, modRevision: revision, createRevision, version });
    }
    this.#states[revision] = state;
  }
}

/** R16, M4, M6: every answered write is in the ledger as answered, and no write is there twice or after its refusal. */
export function checkWrites(writes: readonly Write[], ledger: Ledger, states: LedgerStates): void {
  const revisionOfValue = new Map<string, number>();
  for (const { value, revision } of ledger) {
    if (value === null || value === "") continue;
    check(!revisionOfValue.has(value), () => `R16: ${value} was written twice`);
    revisionOfValue.set(value, revision);
  }
  for (const write of writes) {
    const at = revisionOfValue.get(write.value);
    if (write.isRefused) check(at === undefined, () => `refused, but applied: ${textOf(write)}`);
    if (write.revision > 0) checkAnswered(write, at, states);
  }
}

function checkAnswered(write: Write, at: number | undefined, states: LedgerStates): void {
  const { kind, key, revision, succeeded, expectedModRevision } = write;
  if (kind !== "delete") {
    const expected = succeeded ? revision : undefined;
    check(at === expected, () => `R16: answered at ${revision}, found at ${at}: ${textOf(write)}`);
  }
  const before = states.at(succeeded ? revision - 1 : revision).get(key);
  if (kind === "compare-and-put") {
    const isEqual = (before?.modRevision ?? 0) === expectedModRevision;
    check(isEqual === succeeded, () => `M4: wrong branch: ${textOf(write)}`);
  }
  if (kind === "delete") {
    check((before !== undefined) === succeeded, () => `M4: wrong count: ${textOf(write)}`);
    if (succeeded) {
      check(!states.at(revision).has(key), () => `R16: not deleted: ${textOf(write)}`);
    }
  }
}

/** R17: what is answered shows everything that was acknowledged before it was asked for. */
export function checkRealTime(writes: readonly Write[], reads: readonly Read[]): void {
  const answered = writes.filter(({ revision }) => revision > 0);
  const acknowledged = answered.map(({ completedMs, revision }) => ({ completedMs, revision }));
  // A read shows its revision to its reader: a later one must not be older.
  const linearizable = reads.filter(({ kind }) => kind === "range");
  for (const { completedMs, revision } of linearizable)
    acknowledged.push({ completedMs, revision });
  acknowledged.sort((a, b) => a.completedMs - b.completedMs);
  const asked = [...answered, ...linearizable].sort((a, b) => a.invokedMs - b.invokedMs);
  let at = 0;
  let newest = 0;
  for (const operation of asked) {
    for (; (acknowledged[at]?.completedMs ?? Infinity) < operation.invokedMs; at += 1) {
      newest = Math.max(newest, acknowledged[at]?.revision ?? 0);
    }
    const isChange = "succeeded" in operation && operation.succeeded;
    const oldest = isChange ? newest + 1 : newest;
    check(
      operation.revision >= oldest,
      () => `R17: revision ${newest} was acknowledged before, yet: ${JSON.stringify(operation)}`,
    );
  }
}

/** M3: a read is the state at its revision. */
export function checkReads(reads: readonly Read[], states: LedgerStates): void {
  for (const read of reads) {
    const expected = [...states.at(read.revision).values()]
      .filter(({ key }) => key.startsWith(read.prefix))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    check(
      samePairs(expected, read.pairs),
      () => `M3: at ${read.revision} was ${JSON.stringify(expected)}: ${JSON.stringify(read)}`,
    );
  }
}

function samePairs(a: readonly Pair[], b: readonly Pair[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((pair, at) => {
    const other = b[at];
    return (
      other !== undefined &&
      pair.key === other.key &&
      pair.value === other.value &&
      pair.modRevision === other.modRevision &&
      pair.createRevision === other.createRevision &&
      pair.version === other.version
    );
  });
}

/** W2, W3, W5, W6: over all its streams, a watcher got every change of its prefix, in order, once. */
export function checkWatches(watches: readonly Watched[], ledger: Ledger): void {
  for (const { client, prefix, events } of watches) {
    const last = events.at(-1)?.revision ?? 0;
    const expected = ledger.filter(
      ({ key, revision }) => key.startsWith(prefix) && revision <= last,
    );
    const count = Math.max(expected.length, events.length);
    for (let at = 0; at < count; at += 1) {
      check(
        JSON.stringify(events[at]) === JSON.stringify(expected[at]),
        () =>
          `W5: ${client} got ${JSON.stringify(events[at])} where ${JSON.stringify(expected[at])} was due`,
      );
    }
  }
}

/** L1: a key is taken by the end of its lease only after the TTL since the last renewal that was answered. */
export function checkLeases(
  leases: readonly LeaseLife[],
  ledger: Ledger,
  appearedMs: (revision: number) => number,
): void {
  const lives = new Map(leases.map((lease) => [lease.key, lease]));
  for (const { key, value, revision } of ledger) {
    const lease = value === null ? lives.get(key) : undefined;
    if (lease === undefined) continue;
    const endedMs = appearedMs(revision);
    if (lease.revokeAskedMs <= endedMs) continue;
    const livedMs = endedMs - lease.renewedAtMs;
    check(
      livedMs >= lease.ttlMs,
      () => `L1: the lease of ${key} ended ${livedMs} ms after its renewal, TTL ${lease.ttlMs} ms`,
    );
  }
}

/** K1: at the revision of the answer, the holder's key is the oldest of its lock. K2: holders come in that order. */
export function checkLocks(holds: readonly Hold[], states: LedgerStates): void {
  for (const { client, key, revision } of holds) {
    const queue = [...states.at(revision).values()]
      .filter((pair) => pair.key.startsWith("lock/"))
      .sort((a, b) => a.createRevision - b.createRevision);
    check(
      queue[0]?.key === key,
      () => `K1: ${client} holds ${key} at ${revision}, but first is ${queue[0]?.key}`,
    );
  }
}

function textOf(write: Write): string {
  return JSON.stringify(write);
}
