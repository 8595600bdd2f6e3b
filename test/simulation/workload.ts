import { nextBelow, nextChance, type Prng } from "@conclave/base";
import { type CallStatus, Channel, clockTurn, Status } from "@conclave/rpc";
import { type Cluster, forkPrng, IncarnationClock } from "@conclave/testing/cluster";
import {
  CompareResult,
  CompareTarget,
  EventType,
  type KeyValue,
  KV,
  Lease,
  Lock,
  type MethodDescriptor,
  Watch,
  WatchRequest,
  WatchResponse,
} from "@conclave/wire";
import type { History, Pair, Read, WatchedEvent, Write } from "./history.ts";

const KEYS = 6;
const THINK_MS_MAX = 60;
const CALL_TIMEOUT_MS = 4_000;
const LEASE_TTL_SECONDS = 2;

interface Answer<Response> {
  readonly status: CallStatus;
  readonly response: Response | null;
}

/** A client process: one operation after another on members chosen at random, until it is told to stop. */
export class WorkloadClient {
  readonly name: string;
  readonly #cluster: Cluster;
  readonly #history: History;
  readonly #prng: Prng;
  readonly #clock: IncarnationClock;
  readonly #channels: readonly Channel[];
  #isStopping = false;
  #valueCount = 0;
  /** Mod revisions last seen, for compare-and-put. */
  readonly #seen = new Map<string, number>();
  isDone = false;

  constructor(cluster: Cluster, history: History, prng: Prng, at: number) {
    this.name = `c${at}`;
    this.#cluster = cluster;
    this.#history = history;
    this.#prng = prng;
    this.#clock = new IncarnationClock(cluster.clock);
    this.#channels = cluster.members.map(
      (member) =>
        new Channel({
          endpoints: [`${member.name}:2379`],
          clock: this.#clock,
          atTurnEnd: clockTurn(this.#clock),
          prng: forkPrng(prng),
          dial: cluster.network.dialer(this.name, this.name, member.name, `${member.name}/client`),
          connectTimeoutMs: 500,
          backoff: { initialMs: 50, maxMs: 300 },
        }),
    );
  }

  /** Begins its work. What it does wrong itself fails the run. */
  start(kind: "key-value" | "lease" | "lock" | "watch"): void {
    const works = {
      "key-value": () => this.#workOnKeys(),
      lease: () => this.#workOnLeases(),
      lock: () => this.#workOnLocks(),
      watch: () => this.#watch(),
    };
    works[kind]().then(
      () => {
        this.isDone = true;
      },
      (error: unknown) => this.#cluster.fail(error),
    );
  }

  /** It ends after the operation it is at. */
  stop(): void {
    this.#isStopping = true;
  }

  close(): void {
    for (const channel of this.#channels) channel.close();
  }

  // ---- keys -----------------------------------------------------------------------------------------------------

  async #workOnKeys(): Promise<void> {
    while (!this.#isStopping) {
      await this.#think();
      const draw = nextBelow(this.#prng, 10);
      if (draw < 4) await this.#put(this.#drawKey());
      else if (draw < 6) await this.#compareAndPut(this.#drawKey());
      else if (draw < 7) await this.#delete(this.#drawKey());
      else if (draw < 9) await this.#range("range", "k/");
      else await this.#range("serializable-range", "k/");
    }
  }

  #drawKey(): string {
    return `k/${nextBelow(this.#prng, KEYS)}`;
  }

