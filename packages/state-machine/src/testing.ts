import {
  CompactionRequest,
  type CompactionRequestInit,
  DeleteRangeRequest,
  type DeleteRangeRequestInit,
  KeyValue,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  type PutRequestInit,
  RangeRequest,
  type RangeRequestInit,
  TxnRequest,
  type TxnRequestInit,
  WatchCreateRequest,
  type WatchCreateRequestInit,
  WatchResponse,
} from "@conclave/wire";
import { CommandBatch, CommandKind, encodeLeaseExpire } from "./command.ts";
import { MemoryStateStore } from "./memory-state-store.ts";
import type { CommandResult, RangeResult, RefusedResult } from "./result.ts";
import { StateMachine, type StateMachineOptions } from "./state-machine.ts";
import type { WatchStream } from "./watch/watch-stream.ts";

/** For tests of this package: a state machine over a memory store, driven command by command, texts for bytes. */
export class Member {
  store = new MemoryStateStore();
  machine: StateMachine;
  term = 1;
  readonly #options: Omit<StateMachineOptions, "store">;

  constructor(options: Omit<StateMachineOptions, "store"> = {}) {
    this.#options = options;
    this.machine = new StateMachine({ store: this.store, ...options });
    this.machine.finishLoad();
  }

  /** Applies one entry with one command and returns its result. */
  execute(kind: CommandKind, body: Uint8Array): CommandResult {
    const batch = new CommandBatch(1 << 20, 1 << 10);
    batch.append(kind, 1, 1, body);
    let answer: CommandResult | null = null;
    this.applyData(batch.take(), (result) => {
      answer = copyOf(result);
    });
    if (answer === null) throw new Error("no result");
    return answer;
  }

  applyData(data: Uint8Array, onResult: (result: CommandResult) => void = () => {}): void {
    const index = this.machine.appliedIndex + 1;
    const entry = { index, term: this.term, data };
    this.machine.apply(entry, { onResult: (_origin, _sequence, result) => onResult(result) });
    this.store.seal();
  }

  put(key: string, value = "", more: PutRequestInit = {}): CommandResult {
    const request = { key: bytes(key), value: bytes(value), ...more };
    return this.execute(CommandKind.PUT, PutRequest.encode(request));
  }

  /** Applies one entry with a put for each pair, and then a compaction if its revision is given. */
  putTogether(
    pairs: readonly (readonly [string, string])[],
    compactRevision?: number,
    onResult: (result: CommandResult) => void = () => {},
  ): void {
    const batch = new CommandBatch(1 << 20, 1 << 10);
    for (const [key, value] of pairs) {
      const request = { key: bytes(key), value: bytes(value) };
      batch.append(CommandKind.PUT, 1, 1, PutRequest.encode(request));
    }
    if (compactRevision !== undefined) {
      const body = CompactionRequest.encode({ revision: compactRevision });
      batch.append(CommandKind.COMPACT, 1, 1, body);
    }
    this.applyData(batch.take(), onResult);
  }

  delete(key: string, end = "", more: DeleteRangeRequestInit = {}): CommandResult {
    const request = { key: bytes(key), rangeEnd: bytes(end), ...more };
    return this.execute(CommandKind.DELETE_RANGE, DeleteRangeRequest.encode(request));
  }

  txn(request: TxnRequestInit): CommandResult {
    return this.execute(CommandKind.TXN, TxnRequest.encode(request));
  }

  compact(revision: number, more: CompactionRequestInit = {}): CommandResult {
    return this.execute(CommandKind.COMPACT, CompactionRequest.encode({ revision, ...more }));
  }

  grant(ID: bigint, TTL = 10): CommandResult {
    return this.execute(CommandKind.LEASE_GRANT, LeaseGrantRequest.encode({ ID, TTL }));
  }

  revoke(ID: bigint): CommandResult {
    return this.execute(CommandKind.LEASE_REVOKE, LeaseRevokeRequest.encode({ ID }));
  }

  expire(term: number, ...leases: readonly bigint[]): CommandResult {
    return this.execute(CommandKind.LEASE_EXPIRE, encodeLeaseExpire({ term, leases }));
  }

