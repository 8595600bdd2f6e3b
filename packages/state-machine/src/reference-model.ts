import type {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  ResponseOpInit,
  TxnRequest,
} from "@conclave/wire";
import { type Compare, CompareResult, CompareTarget, type RequestOp } from "@conclave/wire";
import { bytes, text } from "./testing.ts";

/** A pair in the model. */
export interface ModelPair {
  readonly key: string;
  readonly value: string;
  readonly create: number;
  readonly mod: number;
  readonly version: number;
  readonly lease: bigint;
}

export interface ModelEvent {
  readonly revision: number;
  readonly key: string;
  /** Null: deleted. */
  readonly pair: ModelPair | null;
  readonly before: ModelPair | null;
}

type State = ReadonlyMap<string, ModelPair>;

export class ModelRefusal extends Error {}

function refuse(refusal: string): never {
  throw new ModelRefusal(refusal);
}

/**
 * A second implementation of keys, leases and history, for tests: slow and plain. It keeps the whole state of every
 * revision and a ledger of every event, so that whatever is asked can be looked up instead of computed.
 */
export class ReferenceModel {
  readonly states: State[] = [new Map(), new Map()];
  readonly ledger: ModelEvent[] = [];
  readonly leases = new Map<bigint, number>();
  compactRevision = -1;
  /** State inside the write under way, with the events it made so far. */
  #open: { state: Map<string, ModelPair>; events: ModelEvent[] } | null = null;

  get revision(): number {
    return this.states.length - 1;
  }

  /** Runs a write; it becomes a revision if it changed something. */
  write<T>(run: () => T): T {
    const open = { state: new Map(this.states[this.revision]), events: [] };
    this.#open = open;
    try {
      return run();
    } finally {
      this.#open = null;
      if (open.events.length > 0) {
        this.states.push(open.state);
        this.ledger.push(...open.events);
      }
    }
  }

