import { getEventListeners } from "node:events";
import type { Client } from "@conclave/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { clientsOf } from "./client-support.ts";

/** Node takes more than ten listeners on one signal for a leak, and says so on the user's console. */
const MANY = 12;

type Act = (client: Client, number: number, signal: AbortSignal) => Promise<unknown>;

/** What a program does many times with the one signal that ends it. */
const acts: readonly (readonly [string, Act])[] = [
  ["reads", ({ kv }, number, signal) => kv.get(`k${number}`, { signal })],
  ["locks", ({ locks }, number, signal) => locks.acquire(`l${number}`, { signal })],
  ["waits for a lock", ({ locks }, _, signal) => locks.request("l", { signal }, async () => {})],
  ["campaigns", (client, number, signal) => client.election(`e${number}`).campaign({ signal })],
  ["watches", (client, number, signal) => client.watch(`w${number}`, { signal }).started()],
  ["mirrors", (client, number, signal) => client.mirror(`m${number}/`, undefined, { signal })],
  [
    "registrations",
    ({ services }, number) => services.register(`s${number}`, { addr: `h:${number + 1}` }),
  ],
  ["uses of services", ({ services }, number, signal) => services.use(`u${number}`, { signal })],
  [
    "transactions",
    (client, number, signal) => client.transact((tx) => tx.put(`t${number}`, ""), { signal }),
  ],
];

describeEachServer(
  "one signal for many operations",
  (server) => {
    const clients = clientsOf(server);
    const warnings: string[] = [];
    const onWarning = (warning: Error) => warnings.push(`${warning.name}: ${warning.stack}`);
    beforeEach(() => {
      warnings.length = 0;
      process.on("warning", onWarning);
    });
    afterEach(() => {
      process.off("warning", onWarning);
    });
    /** Warnings come in a turn of their own. */
    const noWarnings = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      expect(warnings).toEqual([]);
    };
    const many = <Result>(act: (number: number) => Promise<Result>) =>
      Promise.all(Array.from({ length: MANY }, (_, number) => act(number)));

    test.each(acts)("%s are no leak of listeners, and leave none", async (_title, act) => {
      const client = await clients.connect();
      const { signal } = new AbortController();
      await many((number) => act(client, number, signal));
      await noWarnings();
      await client.close();
      expect(getEventListeners(signal, "abort")).toEqual([]);
    });

    test("leaders that are supervised until it aborts are no leak, and leave none", async () => {
      const client = await clients.connect();
      const stop = new AbortController();
      let terms = 0;
      const leading = many((number) =>
        client.election(`e${number}`).lead(
          async (term) => {
            terms += 1;
            await term.until();
          },
          { signal: stop.signal },
        ),
      );
      await eventually(() => expect(terms).toBe(MANY));
      stop.abort();
      await Promise.allSettled(await leading);
      await noWarnings();
      expect(getEventListeners(stop.signal, "abort")).toEqual([]);
    });

    test("calls that are repeated are no leak, without any signal of the caller", async () => {
      const { client, faults } = await clients.connectFaulty();
      let left = 2 * MANY;
      faults.faultOf = () => (left-- > 0 ? "drop-answer" : undefined);
      await many((number) => client.kv.get(`k${number}`));
      await noWarnings();
    });
  },
  { sizes: [1] },
);
