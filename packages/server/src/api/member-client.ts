import {
  CommandKind,
  type CommandResult,
  checkDeleteRangeRequest,
  errorOfRefusal,
  isTxnReadOnly,
} from "@conclave/state-machine";
import {
  DeleteRangeRequest,
  type DeleteRangeRequestInit,
  DeleteRangeResponse,
  type EtcdError,
  EventType,
  RangeRequest,
  type RangeRequestInit,
  RangeResponse,
  type ResponseHeader,
  TxnRequest,
  type TxnRequestInit,
  TxnResponse,
  WatchCreateRequest,
  WatchResponse,
} from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import type { Member } from "../node/member.ts";
import type { ProposalWaiter } from "../node/waiting-proposals.ts";
import { EtcdFailure } from "./errors.ts";
import type { KeyChange, LocalClient, LocalRange } from "./local-client.ts";
import { checkCommandBytes, type RequestLimits } from "./validate.ts";

/** Changes held for a slow lock or election service before it is made to re-read. Count. */
const CHANGES_HELD_MAX = 1_024;

/** {@link LocalClient} on this very member. What it asks for is held to the same limits as what comes by the KV service. */
export class MemberClient implements LocalClient {
  readonly #member: Member;
  readonly #limits: RequestLimits;

  constructor(member: Member, limits: RequestLimits) {
    this.#member = member;
    this.#limits = limits;
  }

  header(): ResponseHeader {
    return this.#member.header(this.#member.machine.revision);
  }

  range(init: RangeRequestInit): Promise<RangeResponse> {
    const request = RangeRequest.create(init);
    return new Promise((resolve, reject) => {
      this.#member.readLinearizable({
        onReadable: () => {
          const result = this.#member.machine.range(request);
          if (result.kind === "refused") reject(new EtcdFailure(errorOfRefusal(result.refusal)));
          else {
            const { kvs, more, count, revision } = result;
            const header = this.#member.header(revision);
            resolve(RangeResponse.decode(RangeResponse.encode({ header, kvs, more, count })));
          }
        },
        onRefused: (error) => reject(new EtcdFailure(error)),
      });
    });
  }

  async txn(init: TxnRequestInit): Promise<TxnResponse> {
    const request = TxnRequest.create(init);
    if (isTxnReadOnly(request)) throw new TypeError("a transaction that only reads is a range");
    const body = TxnRequest.encode(init);
    this.#require(checkCommandBytes(body, this.#limits));
    this.#require(this.#member.quota.checkTxn(request, body.length));
    return this.#propose(CommandKind.TXN, body, (result) => {
      if (result.kind !== "txn") return null;
      const { succeeded, responses, revision } = result;
      const header = this.#member.header(revision);
      return TxnResponse.decode(TxnResponse.encode({ header, succeeded, responses }));
    });
  }

  async deleteRange(init: DeleteRangeRequestInit): Promise<DeleteRangeResponse> {
    const refusal = checkDeleteRangeRequest(DeleteRangeRequest.create(init));
    this.#require(refusal === null ? null : errorOfRefusal(refusal));
    const body = DeleteRangeRequest.encode(init);
    return this.#propose(CommandKind.DELETE_RANGE, body, (result) => {
      if (result.kind !== "delete-range") return null;
      const header = this.#member.header(result.revision);
      return DeleteRangeResponse.create({ header, deleted: result.deleted });
    });
  }

  async grantLease(ttlSeconds: number): Promise<bigint> {
    this.#require(this.#member.quota.checkLeaseGrant());
    return this.#outcome(
      (waiter) => this.#member.grantLease(ttlSeconds, 0n, waiter),
      (result) => (result.kind === "lease-grant" ? result.id : null),
    );
  }

  #require(refusal: EtcdError | null): void {
    if (refusal !== null) throw new EtcdFailure(refusal);
  }

  #propose<T>(
    kind: CommandKind,
    body: Uint8Array,
    read: (result: CommandResult) => T | null,
  ): Promise<T> {
    return this.#outcome((waiter) => this.#member.propose(kind, body, waiter), read);
  }

  #outcome<T>(
    submit: (waiter: ProposalWaiter) => void,
    read: (result: CommandResult) => T | null,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (error: EtcdError): void => reject(new EtcdFailure(error));
      submit({
        onResult: (result) => {
          if (result.kind === "refused") return fail(errorOfRefusal(result.refusal));
          const value = read(result);
          if (value === null) fail(EtcdErrors.unknownMethod);
          else resolve(value);
        },
        onRefused: fail,
      });
    });
  }

  /** @throws EtcdFailure when the revision was compacted, or more changes wait than are held */
  async *watch(range: LocalRange, signal: AbortSignal): AsyncGenerator<KeyChange> {
    const buffer = new ChangeBuffer();
    const stream = this.#member.machine.watchHub.openStream({
      send: (...pieces) => buffer.onResponse(WatchResponse.decode(Buffer.concat(pieces))),
    });
    const wake = (): void => buffer.wake();
    signal.addEventListener("abort", wake);
    try {
      stream.create(
        WatchCreateRequest.create({
          key: range.key,
          rangeEnd: range.rangeEnd,
          startRevision: range.startRevision,
        }),
      );
      while (!signal.aborted) {
        const change = buffer.take();
        if (change !== null) yield change;
        else await buffer.arrival();
      }
    } finally {
      signal.removeEventListener("abort", wake);
      stream.close();
    }
  }
}

/** Changes between the hub, which does not wait, and a loop that does. */
class ChangeBuffer {
  #changes: KeyChange[] = [];
  #failure: EtcdError | null = null;
  #onArrival: (() => void) | null = null;

  onResponse(response: WatchResponse): boolean {
    for (const { kv, type } of response.events) {
      if (kv === null) continue;
      const isDeleted = type === EventType.DELETE;
      // The bytes are the hub's, and shared with others.
      const copy = { ...kv, key: Uint8Array.from(kv.key), value: Uint8Array.from(kv.value) };
      this.#changes.push({ modRevision: kv.modRevision, kv: isDeleted ? null : copy });
    }
    if (response.canceled) this.#failure = EtcdErrors.compacted;
    if (this.#changes.length > CHANGES_HELD_MAX) this.#failure = EtcdErrors.tooManyRequests;
    this.wake();
    return true;
  }

  /** @returns null if nothing is there now */
  take(): KeyChange | null {
    const change = this.#changes.shift();
    if (change === undefined && this.#failure !== null) throw new EtcdFailure(this.#failure);
    return change ?? null;
  }

  arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#onArrival = resolve;
    });
  }

  wake(): void {
    this.#onArrival?.();
    this.#onArrival = null;
  }
}