  put(request: PutRequest): ModelPair | null {
    this.#checkLease(request);
    this.#checkIgnored(request);
    return this.write(() => this.#put(request));
  }

  delete(request: DeleteRangeRequest): ModelPair[] {
    return this.write(() => this.#delete(request));
  }

  txn(request: TxnRequest): { succeeded: boolean; responses: ResponseOpInit[] } {
    const path = this.#choose(request);
    const operations = this.#operations(request, [...path]);
    for (const { requestPut } of operations) {
      if (requestPut === null) continue;
      this.#checkIgnored(requestPut);
      this.#checkLease(requestPut);
    }
    for (const { requestRange } of operations) this.#checkRevision(requestRange?.revision ?? 0);
    return this.write(() => this.#run(request, path));
  }

  range(request: RangeRequest): { pairs: ModelPair[]; count: number; more: boolean } {
    const { revision } = request;
    const latest = this.#readRevision;
    if (revision > latest) refuse("futureRevision");
    if (revision > 0 && revision < this.compactRevision) refuse("compacted");
    const isLatest = revision <= 0 || revision === latest;
    const state = isLatest ? this.#latest : this.states[revision]!;
    const all = select(state, text(request.key), text(request.rangeEnd));
    if (request.countOnly) return { pairs: [], count: all.length, more: false };
    let pairs = all.filter(
      (pair) =>
        (request.minModRevision === 0 || pair.mod >= request.minModRevision) &&
        (request.maxModRevision === 0 || pair.mod <= request.maxModRevision) &&
        (request.minCreateRevision === 0 || pair.create >= request.minCreateRevision) &&
        (request.maxCreateRevision === 0 || pair.create <= request.maxCreateRevision),
    );
    const isBounded =
      request.minModRevision +
        request.maxModRevision +
        request.minCreateRevision +
        request.maxCreateRevision !==
      0;
    const { limit, sortOrder, sortTarget } = request;
    // etcd cuts before it sorts if the order is left open.
    if (limit > 0 && sortOrder === 0 && !isBounded) pairs = pairs.slice(0, limit + 1);
    const by = [
      (pair: ModelPair) => pair.key,
      (pair: ModelPair) => pair.version,
      (pair: ModelPair) => pair.create,
      (pair: ModelPair) => pair.mod,
      (pair: ModelPair) => pair.value,
    ][sortTarget]!;
    const sign = sortOrder === 2 ? -1 : 1;
    pairs = pairs
      .map((pair, at) => ({ pair, at }))
      .sort((a, b) => {
        const [x, y] = [by(a.pair), by(b.pair)];
        if (x === y) return a.at - b.at;
        return x < y ? -sign : sign;
      })
      .map(({ pair }) => pair);
    const more = limit > 0 && pairs.length > limit;
    if (more) pairs = pairs.slice(0, limit);
    if (request.keysOnly) pairs = pairs.map((pair) => ({ ...pair, value: "" }));
    return { pairs, count: all.length, more };
  }

  compact(revision: number): void {
    if (revision <= this.compactRevision) refuse("compacted");
    if (revision > this.revision) refuse("futureRevision");
    this.compactRevision = revision;
  }

  grant(id: bigint, ttl: number): void {
    if (this.leases.has(id)) refuse("leaseExists");
    this.leases.set(id, ttl);
  }

  revoke(id: bigint): void {
    if (!this.leases.has(id)) refuse("leaseNotFound");
    this.write(() => {
      for (const key of this.keysOf(id)) this.#remove(key);
    });
    this.leases.delete(id);
  }

  keysOf(id: bigint): string[] {
    const pairs = [...this.#latest.values()].filter((pair) => pair.lease === id);
    return pairs.map((pair) => pair.key).sort();
  }

  get #latest(): State {
    return this.#open?.state ?? this.states[this.revision]!;
  }

  get #readRevision(): number {
    const hasChanges = this.#open !== null && this.#open.events.length > 0;
    return hasChanges ? this.revision + 1 : this.revision;
  }

  #checkLease(request: PutRequest): void {
    if (request.lease !== 0n && !this.leases.has(request.lease)) refuse("leaseNotFound");
  }

  #checkIgnored(request: PutRequest): void {
    const needsKey = request.ignoreValue || request.ignoreLease;
    if (needsKey && !this.#latest.has(text(request.key))) refuse("keyNotFound");
  }

  #put(request: PutRequest): ModelPair | null {
    const key = text(request.key);
    const before = this.#latest.get(key) ?? null;
    const mod = this.revision + 1;
    const pair: ModelPair = {
      key,
      value: request.ignoreValue ? (before?.value ?? "") : text(request.value),
      create: before?.create ?? mod,
      mod,
      version: (before?.version ?? 0) + 1,
      lease: request.ignoreLease ? (before?.lease ?? 0n) : request.lease,
    };
    this.#record({ revision: mod, key, pair, before: this.#beforeWrite(key) });
    return before;
  }

  #delete(request: DeleteRangeRequest): ModelPair[] {
    const deleted = select(this.#latest, text(request.key), text(request.rangeEnd));
    for (const { key } of deleted) this.#remove(key);
    return deleted;
  }

