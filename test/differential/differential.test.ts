import { isDeepStrictEqual } from "node:util";
import { nextBelow, type Prng, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { expect, test } from "vitest";
import { describeEachServer, type ServerUnderTest } from "../support/each-server.ts";
import type { WatchCreateRequest, WatchEvent } from "../support/etcd-messages.ts";
import { RawClient } from "../support/raw-client.ts";
import { WatchStream } from "../support/watch-stream.ts";
import { Pipeline } from "./pipeline.ts";
import { RandomRequests, type Step } from "./random-requests.ts";
import { Refused } from "./reference-checks.ts";
import { type Answer, type ReferenceEvent, ReferenceStore } from "./reference-store.ts";

/**
 * `CONCLAVE_STEPS` goes further. Conclave keeps to the order of a connection, so that many writes may be under way; etcd begins
 * each request as a task of its own, and is asked to write one at a time.
 */
const LOADS = {
  conclave: { steps: Number(process.env.CONCLAVE_STEPS ?? 200_000), writesAtOnce: 300 },
  etcd: { steps: Number(process.env.CONCLAVE_STEPS ?? 40_000), writesAtOnce: 1 },
} as const;
const READS_AT_ONCE = 150;
const WATCHES = 6;
/** Events are compared for so many steps: each is read by reflection, and there are many. */
const WATCHED_STEPS = 10_000;

describeEachServer(
  "random requests and the reference store",
  (server) => {
    const { steps } = LOADS[server.kind];
    test(`agree on ${steps.toLocaleString("en")} answers, refusals and all events of the first ${WATCHED_STEPS.toLocaleString("en")}`, async () => {
      const run = new DifferentialRun(server, testSeed());
      try {
        const beganMs = performance.now();
        await run.watchSome();
        await run.steps(Math.min(steps, WATCHED_STEPS));
        await run.compareEvents();
        await run.steps(steps - WATCHED_STEPS);
        const seconds = (performance.now() - beganMs) / 1_000;
        console.info(
          `   ${server.kind}: ${run.stepsDone} answers alike in ${seconds.toFixed(1)} s; ${run.refusals} of them refusals`,
        );
      } finally {
        run[Symbol.dispose]();
      }
    }, 600_000);
  },
  { sizes: [1] },
);

/** The same requests to a server and to the reference store. */
class DifferentialRun implements Disposable {
  readonly #client: RawClient;
  readonly #pipeline: Pipeline;
  readonly #prng: Prng;
  readonly #writesAtOnce: number;
  readonly #reference = new ReferenceStore();
  readonly #requests: RandomRequests;
  readonly #watches: { request: WatchCreateRequest; stream: WatchStream }[] = [];
  stepsDone = 0;
  refusals = 0;

  constructor(server: ServerUnderTest, seed: number) {
    const [endpoint = ""] = server.deployment.endpoints;
    this.#client = new RawClient(endpoint);
    this.#pipeline = new Pipeline(endpoint);
    this.#prng = seededPrng(seed);
    this.#writesAtOnce = LOADS[server.kind].writesAtOnce;
    this.#requests = new RandomRequests(this.#prng, () => this.#reference.revision, {
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

  /** Some writes, then some reads of what they came to, and again: what is under way together may not depend on its order. */
  async steps(count: number): Promise<void> {
    const until = this.stepsDone + count;
    while (this.stepsDone < until) {
      const writes = 1 + nextBelow(this.#prng, this.#writesAtOnce);
      await this.#together(Math.min(writes, until - this.stepsDone), () => this.#requests.write());
      const reads = 1 + nextBelow(this.#prng, READS_AT_ONCE);
      await this.#together(Math.min(reads, until - this.stepsDone), () => this.#requests.read());
    }
  }

  async #together(count: number, draw: () => Step): Promise<void> {
    const first = this.stepsDone;
    this.stepsDone += count;
    const underWay = Array.from({ length: count }, () => {
      const step = draw();
      return {
        step,
        expected: referenceAnswer(this.#reference, step),
        actual: this.#pipeline.answer(step),
      };
    });
    for (const [at, { step, expected, actual }] of underWay.entries()) {
      const answer = await actual;
      if ("code" in expected) this.refusals += 1;
      if (isDeepStrictEqual(answer, expected)) continue;
      expect(answer, `step ${first + at}: ${step.call} ${inspect(step.request)}`).toEqual(expected);
    }
  }

  /** And watches no more. */
  async compareEvents(): Promise<void> {
    for (const { request, stream } of this.#watches.splice(0)) {
      const expected = this.#reference
        .events(request.key ?? "", request.range_end ?? "", 2)
        .filter(({ type }) => !request.filters?.includes(type === "PUT" ? "NOPUT" : "NODELETE"))
        .map((event) => (request.prev_kv ? event : { ...event, prev_kv: null }));
      const actual: (WatchEvent | ReferenceEvent)[] = await stream.events(expected.length);
      for (const [at, event] of actual.entries()) {
        if (isDeepStrictEqual(event, expected[at])) continue;
        expect(event, `event ${at} of ${inspect(request)}`).toEqual(expected[at]);
      }
      await stream.expectNothingBefore();
      stream[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    for (const { stream } of this.#watches) stream[Symbol.dispose]();
    this.#pipeline[Symbol.dispose]();
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

function inspect(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part));
}
