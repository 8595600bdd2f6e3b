import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";

describeEachServer(
  "failure mode 17, locks that wait for each other in a circle",
  (server) => {
    const clients = clientsOf(server);

    test("two tasks that nest two locks in opposite orders: one is told of the cycle, the other goes on", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const [first, second] = [await a.locks.acquire("x"), await b.locks.acquire("y")];
      const within = async (
        client: typeof a,
        name: string,
        held: typeof first,
      ): Promise<string> => {
        try {
          await (await client.locks.acquire(name, { within: held, timeout: "4s" })).release();
          return "went on";
        } catch (error) {
          return (error as { code: string }).code;
        } finally {
          await held.release();
        }
      };
      const outcomes = await Promise.all([within(a, "y", first), within(b, "x", second)]);
      expect(outcomes.sort()).toEqual(["DEADLOCK", "went on"]);
    });

    test("a lock of both names at once, in whatever order, waits in no circle", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const turns = Array.from({ length: 12 }, (_, turn) => {
        const names = turn % 2 === 0 ? ["x", "y"] : ["y", "x"];
        const client = turn % 3 === 0 ? a : b;
        return client.locks.request(names, { timeout: "3s" }, () => turn);
      });
      expect(await Promise.all(turns)).toEqual(turns.map((_, turn) => turn));
    });
  },
  { sizes: [1] },
);