  #drawValue(): string {
    this.#valueCount += 1;
    return `${this.name}-${this.#valueCount}`;
  }

  #beginWrite(kind: Write["kind"], key: string, value: string, expectedModRevision = 0): Write {
    const write: Write = {
      client: this.name,
      kind,
      key,
      value,
      expectedModRevision,
      invokedMs: this.#clock.nowMs(),
      completedMs: Number.POSITIVE_INFINITY,
      revision: 0,
      succeeded: false,
      isRefused: false,
    };
    this.#history.writes.push(write);
    return write;
  }

  #endWrite(write: Write, status: CallStatus, revision: number, succeeded: boolean): void {
    if (status.code === Status.OK) {
      write.completedMs = this.#clock.nowMs();
      write.revision = revision;
      write.succeeded = succeeded;
      if (succeeded) this.#seen.set(write.key, revision);
    } else {
      write.isRefused = !status.mayHaveReachedServer;
    }
    this.#cluster.note(
      `${this.name} ${write.kind} ${write.key}=${write.value}: ${status.code} ${status.message} r${revision} ${succeeded}`,
    );
  }

  async #put(key: string): Promise<void> {
    const write = this.#beginWrite("put", key, this.#drawValue());
    const init = { key: bytesOfText(key), value: bytesOfText(write.value) };
    const { status, response } = await this.#call(KV.Put, init);
    this.#endWrite(write, status, response?.header?.revision ?? 0, response !== null);
  }

  async #compareAndPut(key: string): Promise<void> {
    const expected = this.#seen.get(key) ?? 0;
    const write = this.#beginWrite("compare-and-put", key, this.#drawValue(), expected);
    const init = {
      compare: [
        {
          result: CompareResult.EQUAL,
          target: CompareTarget.MOD,
          key: bytesOfText(key),
          modRevision: expected,
        },
      ],
      success: [{ requestPut: { key: bytesOfText(key), value: bytesOfText(write.value) } }],
      failure: [{ requestRange: { key: bytesOfText(key) } }],
    };
    const { status, response } = await this.#call(KV.Txn, init);
    const found = response?.responses[0]?.responseRange?.kvs[0];
    if (found !== undefined) this.#seen.set(key, found.modRevision);
    this.#endWrite(write, status, response?.header?.revision ?? 0, response?.succeeded ?? false);
  }

  async #delete(key: string): Promise<void> {
    const write = this.#beginWrite("delete", key, "");
    const { status, response } = await this.#call(KV.DeleteRange, { key: bytesOfText(key) });
    const deleted = response?.deleted ?? 0;
    this.#endWrite(write, status, response?.header?.revision ?? 0, deleted > 0);
    if (deleted > 0) this.#seen.set(key, 0);
  }

  async #range(kind: Read["kind"], prefix: string): Promise<void> {
    const read = {
      kind,
      client: this.name,
      prefix,
      invokedMs: this.#clock.nowMs(),
      completedMs: Number.POSITIVE_INFINITY,
      revision: 0,
      pairs: [] as Pair[],
    };
    const init = {
      key: bytesOfText(prefix),
      rangeEnd: prefixEnd(prefix),
      serializable: kind !== "range",
    };
    const { response } = await this.#call(KV.Range, init);
    if (response === null) return;
    read.completedMs = this.#clock.nowMs();
    read.revision = response.header?.revision ?? 0;
    read.pairs = response.kvs.map(pairOf);
    this.#history.reads.push(read);
    for (const { key, modRevision } of read.pairs) this.#seen.set(key, modRevision);
  }

  // ---- leases ---------------------------------------------------------------------------------------------------

  async #workOnLeases(): Promise<void> {
    while (!this.#isStopping) {
      await this.#think();
      const askedMs = this.#clock.nowMs();
      const { response } = await this.#call(Lease.LeaseGrant, { TTL: LEASE_TTL_SECONDS, ID: 0n });
      if (response === null) continue;
      const key = `l/${this.#drawValue()}`;
      const lease = {
        client: this.name,
        id: response.ID,
        ttlMs: response.TTL * 1000,
        key,
        renewedAtMs: askedMs,
        revokeAskedMs: Number.POSITIVE_INFINITY,
      };
      this.#history.leases.push(lease);
      const write = this.#beginWrite("put", key, this.#drawValue());
      const put = { key: bytesOfText(key), value: bytesOfText(write.value), lease: lease.id };
      const answer = await this.#call(KV.Put, put);
      this.#endWrite(
        write,
        answer.status,
        answer.response?.header?.revision ?? 0,
        answer.response !== null,
      );
      const rounds = nextBelow(this.#prng, 4);
      for (let round = 0; round < rounds && !this.#isStopping; round += 1) {
        await this.#clock.after(nextBelow(this.#prng, 1_500));
        const sentMs = this.#clock.nowMs();
        if ((await this.#keepAlive(lease.id)) > 0) lease.renewedAtMs = sentMs;
      }
      if (nextChance(this.#prng, 0.3)) {
        lease.revokeAskedMs = this.#clock.nowMs();
        await this.#call(Lease.LeaseRevoke, { ID: lease.id });
      }
    }
  }

  /** @returns the TTL that was answered; -1 without an answer */
  #keepAlive(id: bigint): Promise<number> {
    const { request, response, path } = Lease.LeaseKeepAlive;
    return new Promise((resolve) => {
      this.#history.pendingCalls += 1;
      let ttl = -1;
      const stream = this.#drawChannel().stream(
        path,
        { timeoutMs: CALL_TIMEOUT_MS },
        {
          onMessage: (bytes) => {
            ttl = response.decode(bytes).TTL;
            stream.halfClose();
          },
          onEnd: () => {
            this.#history.pendingCalls -= 1;
            this.#cluster.note(`${this.name} keep-alive ${id}: ${ttl}`);
            resolve(ttl);
          },
        },
      );
      stream.send(request.encode({ ID: id }));
    });
  }

  // ---- locks ----------------------------------------------------------------------------------------------------

  async #workOnLocks(): Promise<void> {
    while (!this.#isStopping) {
      await this.#think();
      const grant = await this.#call(Lease.LeaseGrant, { TTL: 60, ID: 0n });
      if (grant.response === null) continue;
      const lease = grant.response.ID;
      const locked = await this.#call(Lock.Lock, { name: bytesOfText("lock"), lease });
      if (locked.response !== null) {
        const key = textOf(locked.response.key);
        const revision = locked.response.header?.revision ?? 0;
        this.#cluster.note(`${this.name} holds ${key} r${revision}`);
        this.#history.holds.push({ client: this.name, key, revision });
        await this.#think();
      }
      while ((await this.#call(Lease.LeaseRevoke, { ID: lease })).status.code !== Status.OK) {
        if (this.#isStopping) return;
        await this.#think();
      }
    }
  }

  // ---- watches --------------------------------------------------------------------------------------------------

  async #watch(): Promise<void> {
    const watched = { client: this.name, prefix: "k/", events: [] as WatchedEvent[] };
    this.#history.watches.push(watched);
    while (!this.#isStopping) {
      const from = (watched.events.at(-1)?.revision ?? 0) + 1;
      await this.#watchOnce(watched.prefix, from, (event) => watched.events.push(event));
      await this.#clock.after(50);
    }
  }

  #watchOnce(
    prefix: string,
    startRevision: number,
    onEvent: (event: WatchedEvent) => void,
    channel = this.#drawChannel(),
  ): Promise<void> {
    return new Promise((resolve) => {
      let isOver = false;
      const stream = channel.stream(
        Watch.Watch.path,
        { metadata: { hasleader: "true" } },
        {
          onMessage: (bytes) => {
            if (isOver) return;
            const { events, canceled } = WatchResponse.decode(bytes);
            if (canceled) stream.cancel();
            for (const { type, kv } of events) {
              if (kv === null) throw new Error("an event without a key");
              const value = type === EventType.DELETE ? null : textOf(kv.value);
              onEvent({ revision: kv.modRevision, key: textOf(kv.key), value });
            }
          },
          onEnd: () => {
            isOver = true;
            resolve();
          },
        },
      );
      const key = bytesOfText(prefix === "" ? "\0" : prefix);
      const create = { key, rangeEnd: prefixEnd(prefix), startRevision };
      stream.send(WatchRequest.encode({ createRequest: create }));
      // Now and then to another member, from where it was: nothing may be lost or come twice.
      this.#clock.setTimer(500 + nextBelow(this.#prng, 3_000), () => stream.cancel());
    });
  }

  /** Every change up to a revision, as one member tells it. */
  async readLedger(member: number, revision: number): Promise<WatchedEvent[]> {
    const events: WatchedEvent[] = [];
    while ((events.at(-1)?.revision ?? 1) < revision) {
      const from = (events.at(-1)?.revision ?? 0) + 1;
      const onEvent = (event: WatchedEvent): void => {
        events.push(event);
      };
      await this.#watchOnce("", from, onEvent, this.#channels[member]);
    }
    return events;
  }

  // ---- calls ----------------------------------------------------------------------------------------------------

  #think(): Promise<void> {
    return this.#clock.after(nextBelow(this.#prng, THINK_MS_MAX));
  }

  #drawChannel(): Channel {
    const channel = this.#channels[nextBelow(this.#prng, this.#channels.length)];
    if (channel === undefined) throw new Error("a cluster has members");
    return channel;
  }

  #call<Request, Response, RequestInit, ResponseInit>(
    method: MethodDescriptor<Request, Response, RequestInit, ResponseInit>,
    init: RequestInit,
  ): Promise<Answer<Response>> {
    return new Promise((resolve) => {
      this.#history.pendingCalls += 1;
      const options = { timeoutMs: CALL_TIMEOUT_MS };
      this.#drawChannel().unary(
        method.path,
        method.request.encode(init),
        options,
        (status, bytes) => {
          this.#history.pendingCalls -= 1;
          resolve({ status, response: bytes === null ? null : method.response.decode(bytes) });
        },
      );
    });
  }
}

export function bytesOfText(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** The end of the range of all keys with a prefix; those with an empty one go up to the last. */
export function prefixEnd(prefix: string): Uint8Array {
  if (prefix === "") return Uint8Array.of(0);
  const end = Buffer.from(prefix, "latin1");
  end[end.length - 1] = (end[end.length - 1] ?? 0) + 1;
  return end;
}

function pairOf(kv: KeyValue): Pair {
  return {
    key: textOf(kv.key),
    value: textOf(kv.value),
    modRevision: kv.modRevision,
    createRevision: kv.createRevision,
    version: kv.version,
  };
}
