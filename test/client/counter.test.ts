import { nextChance, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { clientsOf } from "./client-support.ts";

describeEachServer(
  "SDK counters",
  (server) => {
    const clients = clientsOf(server);

    test("count from 0, by 1 or by what is asked for, down as well", async () => {
      const { counter } = await clients.connect().then((client) => ({
        counter: client.counter("views"),
      }));
      expect(await counter.get()).toBe(0);
      expect(await counter.add()).toBe(1);
      expect(await counter.add(10)).toBe(11);
      expect(await counter.add(-12)).toBe(-1);
      expect(await counter.get()).toBe(-1);
    });

    test("blocks of several clients have no number in common, and leave none out", async () => {
      const all = await Promise.all([clients.connect(), clients.connect(), clients.connect()]);
      const blocks = await Promise.all(
        all.flatMap((client) => Array.from({ length: 5 }, () => client.counter("ids").block(10))),
      );
      const numbers = blocks.flatMap((block) => [...block]).sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: 150 }, (_, at) => at + 1));
    });

    test("every addition counts once, whatever answers are lost", async () => {
      const prng = seededPrng(testSeed());
      const rigs = [await clients.connectFaulty(), await clients.connectFaulty()];
      for (const { faults } of rigs) {
        faults.faultOf = (path) => {
          if (!path.endsWith("/Txn")) return undefined;
          if (nextChance(prng, 0.1)) return "drop-answer";
          return nextChance(prng, 0.05) ? "drop-request" : undefined;
        };
      }
      await Promise.all(
        rigs.flatMap(({ client }) =>
          Array.from({ length: 20 }, () => client.counter("sum").add(1, { timeout: "15s" })),
        ),
      );
      for (const { faults } of rigs) faults.faultOf = () => undefined;
      expect(await rigs[0]!.client.counter("sum").get()).toBe(40);
    }, 40_000);

    test("what is no safe integer is refused, and changes nothing", async () => {
      const client = await clients.connect();
      await client.counter("n").add(Number.MAX_SAFE_INTEGER);
      await expect(client.counter("n").add(1)).rejects.toThrow(RangeError);
      await expect(client.counter("n").add(0.5)).rejects.toThrow(RangeError);
      await expect(client.counter("n").block(0)).rejects.toThrow(RangeError);
      expect(await client.counter("n").get()).toBe(Number.MAX_SAFE_INTEGER);
      await client.kv.put("text", "seven");
      const refused = { code: "INVALID_VALUE", outcome: "not-applied" };
      await expect(client.counter("text").add()).rejects.toMatchObject(refused);
      await expect(client.counter("text").get()).rejects.toMatchObject(refused);
    });

    test("an addition that is given up in its turn is not made", async () => {
      const client = await clients.connect();
      const gone = AbortSignal.abort("enough");
      await expect(client.counter("n").add(1, { signal: gone })).rejects.toMatchObject({
        code: "CANCELLED",
        outcome: "not-applied",
      });
      expect(await client.counter("n").get()).toBe(0);
    });
  },
  { sizes: [1] },
);
