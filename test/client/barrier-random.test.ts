import { setTimeout as sleep } from "node:timers/promises";
import { nextBelow, nextChance, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { type Client, ConclaveError } from "@conclave/client";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { clientsOf } from "./client-support.ts";
import { playFaults } from "./play-faults.ts";

const CLIENTS = 5;
const PARTIES = 3;
const DURATION_MS = 3_000;
/** It goes on until so many generations tripped: how fast depends on which messages the seed loses. */
const TRIPS_MIN = 5;

describeEachServer(
  "SDK barriers under random faults",
  (server) => {
    const clients = clientsOf(server);

    test("a generation lets exactly its parties through, or nobody, and those inside leave together", async () => {
      const prng = seededPrng(testSeed());
      /** Of those let through, by generation, which was the last to arrive. */
      const through = new Map<number, boolean[]>();
      /** Those of a generation who are still inside. */
      const inside = new Map<number, number>();
      const codes = new Set<string>();
      let unknown = 0;
      const until = performance.now() + DURATION_MS;
      let hasFailed = false;
      const goesOn = () => !hasFailed && (performance.now() < until || through.size < TRIPS_MIN);

      const passOnce = async (client: Client) => {
        const limits = nextChance(prng, 0.15)
          ? { timeout: 1 + nextBelow(prng, 30) }
          : { timeout: "2s" as const };
        const phase = await client.barrier("b", { parties: PARTIES }).enter(limits);
        const { generation, isLast } = phase;
        through.set(generation, [...(through.get(generation) ?? []), isLast]);
        inside.set(generation, (inside.get(generation) ?? 0) + 1);
        if (nextChance(prng, 0.3)) await sleep(nextBelow(prng, 5));
        inside.set(generation, inside.get(generation)! - 1);
        await phase.leave({ timeout: "5s" });
        // Whoever was let through but does not know it yet is not counted as inside.
        if (through.get(generation)!.length === PARTIES) expect(inside.get(generation)).toBe(0);
      };
      const run = async (client: Client) => {
        while (goesOn()) {
          try {
            await passOnce(client);
          } catch (error) {
            if (error instanceof ConclaveError) {
              codes.add(error.code);
              if (error.outcome === "unknown") unknown += 1;
              continue;
            }
            hasFailed = true;
            throw error;
          }
        }
      };

      const rigs = [];
      for (let n = 0; n < CLIENTS; n += 1) rigs.push(await clients.connectFaulty());
      const stops = rigs.map(({ faults }) => playFaults(prng, faults));
      await Promise.all(rigs.map(({ client }) => run(client)));
      for (const stop of stops) stop();

      let missing = 0;
      for (const wereLast of through.values()) {
        expect(wereLast.length).toBeLessThanOrEqual(PARTIES);
        expect(wereLast.filter((wasLast) => wasLast).length).toBeLessThanOrEqual(1);
        missing += PARTIES - wereLast.length;
      }
      expect(missing, "let through without knowing it").toBeLessThanOrEqual(unknown);
      expect([...codes].filter((code) => !EXPECTED.has(code))).toEqual([]);
      const [first] = rigs;
      const barrier = first!.client.barrier("b", { parties: PARTIES });
      await eventually(() => barrier.remove());
    }, 60_000);
  },
  { sizes: [1] },
);

const EXPECTED = new Set(["BARRIER_BROKEN", "TIMEOUT", "UNAVAILABLE"]);