  range(key: string, end = "", more: RangeRequestInit = {}): RangeResult | RefusedResult {
    const request = { key: bytes(key), rangeEnd: bytes(end), ...more };
    return this.machine.range(RangeRequest.create(request));
  }

  /** The pairs of a range as `key=value`. */
  pairs(key: string, end = "", more: RangeRequestInit = {}): string[] {
    return kvsOf(this.range(key, end, more)).map((kv) => `${text(kv.key)}=${text(kv.value)}`);
  }

  kv(key: string, more: RangeRequestInit = {}): KeyValue | undefined {
    return kvsOf(this.range(key, "", more))[0];
  }

  sweep(budget = 1_000_000): void {
    while (this.machine.compactStep(budget));
    this.store.seal();
  }

  /** Opens the store anew, as after a crash: what was not sealed is gone. */
  restart(): void {
    this.store.crash();
    this.machine = new StateMachine({ store: this.store, ...this.#options });
    this.load();
  }

  load(): void {
    for (const [key, value] of this.store.entries()) this.machine.load(key, value);
    this.machine.finishLoad();
  }

  openStream(capacity = Number.POSITIVE_INFINITY): TestStream {
    return new TestStream(this, capacity);
  }
}

/** A member with one put at each of the revisions 2 to `last`, of keys k0 to k9 in turn. */
export function memberWithHistory(last: number): Member {
  const member = new Member();
  for (let revision = 2; revision <= last; revision += 1) {
    member.put(`k${revision % 10}`, `${revision}`);
  }
  return member;
}

/** A client's end of a watch stream whose buffer holds `capacity` responses. */
export class TestStream {
  readonly stream: WatchStream;
  readonly received: WatchResponse[] = [];
  readonly #member: Member;
  readonly #capacity: number;
  #buffered = 0;

  constructor(member: Member, capacity: number) {
    this.#member = member;
    this.#capacity = capacity;
    this.stream = member.machine.watchHub.openStream({
      send: (...pieces) => {
        this.received.push(WatchResponse.decode(Buffer.concat(pieces)));
        this.#buffered += 1;
        return this.#buffered < this.#capacity;
      },
    });
  }

  create(key: string, end = "", more: WatchCreateRequestInit = {}): void {
    const request = { key: bytes(key), rangeEnd: bytes(end), ...more };
    this.stream.create(WatchCreateRequest.create(request));
  }

  /** The client reads what is buffered. */
  drain(): void {
    this.#buffered = 0;
    this.stream.onDrain();
  }

  /** Lets the hub catch up and takes what was received since the last time. */
  take(): WatchResponse[] {
    while (this.#member.machine.watchHub.catchUp(1_000));
    return this.received.splice(0);
  }

  /** What {@link take} would give, as one readable line a response. */
  story(): string[] {
    return this.take().map(describe);
  }
}

/** Results are reused by the next command. */
function copyOf(result: CommandResult): CommandResult {
  if (result.kind !== "txn") return { ...result };
  const { kind, revision, succeeded, responses } = result;
  return { kind, revision, succeeded, responses };
}

export function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

export function kvsOf(result: RangeResult | RefusedResult): KeyValue[] {
  if (result.kind === "refused") throw new Error(`refused: ${result.refusal}`);
  return result.kvs.map((pair) => KeyValue.decode(pair));
}

function describe(response: WatchResponse): string {
  const { header, watchId, created, canceled, compactRevision, cancelReason, fragment } = response;
  const words = [`#${watchId} @${header?.revision ?? "none"}`];
  if (created) words.push("created");
  if (canceled) words.push("canceled");
  if (compactRevision !== 0) words.push(`compacted ${compactRevision}`);
  if (cancelReason !== "") words.push(`(${cancelReason})`);
  if (fragment) words.push("fragment");
  for (const { type, kv, prevKv } of response.events) {
    const key = text(kv!.key);
    const what = type === 1 ? `-${key}` : `${key}=${text(kv!.value)}`;
    const before = prevKv === null ? "" : ` was ${text(prevKv.value)}`;
    words.push(`[${kv!.modRevision} ${what}${before}]`);
  }
  return words.join(" ");
}
