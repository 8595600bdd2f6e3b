import { nextChance } from "@conclave/base";
import { Status } from "@conclave/rpc";
import {
  type CompareInit,
  CompareResult,
  CompareTarget,
  KV,
  type MethodDescriptor,
  type RangeRequestInit,
  type RequestOpInit,
  type ResponseHeader,
  type TxnRequestInit,
} from "@conclave/wire";
import { answerBytes } from "../checks/answers.ts";
import type { Operation } from "../history.ts";
import { bytesOfText, type WorkClient } from "./client.ts";

const KEYS = 8;
/** A client that compacts leaves so many revisions behind it. Count. */
const KEPT_REVISIONS_MAX = 60;

/** Operations that a client sends at once. Count. */
const BURST_MAX = 8;
const BURST_PROBABILITY = 0.1;

const METHODS = {
  put: KV.Put,
  "delete-range": KV.DeleteRange,
  txn: KV.Txn,
  range: KV.Range,
} as const;

/** Puts, deletes of keys and ranges, transactions plain and nested, reads of now and of before, compaction. */
export async function workOnKeys(client: WorkClient): Promise<void> {
  const worker = new KeyWorker(client);
  while (!client.isStopping) {
    await client.think();
    if (nextChance(client.prng, BURST_PROBABILITY)) {
      await client.burst(2 + client.below(BURST_MAX - 1), () => worker.operate());
    } else await worker.operate();
  }
}

class KeyWorker {
  readonly #client: WorkClient;
  /** Mod revisions last seen, for comparisons that may hold. */
  readonly #seen = new Map<string, number>();
  #newestRevision = 1;

  constructor(client: WorkClient) {
    this.#client = client;
  }

  operate(): Promise<void> {
    const draw = this.#client.below(100);
    if (draw < 30) return this.#put();
    if (draw < 50) return this.#transact();
    if (draw < 58) return this.#delete();
    if (draw < 88) return this.#range({});
    if (draw < 94) return this.#range({ serializable: true });
    if (draw < 99) return this.#range({ revision: this.#drawRevision() });
    return this.#compact();
  }

  #put(): Promise<void> {
    const key = this.#drawKey();
    const value = this.#client.drawUnique();
    const prevKv = nextChance(this.#client.prng, 0.3);
    const init = { key: bytesOfText(key), value: bytesOfText(value), prevKv };
    return this.#run("put", KV.Put.request.encode(init), { isUnique: true, key });
  }

  #delete(): Promise<void> {
    const from = this.#client.below(KEYS);
    const isRange = nextChance(this.#client.prng, 0.2);
    const init = {
      key: bytesOfText(`k/${from}`),
      ...(isRange ? { rangeEnd: bytesOfText(`k/${from + 3}`) } : {}),
      prevKv: nextChance(this.#client.prng, 0.3),
    };
    return this.#run("delete-range", KV.DeleteRange.request.encode(init), { key: `k/${from}` });
  }

  #range(more: RangeRequestInit): Promise<void> {
    const below = (limit: number): number => this.#client.below(limit);
    const isAll = nextChance(this.#client.prng, 0.6);
    const init: RangeRequestInit = {
      key: bytesOfText(isAll ? "k/" : this.#drawKey()),
      ...(isAll ? { rangeEnd: bytesOfText("k0") } : {}),
      ...(below(4) === 0 ? { limit: 1 + below(4) } : {}),
      ...(below(4) === 0 ? { sortOrder: 1 + below(2), sortTarget: below(5) } : {}),
      ...(below(10) === 0 ? { keysOnly: true } : {}),
      ...(below(10) === 0 ? { countOnly: true } : {}),
      ...more,
    };
    return this.#run("range", KV.Range.request.encode(init), {
      isSerializable: more.serializable === true,
      atRevision: more.revision ?? 0,
    });
  }

