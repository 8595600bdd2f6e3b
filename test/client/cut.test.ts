import { type Client, ConclaveError, connect } from "@conclave/client";
import { grpcTransport } from "@conclave/client/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cutsOf, handlesOpen, sweep } from "../support/cut-sweep.ts";
import { type Cut, type CutKind, CuttingProxy, type Direction } from "../support/cutting-proxy.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import {
  CALL_TIMEOUT_MS,
  type Ending,
  LOCK_TIMEOUT_MS,
  type Operation,
  operations,
} from "./cut-operations.ts";

/**
 * The network is cut at each byte of an exchange, in each direction, in three ways. Afterwards no error may have lied, nothing
 * may be left, and nothing may have taken longer than it was allowed to.
 */

/** The machine of the tests is busy. */
const SLACK_MS = 3_000;
/** For so long its disk may stand still, too, while nothing is cut. */
const STALL_MS = 60_000;
const SWEEP_TIMEOUT_MS = 900_000;
/** Runs in each direction. Silence takes its whole time. Count. */
const runsMax = ({ resetsMax }: Operation): Record<CutKind, number> => ({
  reset: resetsMax,
  "half-close": 24,
  "black-hole": 8,
});

/** `CONCLAVE_CUT_TRANSPORT=grpc-js` cuts what grpc-js says instead. */
const transport =
  process.env.CONCLAVE_CUT_TRANSPORT === "grpc-js" ? { transport: grpcTransport() } : {};

describeEachServer(
  "a network cut at each byte",
  (server) => {
    let observer: Client;
    let runs = 0;
    beforeAll(async () => {
      const { endpoints } = server.deployment;
      observer = await connect(endpoints, { namespace: "cut/", timeout: STALL_MS });
    });
    afterAll(() => observer.close());

    /** @returns the bytes that passed, by direction */
    async function run(operation: Operation, cut: Cut | null) {
      await using network = await CuttingProxy.start(server.deployment.endpoints[0]!);
      await using other = await CuttingProxy.start(server.deployment.endpoints[0]!);
      const networks = [network, other].slice(0, operation.networks);
      const endpoints = networks.map(({ endpoint }) => endpoint);
      const { session } = operation;
      const terms = { ...transport, namespace: "cut/", timeout: CALL_TIMEOUT_MS, session };
      await using client = await eventually(() => connect(endpoints, terms), STALL_MS);
      runs += 1;
      const scene = { client, observer, name: `run${runs}` };
      const { exchange, check } = await eventually(() => operation.prepare(scene), STALL_MS);
      for (const each of networks) each.count();
      if (cut !== null) armFirstUsed(networks, cut);
      const startedMs = performance.now();
      const ending = await endingOf(exchange());
      const tookMs = performance.now() - startedMs;
      const passed = (direction: Direction) =>
        networks.reduce((sum, each) => sum + each.passed[direction], 0);
      const size = { up: passed("up"), down: passed("down") };
      for (const each of networks) each.disarm();
      if (cut?.kind === "black-hole") for (const each of networks) each.resetAll();
      expect(tookMs, "ms").toBeLessThan(LOCK_TIMEOUT_MS + SLACK_MS);
      await check(ending);
      return size;
    }

    test.each(operations.map((operation) => [operation.title, operation] as const))(
      "%s: no error lies, nothing is left, nothing hangs",
      async (_title, operation) => {
        const size = await run(operation, null);
        const before = handlesOpen();
        const cuts = cutsOf(size, runsMax(operation));
        const failures = await sweep(cuts, async (cut) => {
          await run(operation, cut);
        });
        expect(failures).toEqual([]);
        expect((await observer.kv.getAll({ prefix: "" })).items).toEqual([]);
        await eventually(() => {
          const after = handlesOpen();
          for (const kind in before) expect(after[kind]).toBeLessThanOrEqual(before[kind]!);
        });
      },
      SWEEP_TIMEOUT_MS,
    );
  },
  { sizes: [1] },
);

function armFirstUsed(networks: readonly CuttingProxy[], cut: Cut): void {
  for (const network of networks) {
    network.arm(cut, () => {
      for (const each of networks) each.disarm();
    });
  }
}

async function endingOf(exchange: Promise<unknown>): Promise<Ending> {
  try {
    return { value: await exchange };
  } catch (error) {
    if (error instanceof ConclaveError) return { error };
    throw error;
  }
}
