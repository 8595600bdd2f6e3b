import type {
  Compare,
  DeleteRangeRequest,
  KeyValue,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from "../support/etcd-messages.ts";
import { checkRequest, isInRange, Refused } from "./reference-checks.ts";

/** An answer without what differs from cluster to cluster: ids and terms. */
export type Answer = Readonly<Record<string, unknown>>;

const keyNotFound = () => new Refused("INVALID_ARGUMENT", "etcdserver: key not found");
const leaseNotFound = () => new Refused("NOT_FOUND", "etcdserver: requested lease not found");
const compacted = () =>
  new Refused("OUT_OF_RANGE", "etcdserver: mvcc: required revision has been compacted");
const future = () =>
  new Refused("OUT_OF_RANGE", "etcdserver: mvcc: required revision is a future revision");

/** One change of one key: a pair, or the end of one. */
interface Change {
  readonly pair: KeyValue;
  readonly isDelete: boolean;
}

/** The pairs at a revision, which is that of the last of so many changes. */
interface Milestone {
  readonly changes: number;
  readonly revision: number;
  readonly pairs: ReadonlyMap<string, KeyValue>;
}

const MILESTONE_CHANGES = 32;

export interface ReferenceEvent {
  readonly type: "PUT" | "DELETE";
  readonly kv: KeyValue;
  readonly prev_kv: KeyValue | null;
}

/** Leases shorter than this are lengthened, s: 1.5 election timeouts, as etcd's default is 1 s. */
const LEASE_TTL_MIN = 2;

/**
 * The keys, revisions and leases of etcd as plainly as they can be written down: a list of all changes that were ever made,
 * read again for every question. It shares no line with the product, so that one's mistake is not the other's.
 */
export class ReferenceStore {
  revision = 1;
  /** Nothing below it can be read; -1 before the first compaction, which may then be of revision 0. */
  compactRevision = -1;
  readonly #changes: Change[] = [];
  /** What the changes before some of them came to, so that not every question goes back to the first. */
  readonly #milestones: Milestone[] = [];
  readonly #leases = new Map<bigint, number>();

  range(request: RangeRequest): Answer {
    checkRequest({ request_range: request });
    this.#checkRevision(request);
    return this.#range(request, this.revision);
  }

  put(request: PutRequest): Answer {
    checkRequest({ request_put: request });
    this.#checkLease(request);
    this.#checkIgnored(request);
    return this.#commit(() => this.#put(request));
  }

  deleteRange(request: DeleteRangeRequest): Answer {
    checkRequest({ request_delete_range: request });
    return this.#commit(() => this.#deleteRange(request));
  }

  txn(request: TxnRequest): Answer {
    checkRequest({ request_txn: request });
    const path = this.#choose(request);
    for (const operation of flatten(path)) {
      if (!operation.request_put) continue;
      this.#checkIgnored(operation.request_put); // The other way round than alone.
      this.#checkLease(operation.request_put);
    }
    for (const operation of flatten(path)) {
      if (operation.request_range) this.#checkRevision(operation.request_range);
    }
    return this.#commit(() => {
      const answer = this.#runTxn(path);
      return { ...answer, header: { revision: this.#writingRevision() } };
    });
  }

  compact(revision: number): Answer {
    if (revision <= this.compactRevision) throw compacted();
    if (revision > this.revision) throw future();
    this.compactRevision = revision;
    return { header: { revision: this.revision } };
  }

  leaseGrant(id: bigint, ttl: number): Answer {
    if (ttl > 9_000_000_000) throw new Refused("OUT_OF_RANGE", "etcdserver: too large lease TTL");
    if (this.#leases.has(id)) {
      throw new Refused("FAILED_PRECONDITION", "etcdserver: lease already exists");
    }
    const granted = Math.max(ttl, LEASE_TTL_MIN);
    this.#leases.set(id, granted);
    return { header: { revision: this.revision }, ID: id, TTL: granted, error: "" };
  }

  leaseRevoke(id: bigint): Answer {
    if (!this.#leases.delete(id)) throw leaseNotFound();
    return this.#commit(() => {
      for (const pair of this.#pairs(this.revision + 1)) if (pair.lease === id) this.#end(pair);
      return { header: { revision: this.#writingRevision() } };
    });
  }

  /** Without `TTL`, which depends on the time. */
  leaseTimeToLive(id: bigint, keys: boolean): Answer {
    const header = { revision: this.revision };
    const grantedTTL = this.#leases.get(id);
    if (grantedTTL === undefined) return { header, ID: id, grantedTTL: 0, keys: [] };
    const attached = this.#pairs(this.revision).filter(({ lease }) => lease === id);
    return { header, ID: id, grantedTTL, keys: keys ? attached.map(({ key }) => key) : [] };
  }

  leaseLeases(): Answer {
    const leases = [...this.#leases.keys()].sort((a, b) => (a < b ? -1 : 1)).map((ID) => ({ ID }));
    return { header: { revision: this.revision }, leases };
  }

  /** Every change of the range at `startRevision` or later, in order. */
  events(start: string, end: string, startRevision: number): ReferenceEvent[] {
    return this.#changes
      .filter(({ pair }) => pair.mod_revision >= startRevision && isInRange(pair.key, start, end))
      .map(({ pair, isDelete }) => ({
        type: isDelete ? "DELETE" : "PUT",
        kv: pair,
        // Something may have been there at the revision before, and deleted in the same transaction.
        prev_kv: isCreation(pair) ? null : (this.#pair(pair.key, pair.mod_revision - 1) ?? null),
      }));
  }

  /** Runs a change; the revision moves on if it made one. */
  #commit(change: () => Answer): Answer {
    const answer = change();
    this.revision = this.#writingRevision();
    this.#maybeSetMilestone();
    return answer;
  }

  #maybeSetMilestone(): void {
    const changes = this.#changes.length;
    if (changes - (this.#milestones.at(-1)?.changes ?? 0) < MILESTONE_CHANGES) return;
    const pairs = new Map(this.#pairs(this.revision).map((pair) => [pair.key, pair]));
    this.#milestones.push({ changes, revision: this.revision, pairs });
  }

  /** The revision that a read inside the current change sees: one more as soon as it wrote something. */
  #writingRevision(): number {
    return Math.max(this.revision, this.#changes.at(-1)?.pair.mod_revision ?? 0);
  }

  /** All pairs at a revision, by key. */
  #pairs(revision: number): KeyValue[] {
    const milestone = this.#milestones.findLast((each) => each.revision <= revision);
    const pairs = new Map(milestone?.pairs);
    for (let at = milestone?.changes ?? 0; at < this.#changes.length; at++) {
      const { pair, isDelete } = this.#changes[at]!;
      if (pair.mod_revision > revision) break;
      if (isDelete) pairs.delete(pair.key);
      else pairs.set(pair.key, pair);
    }
    return [...pairs.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #pair(key: string, revision: number): KeyValue | undefined {
    return this.#pairs(revision).find((pair) => pair.key === key);
  }

  #range(request: RangeRequest, revisionNow: number): Answer {
    const { key = "", range_end = "", revision = 0, limit = 0 } = request;
    const found = this.#pairs(revision > 0 ? revision : revisionNow).filter((pair) =>
      isInRange(pair.key, key, range_end),
    );
    const header = { revision: revisionNow };
    if (request.count_only) return { header, kvs: [], more: false, count: found.length };
    const taken = sorted(request, fetched(request, found).filter(matching(request)));
    const more = limit > 0 && taken.length > limit;
    const shown = more ? taken.slice(0, limit) : taken;
    const kvs = request.keys_only ? shown.map((pair) => ({ ...pair, value: "" })) : shown;
    return { header, kvs, more, count: found.length };
  }

  #put(request: PutRequest): Answer {
    const { key = "", value = "", lease = 0n } = request;
    const before = this.#pair(key, this.revision + 1);
    const mod_revision = this.revision + 1;
    const pair: KeyValue = {
      key,
      value: request.ignore_value ? (before?.value ?? "") : value,
      lease: request.ignore_lease ? (before?.lease ?? 0n) : lease,
      mod_revision,
      create_revision: before?.create_revision ?? mod_revision,
      version: (before?.version ?? 0) + 1,
    };
    this.#changes.push({ pair, isDelete: false });
    const header = { revision: mod_revision };
    return { header, ...(request.prev_kv && before !== undefined && { prev_kv: before }) };
  }

  #deleteRange(request: DeleteRangeRequest): Answer {
    const { key = "", range_end = "" } = request;
    const gone = this.#pairs(this.revision + 1).filter((pair) =>
      isInRange(pair.key, key, range_end),
    );
    for (const pair of gone) this.#end(pair);
    const header = { revision: this.#writingRevision() };
    return { header, deleted: gone.length, prev_kvs: request.prev_kv ? gone : [] };
  }

  #end({ key }: KeyValue): void {
    const mod_revision = this.revision + 1;
    const pair = { key, mod_revision, create_revision: 0, version: 0, value: "", lease: 0n };
    this.#changes.push({ pair, isDelete: true });
  }

  #runTxn(path: Path): Answer {
    const responses = path.operations.map(({ operation, inner }) => {
      if (inner !== null) return { response_txn: this.#runTxn(inner) };
      if (operation.request_put) return { response_put: this.#put(operation.request_put) };
      if (operation.request_delete_range) {
        return { response_delete_range: this.#deleteRange(operation.request_delete_range) };
      }
      const range = operation.request_range ?? {};
      return { response_range: this.#range(range, this.#writingRevision()) };
    });
    return { header: { revision: 0 }, succeeded: path.succeeded, responses };
  }

  /** Which branch each transaction takes: all are decided before anything is written. */
  #choose(request: TxnRequest): Path {
    const succeeded = (request.compare ?? []).every((compare) => this.#holds(compare));
    const operations = (succeeded ? request.success : request.failure) ?? [];
    return {
      succeeded,
      operations: operations.map((operation) => ({
        operation,
        inner: operation.request_txn ? this.#choose(operation.request_txn) : null,
      })),
    };
  }

  #holds(compare: Compare): boolean {
    const { key = "", range_end = "" } = compare;
    const pairs = this.#pairs(this.revision).filter((pair) => isInRange(pair.key, key, range_end));
    if (pairs.length > 0) return pairs.every((pair) => holdsFor(compare, pair));
    // What is not there has no value to compare, and zero of everything else.
    if (compare.target === "VALUE") return false;
    const nothing = { key, value: "", mod_revision: 0, create_revision: 0, version: 0, lease: 0n };
    return holdsFor(compare, nothing);
  }

  /** What is to stay as it is has to be there. */
  #checkIgnored({ key = "", ignore_value, ignore_lease }: PutRequest): void {
    if (!ignore_value && !ignore_lease) return;
    if (this.#pair(key, this.revision) === undefined) throw keyNotFound();
  }

  #checkLease({ lease = 0n }: PutRequest): void {
    if (lease !== 0n && !this.#leases.has(lease)) throw leaseNotFound();
  }

  #checkRevision({ revision = 0 }: RangeRequest): void {
    if (revision > this.revision) throw future();
    if (revision > 0 && revision < this.compactRevision) throw compacted();
  }
}

function isCreation(pair: KeyValue): boolean {
  return pair.create_revision === pair.mod_revision;
}

/** A transaction with its branch chosen. */
interface Path {
  readonly succeeded: boolean;
  readonly operations: readonly { readonly operation: RequestOp; readonly inner: Path | null }[];
}

function flatten(path: Path): RequestOp[] {
  return path.operations.flatMap(({ operation, inner }) =>
    inner === null ? [operation] : flatten(inner),
  );
}

function holdsFor(compare: Compare, pair: KeyValue): boolean {
  const [actual, expected] = sidesOf(compare, pair);
  switch (compare.result ?? "EQUAL") {
    case "EQUAL":
      return actual === expected;
    case "NOT_EQUAL":
      return actual !== expected;
    case "GREATER":
      return actual > expected;
    case "LESS":
      return actual < expected;
  }
}

type Comparable = string | number | bigint;

function sidesOf(compare: Compare, pair: KeyValue): [actual: Comparable, expected: Comparable] {
  switch (compare.target ?? "VERSION") {
    case "VERSION":
      return [pair.version, compare.version ?? 0];
    case "CREATE":
      return [pair.create_revision, compare.create_revision ?? 0];
    case "MOD":
      return [pair.mod_revision, compare.mod_revision ?? 0];
    case "VALUE":
      return [pair.value, compare.value ?? ""];
    case "LEASE":
      return [pair.lease, compare.lease ?? 0n];
  }
}

const BOUNDS = [
  "min_mod_revision",
  "max_mod_revision",
  "min_create_revision",
  "max_create_revision",
] as const;

/** A plain range stops at its limit (and one more, to know that there is more); others sort and filter all of it. */
function fetched(request: RangeRequest, found: KeyValue[]): KeyValue[] {
  const { limit = 0, sort_order = "NONE" } = request;
  const takesAll = sort_order !== "NONE" || BOUNDS.some((bound) => (request[bound] ?? 0) !== 0);
  return takesAll || limit <= 0 ? found : found.slice(0, limit + 1);
}

function matching(request: RangeRequest): (pair: KeyValue) => boolean {
  const { min_mod_revision: minMod = 0, max_mod_revision: maxMod = 0 } = request;
  const { min_create_revision: minCreate = 0, max_create_revision: maxCreate = 0 } = request;
  return ({ mod_revision: mod, create_revision: create }) =>
    (minMod === 0 || mod >= minMod) &&
    (maxMod === 0 || mod <= maxMod) &&
    (minCreate === 0 || create >= minCreate) &&
    (maxCreate === 0 || create <= maxCreate);
}

function sorted(request: RangeRequest, pairs: KeyValue[]): KeyValue[] {
  const { sort_target = "KEY", sort_order = "NONE" } = request;
  const by = {
    KEY: (pair: KeyValue) => pair.key,
    VERSION: (pair: KeyValue) => pair.version,
    CREATE: (pair: KeyValue) => pair.create_revision,
    MOD: (pair: KeyValue) => pair.mod_revision,
    VALUE: (pair: KeyValue) => pair.value,
  }[sort_target as "KEY"];
  const sign = sort_order === "DESCEND" ? -1 : 1;
  return [...pairs].sort((a, b) => (by(a) === by(b) ? 0 : by(a) < by(b) ? -sign : sign));
}