  #transact(): Promise<void> {
    const key = this.#drawKey();
    const value = this.#client.drawUnique();
    return this.#run("txn", KV.Txn.request.encode(this.#drawTxn(key, value, 0)), {
      isUnique: true,
      key,
    });
  }

  /** Swaps if nobody wrote meanwhile; beside it, other keys, and now and then a transaction inside. */
  #drawTxn(key: string, value: string, depth: number): TxnRequestInit {
    const { prng } = this.#client;
    const put: RequestOpInit = { requestPut: { key: bytesOfText(key), value: bytesOfText(value) } };
    const read: RequestOpInit = {
      requestRange: { key: bytesOfText("k/"), rangeEnd: bytesOfText("k0") },
    };
    const other = `k/x${this.#client.below(3)}`;
    const more: RequestOpInit[] = [];
    const draw = this.#client.below(10);
    if (draw < 3) {
      more.push({ requestPut: { key: bytesOfText(other), value: bytesOfText(`${value}+`) } });
    } else if (draw < 5) {
      more.push({ requestDeleteRange: { key: bytesOfText(other), prevKv: true } });
    }
    if (nextChance(prng, 0.3)) more.push(read);
    if (depth === 0 && nextChance(prng, 0.2)) {
      more.push({ requestTxn: this.#drawTxn(`k/n${this.#client.below(3)}`, `${value}'`, 1) });
    }
    return {
      compare: [this.#drawCompare(key)],
      success: [put, ...more],
      failure: [nextChance(prng, 0.1) ? put : read],
    };
  }

  #drawCompare(key: string): CompareInit {
    const expected = this.#seen.get(key) ?? 0;
    const base = { result: CompareResult.EQUAL, key: bytesOfText(key) };
    if (nextChance(this.#client.prng, 0.2)) {
      return { ...base, target: CompareTarget.VERSION, result: CompareResult.GREATER, version: 1 };
    }
    return { ...base, target: CompareTarget.MOD, modRevision: expected };
  }

  async #compact(): Promise<void> {
    const revision = this.#drawRevision();
    const { status } = await this.#client.call(KV.Compact, { revision });
    this.#client.note(`compact at ${revision}: ${status.code} ${status.message}`);
  }

  #drawRevision(): number {
    return Math.max(1, this.#newestRevision - this.#client.below(KEPT_REVISIONS_MAX));
  }

  #drawKey(): string {
    return `k/${this.#client.below(KEYS)}`;
  }

  async #run(
    method: Operation["method"],
    body: Uint8Array,
    more: Partial<Pick<Operation, "isUnique" | "isSerializable" | "atRevision">> & {
      readonly key?: string;
    },
  ): Promise<void> {
    const { key = "", ...flags } = more;
    const operation = await runOperation(this.#client, method, body, flags);
    if (operation.revision === 0) return;
    this.#newestRevision = Math.max(this.#newestRevision, operation.revision);
    // Perhaps it was not this operation that wrote it: then the comparison fails, which is one more thing to check.
    if (key !== "") this.#seen.set(key, operation.revision);
  }
}

/** Asks, and writes down what was asked and answered. */
export async function runOperation(
  client: WorkClient,
  method: Operation["method"],
  body: Uint8Array,
  flags: Partial<Pick<Operation, "isUnique" | "isSerializable" | "atRevision">>,
): Promise<Operation> {
  const operation: Operation = {
    client: client.name,
    method,
    body,
    isUnique: false,
    isSerializable: false,
    atRevision: 0,
    ...flags,
    invokedMs: client.nowMs,
    completedMs: Number.POSITIVE_INFINITY,
    revision: 0,
    answer: null,
    isRefused: false,
    isCompacted: false,
  };
  client.history.operations.push(operation);
  const descriptor = METHODS[method] as MethodDescriptor<unknown, AnyResponse, unknown, unknown>;
  const { status, response } = await client.callEncoded(descriptor, body);
  if (response === null) {
    operation.isRefused = status.code === Status.OUT_OF_RANGE || !status.mayHaveReachedServer;
    operation.isCompacted = status.message.includes("compacted");
  } else {
    operation.completedMs = client.nowMs;
    operation.revision = response.header?.revision ?? 0;
    operation.answer = answerBytes(method, response);
  }
  client.note(`${method}: ${status.code} ${status.message} r${operation.revision}`);
  return operation;
}

interface AnyResponse {
  readonly header: ResponseHeader | null;
}
