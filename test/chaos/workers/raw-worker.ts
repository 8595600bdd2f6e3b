import { setTimeout as sleep } from "node:timers/promises";
import { nextBelow, type Prng } from "@conclave/base";
import { Channel } from "@conclave/rpc";
import {
  CompareResult,
  CompareTarget,
  type KeyValue,
  KV,
  type MethodDescriptor,
} from "@conclave/wire";
import { type Answer, callUnary } from "../call-unary.ts";
import type { Pair, Read, Write } from "../operations.ts";
import { bytesOf, prefixEnd, textOf } from "./bytes.ts";
import { PREFIX, SHARED_KEYS } from "./key-names.ts";
import { RecordedWrites } from "./recorded-writes.ts";
import type { Scene, Worker } from "./worker.ts";

const THINK_MS_MAX = 4;
const CALL_TIMEOUT_MS = 1_500;
/** After an operation that failed: a member that is down refuses at once. */
const PAUSE_MS = 20;

/** A client of the bare protocol: every call goes to a member chosen at random, once. */
export class RawWorker implements Worker {
  readonly name: string;
  readonly #scene: Scene;
  readonly #prng: Prng;
  readonly #writes: RecordedWrites;
  readonly #channels: readonly Channel[];
  /** Mod revisions last seen, for compare-and-put. */
  readonly #seen = new Map<string, number>();
  #isStopping = false;

  constructor(name: string, scene: Scene) {
    this.name = name;
    this.#scene = scene;
    this.#prng = scene.prng;
    this.#writes = new RecordedWrites(name, scene);
    this.#channels = scene.cluster.endpoints.map(
      (endpoint) =>
        new Channel({
          endpoints: [endpoint],
          connectTimeoutMs: 500,
          backoff: { initialMs: 50, maxMs: 300 },
        }),
    );
  }

  async run(): Promise<void> {
    while (!this.#isStopping) {
      const isAnswered = await this.#operate();
      await sleep(isAnswered ? nextBelow(this.#prng, THINK_MS_MAX) : PAUSE_MS);
    }
  }

  stop(): void {
    this.#isStopping = true;
  }

  async close(): Promise<void> {
    for (const channel of this.#channels) channel.close();
  }

  /** @returns whether it was answered */
  #operate(): Promise<boolean> {
    const key = `${PREFIX.shared}${nextBelow(this.#prng, SHARED_KEYS)}`;
    const draw = nextBelow(this.#prng, 10);
    if (draw < 3) return this.#put(key);
    if (draw < 5) return this.#compareAndPut(key);
    if (draw < 6) return this.#delete(key);
    return this.#range(draw < 9 ? "range" : "serializable-range");
  }

  async #put(key: string): Promise<boolean> {
    const write = this.#writes.begin("put", key, this.#writes.drawValue());
    const init = { key: bytesOf(key), value: bytesOf(write.value) };
    const answer = await this.#call(KV.Put, init);
    const { response } = answer;
    if (response === null) return this.#unanswered(write, answer);
    return this.#answered(write, response.header?.revision, true);
  }

  async #compareAndPut(key: string): Promise<boolean> {
    const expected = this.#seen.get(key) ?? 0;
    const value = this.#writes.drawValue();
    const write = this.#writes.begin("compare-and-put", key, value, expected);
    const answer = await this.#call(KV.Txn, {
      compare: [
        {
          result: CompareResult.EQUAL,
          target: CompareTarget.MOD,
          key: bytesOf(key),
          modRevision: expected,
        },
      ],
      success: [{ requestPut: { key: bytesOf(key), value: bytesOf(value) } }],
      failure: [{ requestRange: { key: bytesOf(key) } }],
    });
    const { response } = answer;
    if (response === null) return this.#unanswered(write, answer);
    const found = response.responses[0]?.responseRange?.kvs[0];
    if (found !== undefined) this.#seen.set(key, found.modRevision);
    return this.#answered(write, response.header?.revision, response.succeeded);
  }

  async #delete(key: string): Promise<boolean> {
    const write = this.#writes.begin("delete", key, "");
    const answer = await this.#call(KV.DeleteRange, { key: bytesOf(key) });
    const { response } = answer;
    if (response === null) return this.#unanswered(write, answer);
    this.#answered(write, response.header?.revision, response.deleted > 0);
    if (response.deleted > 0) this.#seen.set(key, 0);
    return true;
  }

  async #range(kind: Read["kind"]): Promise<boolean> {
    const invokedMs = this.#scene.nowMs();
    const { response } = await this.#call(KV.Range, {
      key: bytesOf(PREFIX.shared),
      rangeEnd: prefixEnd(PREFIX.shared),
      serializable: kind !== "range",
    });
    if (response === null) return false;
    const pairs = response.kvs.map(pairOf);
    this.#scene.operations.reads.push({
      kind,
      client: this.name,
      prefix: PREFIX.shared,
      invokedMs,
      completedMs: this.#scene.nowMs(),
      revision: response.header?.revision ?? 0,
      pairs,
    });
    for (const { key, modRevision } of pairs) this.#seen.set(key, modRevision);
    return true;
  }

  #answered(write: Write, revision = 0, succeeded: boolean): true {
    this.#writes.answered(write, revision, succeeded);
    if (succeeded) this.#seen.set(write.key, revision);
    return true;
  }

  #unanswered(write: Write, { status }: Answer<unknown>): false {
    write.isRefused = !status.mayHaveReachedServer;
    return false;
  }

  #call<Request, Response, RequestInit, ResponseInit>(
    method: MethodDescriptor<Request, Response, RequestInit, ResponseInit>,
    init: RequestInit,
  ): Promise<Answer<Response>> {
    const channel = this.#channels[nextBelow(this.#prng, this.#channels.length)];
    if (channel === undefined) throw new Error("a cluster has members");
    return callUnary(channel, method, init, CALL_TIMEOUT_MS);
  }
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
