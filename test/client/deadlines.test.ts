import { nextBelow, type Prng, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { type Client, ConclaveError, connect, op } from "@conclave/client";
import { createChannel } from "@conclave/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectOver } from "../../packages/client/src/client.ts";
import { handlesOpen } from "../support/cut-sweep.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { WaywardCaller } from "../support/wayward-caller.ts";

/** What is given a time limit and a signal, and has to end by them whatever the calls below do. */
interface Limits {
  readonly timeout: number;
  readonly signal: AbortSignal;
}
type Call = (client: Client, name: string, limits: Limits) => Promise<unknown>;

const calls: readonly (readonly [string, Call])[] = [
  ["a read", ({ kv }, name, limits) => kv.get(name, limits)],
  ["a read of many", ({ kv }, name, limits) => kv.getAll({ prefix: name }, limits)],
  ["a write", ({ kv }, name, limits) => kv.put(name, "v", limits)],
  ["a commit", (client, name, limits) => client.txn().then(op.put(name, "v")).commit(limits)],
  ["a transaction", (c, name, limits) => c.transact(async (tx) => tx.put(name, "v"), limits)],
  ["a grant", ({ leases }, _, limits) => leases.grant("10s", limits)],
  ["a keep-alive", ({ leases }, _, limits) => leases.keepAliveOnce(7n, limits)],
  ["a lease's time", ({ leases }, _, limits) => leases.timeToLive(7n, limits)],
  ["an acquisition", ({ locks }, name, limits) => locks.acquire(name, limits)],
  ["a wait for a lock", ({ locks }, _, limits) => locks.acquire("taken", limits)],
  ["a try", ({ locks }, name, limits) => locks.try(name, limits)],
  ["a request", ({ locks }, name, limits) => locks.request(name, limits, async () => {})],
  ["a campaign", (client, name, limits) => client.election(name).campaign(limits)],
  ["a barrier of one", (c, name, limits) => c.barrier(name, { parties: 1 }).arriveAndWait(limits)],
  ["a barrier of two", (c, name, limits) => c.barrier(name, { parties: 2 }).enter(limits)],
  ["a barrier put up", (client, name, limits) => client.barrier(name).hold(limits)],
  ["a wait for a latch", (client, name, limits) => client.latch(name).wait(limits)],
  ["a count down", (c, name, limits) => c.latch(name, { count: 2 }).countDown(limits)],
  ["a count", (client, name, limits) => client.counter(name).add(1, limits)],
  ["a wait at a barrier", (client, _, limits) => client.barrier("up").wait(limits)],
  ["a barrier lifted", (client, name, limits) => client.barrier(name).release(limits)],
  [
    "a leave",
    async (client, name, limits) => {
      const phase = await client.barrier(name, { parties: 1 }).enter(limits);
      await phase.leave(limits);
    },
  ],
  [
    "a hand-over",
    async (client, name, limits) => {
      const term = await client.election(name).campaign(limits);
      await term.transfer("nobody", limits);
    },
  ],
  ["a hopeless campaign", (client, _, limits) => client.election("led").campaign(limits)],
];

const ROUNDS = 24;
const TIMEOUT_MS = 200;
/** The machine of the tests is busy. */
const SLACK_MS = 1_200;

describeEachServer(
  "time limits over calls that hang and get lost",
  (server) => {
    let observer: Client;
    const namespace = "deadlines/";
    beforeAll(async () => {
      observer = await connect(server.deployment.endpoints, { namespace });
      await observer.locks.acquire("taken");
      await observer.election("led").campaign();
      await observer.barrier("up").hold();
    });
    afterAll(() => observer.close());

    test.each(calls)(
      "%s ends in its time, with an error of ours or without, and leaves nothing",
      async (_title, call) => {
        const before = handlesOpen();
        const seed = testSeed();
        const rounds = Array.from({ length: ROUNDS }, (_, round) =>
          endsInTime(call, round, seededPrng(seed + round)),
        );
        const failures = (await Promise.all(rounds)).filter((failure) => failure !== null);
        expect(failures).toEqual([]);
        await eventually(() => {
          const after = handlesOpen();
          for (const kind in before) expect(after[kind]).toBeLessThanOrEqual(before[kind]!);
        });
      },
    );

    /** On a busy machine its first look at the server may take longer than the limit that is tested here. */
    async function connectWayward(prng: Prng) {
      const channel = createChannel({ endpoints: server.deployment.endpoints });
      const wayward = new WaywardCaller(channel, prng);
      wayward.isOrderly = true;
      const options = { namespace, timeout: TIMEOUT_MS, session: { ttl: "60s" } } as const;
      return { client: await connectOver(() => wayward, options), wayward };
    }

    async function endsInTime(call: Call, round: number, prng: Prng): Promise<string | null> {
      const { client, wayward } = await eventually(() => connectWayward(prng));
      wayward.isOrderly = false;
      const isGivenUp = nextBelow(prng, 3) === 0;
      const limitMs = isGivenUp ? nextBelow(prng, TIMEOUT_MS) : TIMEOUT_MS;
      const controller = new AbortController();
      const giveUp = isGivenUp ? setTimeout(() => controller.abort(), limitMs) : undefined;
      const startedMs = performance.now();
      const limits = { timeout: TIMEOUT_MS, signal: controller.signal };
      const error = await call(client, `name${round}`, limits).then(() => null, asIs);
      const tookMs = performance.now() - startedMs;
      clearTimeout(giveUp);
      wayward.isOrderly = true;
      await client.close();
      if (tookMs > limitMs + SLACK_MS) return `round ${round} took ${tookMs} of ${limitMs} ms`;
      if (error === null) return null;
      if (!(error instanceof ConclaveError)) return `round ${round}: ${error}`;
      const isCancelled = error.code === "CANCELLED" && !controller.signal.aborted;
      return isCancelled ? `round ${round} says that it was cancelled, but nobody did` : null;
    }
  },
  { sizes: [1] },
);

const asIs = (error: unknown) => error;