  #remove(key: string): void {
    const revision = this.revision + 1;
    this.#record({ revision, key, pair: null, before: this.#beforeWrite(key) });
  }

  #beforeWrite(key: string): ModelPair | null {
    return this.states[this.revision]!.get(key) ?? null;
  }

  #record(event: ModelEvent): void {
    const open = this.#open!;
    open.events.push(event);
    if (event.pair === null) open.state.delete(event.key);
    else open.state.set(event.key, event.pair);
  }

  /** One answer for each transaction met on the way, depth first. */
  #choose(request: TxnRequest): boolean[] {
    const succeeded = request.compare.every((compare) => this.#holds(compare));
    const nested = branchOf(request, succeeded).flatMap((op) =>
      op.requestTxn === null ? [] : this.#choose(op.requestTxn),
    );
    return [succeeded, ...nested];
  }

  /** What will run of it, nested ones unfolded. */
  #operations(request: TxnRequest, path: boolean[]): RequestOp[] {
    return branchOf(request, path.shift()!).flatMap((op) =>
      op.requestTxn === null ? [op] : this.#operations(op.requestTxn, path),
    );
  }

  #checkRevision(revision: number): void {
    if (revision > this.revision) refuse("futureRevision");
    if (revision !== 0 && revision < this.compactRevision) refuse("compacted");
  }

  #run(request: TxnRequest, path: boolean[]): { succeeded: boolean; responses: ResponseOpInit[] } {
    const succeeded = path.shift()!;
    const responses = branchOf(request, succeeded).map((op): ResponseOpInit => {
      if (op.requestRange !== null) {
        const { pairs, count, more } = this.range(op.requestRange);
        const header = { revision: this.#readRevision };
        return { responseRange: { header, kvs: pairs.map(wireOf), count, more } };
      }
      if (op.requestPut !== null) {
        const before = this.#put(op.requestPut);
        const prevKv = op.requestPut.prevKv && before ? wireOf(before) : null;
        return { responsePut: { header: { revision: this.#readRevision }, prevKv } };
      }
      if (op.requestDeleteRange !== null) {
        const deleted = this.#delete(op.requestDeleteRange);
        const prevKvs = op.requestDeleteRange.prevKv ? deleted.map(wireOf) : [];
        const header = { revision: this.#readRevision };
        return { responseDeleteRange: { header, deleted: deleted.length, prevKvs } };
      }
      return { responseTxn: { header: {}, ...this.#run(op.requestTxn!, path) } };
    });
    return { succeeded, responses };
  }

  #holds(compare: Compare): boolean {
    const pairs = select(this.#latest, text(compare.key), text(compare.rangeEnd));
    if (pairs.length > 0) return pairs.every((pair) => comparePair(compare, pair));
    if (compare.target === CompareTarget.VALUE) return false;
    return comparePair(compare, {
      key: "",
      value: "",
      create: 0,
      mod: 0,
      version: 0,
      lease: 0n,
    });
  }
}

export function wireOf(pair: ModelPair) {
  return {
    key: new Uint8Array(bytes(pair.key)),
    createRevision: pair.create,
    modRevision: pair.mod,
    version: pair.version,
    value: new Uint8Array(bytes(pair.value)),
    lease: pair.lease,
  };
}

export function isInRange(key: string, start: string, end: string): boolean {
  if (end === "") return key === start;
  return key >= start && (end === "\0" || key < end);
}

function select(state: State, start: string, end: string): ModelPair[] {
  const keys = [...state.keys()].filter((key) => isInRange(key, start, end)).sort();
  return keys.map((key) => state.get(key)!);
}

function branchOf(request: TxnRequest, succeeded: boolean): readonly RequestOp[] {
  return succeeded ? request.success : request.failure;
}

function comparePair(compare: Compare, pair: ModelPair): boolean {
  const [mine, theirs] = {
    [CompareTarget.VERSION]: [pair.version, compare.version ?? 0],
    [CompareTarget.CREATE]: [pair.create, compare.createRevision ?? 0],
    [CompareTarget.MOD]: [pair.mod, compare.modRevision ?? 0],
    [CompareTarget.VALUE]: [pair.value, text(compare.value ?? new Uint8Array(0))],
    [CompareTarget.LEASE]: [pair.lease, compare.lease ?? 0n],
  }[compare.target as 0]! as [number, number];
  switch (compare.result) {
    case CompareResult.EQUAL:
      return mine === theirs;
    case CompareResult.NOT_EQUAL:
      return mine !== theirs;
    case CompareResult.GREATER:
      return mine > theirs;
    default:
      return mine < theirs;
  }
}
