import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@conclave/client";
import { expect, test } from "vitest";
import type { FaultyCaller } from "../../packages/client/src/testing/faulty-caller.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { clientsOf } from "./client-support.ts";

const TXN = "/etcdserverpb.KV/Txn";

describeEachServer(
  "barriers in trouble",
  (server) => {
    const clients = clientsOf(server);
    const fleet = (size: number) =>
      Promise.all(Array.from({ length: size }, () => clients.connect({ session: { ttl: "5s" } })));
    const pair = (client: Client) => client.barrier("b", { parties: 2 });
    const untilWaiting = (client: Client, count: number) =>
      eventually(async () => expect(await pair(client).waiting()).toBe(count));
    /** What became of `wait` by now: "pending", or its value, or its error. */
    const stateOf = <T>(wait: Promise<T>, afterMs: number) =>
      Promise.race([wait.catch((error: unknown) => error), sleep(afterMs, "pending")]);
    /** Lets one transaction pass, and loses those after it. */
    const loseAfterFirst = (faults: FaultyCaller) => {
      let passed = 0;
      faults.faultOf = (path) => {
        if (path !== TXN) return undefined;
        passed += 1;
        return passed > 1 ? "drop-request" : undefined;
      };
    };

    test("a leave that was given up has left all the same", async () => {
      const [a, b] = await fleet(2);
      const [first, second] = await Promise.all([pair(a!).enter(), pair(b!).enter()]);
      const leaving = first.leave({ signal: AbortSignal.abort("no") });
      await expect(leaving).rejects.toMatchObject({ code: "CANCELLED" });
      await second.leave();
    });

    test("a leave that failed for lack of a connection has left once that is back", async () => {
      const { client: a, faults } = await clients.connectFaulty({ retry: { retries: 0 } });
      const [b] = await fleet(1);
      const [first, second] = await Promise.all([pair(a).enter(), pair(b!).enter()]);
      faults.faultOf = () => "drop-request";
      await expect(first.leave({ timeout: 300 })).rejects.toThrow();
      faults.faultOf = () => undefined;
      await second.leave();
    });

    test("the parties of a barrier whose name goes on after a slash do not count", async () => {
      const [a, b] = await fleet(2);
      const longer = b!.barrier("b/eu", { parties: 2 });
      longer.arriveAndWait().catch(() => {});
      await eventually(async () => expect(await longer.waiting()).toBe(1));
      expect(await stateOf(pair(a!).arriveAndWait(), 300)).toBe("pending");
    });

    test("a party whose key went while it was cut off is not let through beside the others", async () => {
      const { client: a, faults } = await clients.connectFaulty();
      const [b, c] = await fleet(2);
      const waiting = pair(a).arriveAndWait();
      const told = expect(waiting).rejects.toMatchObject({
        code: "BARRIER_BROKEN",
        outcome: "unknown",
      });
      await untilWaiting(b!, 1);
      await sleep(100); // Its watch is on.
      faults.cutOffStreams();
      await b!.kv.deleteAll({ prefix: "b/" });
      const done = await Promise.all([pair(b!).arriveAndWait(), pair(c!).arriveAndWait()]);
      expect(done.map(({ generation }) => generation)).toEqual([1, 1]);
      faults.restoreStreams();
      await told;
    });

    test("a party beyond the last place that gave up counts for nobody", async () => {
      const { client: b, faults: lost } = await clients.connectFaulty();
      const { client: c, faults } = await clients.connectFaulty();
      const [a, d] = await fleet(2);
      const first = pair(a!).arriveAndWait();
      await untilWaiting(d!, 1);
      loseAfterFirst(lost); // It arrives, but cannot trip the barrier.
      const second = pair(b).arriveAndWait();
      await untilWaiting(d!, 2);
      faults.faultOf = (path) => (path.endsWith("/DeleteRange") ? "drop-request" : undefined);
      const third = pair(c).arriveAndWait({ timeout: 200 });
      await expect(third).rejects.toMatchObject({ code: "TIMEOUT", outcome: "not-applied" });
      lost.faultOf = () => undefined;
      await Promise.all([first, second]);
      expect(await stateOf(pair(d!).arriveAndWait(), 300)).toBe("pending");
    });

    test("a party that cannot learn whether the barrier tripped says that it does not know", async () => {
      const { client: a, faults } = await clients.connectFaulty();
      const [b] = await fleet(1);
      const waiting = pair(a).arriveAndWait({ timeout: 500 });
      const told = expect(waiting).rejects.toMatchObject({ code: "TIMEOUT", outcome: "unknown" });
      await untilWaiting(b!, 1);
      faults.cutOffStreams();
      faults.faultOf = () => "drop-request";
      await pair(b!).arriveAndWait();
      await sleep(600);
      await Promise.all([a.session.close(), told]);
    });

    test("an arrival that is delivered late, when its party has gone on, is no party", async () => {
      const [b] = await fleet(1);
      let deliver = () => {};
      const { client: a } = await clients.connectThrough((channel) => {
        let sent = 0;
        return {
          unary(path, request, options, callback) {
            if (path === TXN) sent += 1;
            if (path !== TXN || sent !== 1) return channel.unary(path, request, options, callback);
            deliver = () => channel.unary(path, request, { timeoutMs: 5_000 }, () => {});
            const lost = { code: 14, message: "connection lost" };
            setImmediate(() => callback({ ...lost, metadata: {}, details: [] } as never, null));
          },
          stream: channel.stream.bind(channel),
          close: channel.close.bind(channel),
        };
      });
      await a.session.open();
      await Promise.all([pair(a).arriveAndWait(), pair(b!).arriveAndWait()]);
      await untilWaiting(b!, 0);
      deliver();
      await sleep(100);
      expect(await pair(b!).waiting()).toBe(0);
      expect(await stateOf(pair(b!).arriveAndWait(), 300)).toBe("pending");
    });

    test("a refused party leaves nothing that would refuse others", async () => {
      const { client: stranger, faults } = await clients.connectFaulty();
      const [a, b] = await fleet(2);
      const first = pair(a!).arriveAndWait();
      await untilWaiting(b!, 1);
      faults.faultOf = (path) => (path.endsWith("/DeleteRange") ? "drop-request" : undefined);
      const refused = stranger.barrier("b", { parties: 5 }).arriveAndWait();
      await expect(refused).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
      expect(await b!.kv.count({ prefix: "b/" })).toBe(1);
      await Promise.all([first, pair(b!).arriveAndWait()]);
    });

    test("some other write to a barrier's key lets nobody through", async () => {
      const [a, b] = await fleet(2);
      await a!.barrier("gate").hold();
      const waiting = b!.barrier("gate").wait();
      await sleep(100);
      await a!.kv.put("gate", "a note");
      expect(await stateOf(waiting, 300)).toBe("pending");
      await a!.barrier("gate").release();
      await waiting;
    });

    test("a release that got lost half way can be followed by another hold", async () => {
      const { client, faults } = await clients.connectFaulty({ retry: { retries: 0 } });
      await client.barrier("gate").hold({ session: "shared" });
      loseAfterFirst(faults);
      await expect(client.barrier("gate").release()).rejects.toThrow();
      faults.faultOf = () => undefined;
      expect(await client.barrier("gate").isHeld()).toBe(false);
      await client.barrier("gate").hold();
      expect(await client.barrier("gate").isHeld()).toBe(true);
      await client.barrier("gate").release();
    });

    test("a release that got lost half way has released: the next one finds nothing up", async () => {
      const { client, faults } = await clients.connectFaulty({ retry: { retries: 0 } });
      await client.barrier("gate").hold({ session: "shared" });
      loseAfterFirst(faults);
      await expect(client.barrier("gate").release()).rejects.toThrow();
      faults.faultOf = () => undefined;
      expect(await client.barrier("gate").release()).toBe(false);
      expect(await client.kv.get("gate")).toBeNull();
    });

    test("a barrier on a session whose lease is gone is a lost session", async () => {
      const [a, b] = await fleet(2);
      await b!.leases.revoke(await a!.session.open());
      const held = a!.barrier("gate").hold({ session: "shared" });
      await expect(held).rejects.toMatchObject({ code: "SESSION_LOST" });
      const own = { session: "own" } as never;
      await expect(pair(b!).arriveAndWait(own)).rejects.toThrow(TypeError);
    });

    test("who waits for a latch goes on although it was removed as soon as it opened", async () => {
      const { client: waiter, faults } = await clients.connectFaulty();
      const [a] = await fleet(1);
      const waiting = waiter.latch("warm").wait();
      await sleep(100);
      faults.cutOffStreams();
      await a!.latch("warm", { count: 1 }).countDown();
      await a!.latch("warm").remove();
      faults.restoreStreams();
      await waiting;
    });

    test("who waits at a gate or for a latch is told when the client closes", async () => {
      const [a, b] = await fleet(2);
      await a!.barrier("gate").hold();
      const waits = [b!.barrier("gate").wait(), b!.latch("warm").wait()].map((wait) =>
        expect(wait).rejects.toMatchObject({ code: "CLOSED" }),
      );
      await sleep(100);
      await b!.close();
      await Promise.all(waits);
    });
  },
  { sizes: [1] },
);
