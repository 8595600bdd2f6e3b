import { seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { expect, test } from "vitest";
import { describeEachServer, type ServerUnderTest } from "../support/each-server.ts";
import type { WatchCreateRequest, WatchEvent } from "../support/etcd-messages.ts";
import { RawClient, RpcError } from "../support/raw-client.ts";
import { WatchStream } from "../support/watch-stream.ts";
import { RandomRequests, type Step } from "./random-requests.ts";
import { Refused } from "./reference-checks.ts";
import { type Answer, type ReferenceEvent, ReferenceStore } from "./reference-store.ts";

/** `CONCLAVE_STEPS` goes further. */
const stepCount = Number(process.env.CONCLAVE_STEPS ?? 1_500);
const WATCHES = 6;

describeEachServer(
  "random requests and the reference store",
  (server) => {
    test(`agree on ${stepCount} answers, refusals and all events in between`, async () => {
      const run = new DifferentialRun(server, testSeed());
      try {
        await run.watchSome();
        for (let step = 0; step < stepCount; step++) await run.step(step);
        await run.compareEvents();
      } finally {
        run[Symbol.dispose]();
      }
    }, 120_000);
  },
  { sizes: [1] },
);

/** The same requests to a server, one at a time, and to the reference store. */
class DifferentialRun implements Disposable {
  readonly #client: RawClient;
  readonly #reference = new ReferenceStore();
  readonly #requests: RandomRequests;
  readonly #watches: { request: WatchCreateRequest; stream: WatchStream }[] = [];

  constructor(server: ServerUnderTest, seed: number) {
    this.#client = new RawClient(server.deployment.endpoints[0]!);
    this.#requests = new RandomRequests(seededPrng(seed), () => this.#reference.revision, {
      avoidsPanics: server.kind === "etcd",
    });
  }

  async watchSome(): Promise<void> {
    for (let count = 0; count < WATCHES; count++) {
      const request = this.#requests.watch();
      const stream = new WatchStream(this.#client);
      if ((await stream.create(request)).canceled) stream[Symbol.dispose]();
      else this.#watches.push({ request, stream });
    }
  }

  async step(number: number): Promise<void> {
    const step = this.#requests.step();
    const expected = referenceAnswer(this.#reference, step);
    const actual = await serverAnswer(this.#client, step);
    expect(actual, `step ${number}: ${step.call} ${inspect(step.request)}`).toEqual(expected);
  }

  async compareEvents(): Promise<void> {
    for (const { request, stream } of this.#watches) {
      const expected = this.#reference
        .events(request.key ?? "", request.range_end ?? "", 2)
        .filter(({ type }) => !request.filters?.includes(type === "PUT" ? "NOPUT" : "NODELETE"))
        .map((event) => (request.prev_kv ? event : { ...event, prev_kv: null }));
      const actual: (WatchEvent | ReferenceEvent)[] = await stream.events(expected.length);
      expect(actual, `the events of ${inspect(request)}`).toEqual(expected);
      await stream.expectNothingBefore();
    }
  }

  [Symbol.dispose](): void {
    for (const { stream } of this.#watches) stream[Symbol.dispose]();
    this.#client[Symbol.dispose]();
  }
}

function referenceAnswer(reference: ReferenceStore, step: Step): Answer {
  try {
    return answerOf(reference, step);
  } catch (error) {
    if (error instanceof Refused) return { code: error.code, text: error.text };
    throw error;
  }
}

function answerOf(reference: ReferenceStore, { call, request }: Step): Answer {
  switch (call) {
    case "KV.Range":
      return reference.range(request);
    case "KV.Put":
      return reference.put(request);
    case "KV.DeleteRange":
      return reference.deleteRange(request);
    case "KV.Txn":
      return reference.txn(request);
    case "KV.Compact":
      return reference.compact(request.revision);
    case "Lease.LeaseGrant":
      return reference.leaseGrant(request.ID, request.TTL);
    case "Lease.LeaseRevoke":
      return reference.leaseRevoke(request.ID);
    case "Lease.LeaseTimeToLive":
      return reference.leaseTimeToLive(request.ID, request.keys);
    case "Lease.LeaseLeases":
      return reference.leaseLeases();
  }
}

async function serverAnswer(client: RawClient, { call, request }: Step): Promise<Answer> {
  try {
    const answer = plain(await client.call(call, request)) as Answer;
    if (call !== "Lease.LeaseTimeToLive") return answer;
    const { TTL: _timeLeft, ...timeless } = answer;
    return timeless;
  } catch (error) {
    if (error instanceof RpcError) return { code: error.code, text: error.text };
    throw error;
  }
}

/** Without ids and terms, without what is absent, and with lists sorted whose order etcd leaves open. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([name, field]) => field !== null && !LEFT_OUT.has(name))
    .map(([name, field]) => [name, UNORDERED[name]?.(field) ?? plain(field)] as const);
  return Object.fromEntries(entries);
}

const LEFT_OUT = new Set(["cluster_id", "member_id", "raft_term"]);
const UNORDERED: Record<string, (list: unknown) => unknown> = {
  keys: (keys) => (keys as string[]).toSorted(),
  leases: (leases) => (leases as { ID: bigint }[]).toSorted((a, b) => (a.ID < b.ID ? -1 : 1)),
};

function inspect(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part));
}
