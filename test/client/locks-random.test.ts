import { setTimeout as sleep } from "node:timers/promises";
import { nextBelow, nextChance, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { type Client, ConclaveError, type Lock } from "@conclave/client";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { clientsOf } from "./client-support.ts";
import { playFaults } from "./play-faults.ts";

const CLIENTS = 4;
const DURATION_MS = 3_000;
/** It goes on until so many holds came about: how fast depends on which messages the seed loses. */
const HOLDS_MIN = 20;
const TEST_TIMEOUT_MS = 60_000;

describeEachServer(
  "SDK locks under random faults",
  (server) => {
    const clients = clientsOf(server);

    // K1, K2 and K4 of the invariants; failure modes 7 and 8.
    test(
      "holders never overlap, fences grow, nobody waits for ever, and no entry is left",
      async () => {
        const prng = seededPrng(testSeed());
        const fences: number[] = [];
        let holder: Lock | null = null;
        const hold = async (lock: Lock) => {
          expect(holder, "two holders at once").toBeNull();
          holder = lock;
          fences.push(lock.fence.revision);
          await sleep(nextBelow(prng, 4));
          holder = null;
        };
        const until = performance.now() + DURATION_MS;
        let hasFailed = false; // Then nobody goes on: clients are closed, and refuse at once.
        const contend = async (client: Client) => {
          while (!hasFailed && (performance.now() < until || fences.length < HOLDS_MIN)) {
            const wait = nextChance(prng, 0.1) ? { timeout: 5 } : {};
            try {
              await client.locks.request("l", wait, hold);
            } catch (error) {
              // A fault may end an attempt, but only with an error of ours, and never inside the body.
              if (error instanceof ConclaveError) continue;
              hasFailed = true;
              throw error;
            }
          }
        };
        const rigs = [];
        for (let n = 0; n < CLIENTS; n += 1) rigs.push(await clients.connectFaulty());
        const stops = rigs.map(({ faults }) => playFaults(prng, faults));
        await Promise.all(rigs.map(({ client }) => contend(client)));
        for (const stop of stops) stop();
        expect([...fences].sort((a, b) => a - b)).toEqual(fences);
        expect(new Set(fences).size).toBe(fences.length);
        const [first] = rigs;
        await eventually(async () => expect(await first!.client.kv.count("l/")).toBe(0));
      },
      TEST_TIMEOUT_MS,
    );
  },
  { sizes: [1, 3] },
);
