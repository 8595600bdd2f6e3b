import type { CyclicBarrier } from "@conclave/client";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { clientsOf } from "./client-support.ts";

describeEachServer(
  "SDK barriers",
  (server) => {
    const clients = clientsOf(server);

    /** Clients with a session each: one for each party. */
    const fleet = (size: number) =>
      Promise.all(Array.from({ length: size }, () => clients.connect({ session: { ttl: "5s" } })));

    const threeWaiting = async () => {
      const all = await fleet(3);
      const barrier = (at: number) => all[at]!.barrier("job", { parties: 3 });
      return { all, barrier };
    };

    test("all parties go on when the last one has arrived, and not before", async () => {
      const { barrier } = await threeWaiting();
      let through = 0;
      const waits = [0, 1].map(async (at) => {
        const tripped = await barrier(at).arriveAndWait();
        through += 1;
        return tripped;
      });
      await eventually(async () => expect(await barrier(2).waiting()).toBe(2));
      expect(through).toBe(0);
      const all = await Promise.all([...waits, barrier(2).arriveAndWait()]);
      expect(all.map(({ generation }) => generation)).toEqual([1, 1, 1]);
      expect(all.map(({ isLast }) => isLast)).toEqual([false, false, true]);
    });

    test("a barrier is used again and again, and nobody runs ahead by more than a generation", async () => {
      const { barrier } = await threeWaiting();
      const rounds = 10;
      const reached = [0, 0, 0];
      const run = async (at: number) => {
        for (let round = 1; round <= rounds; round += 1) {
          reached[at] = round;
          const { generation } = await barrier(at).arriveAndWait();
          expect(generation).toBe(round);
          expect(Math.min(...reached)).toBeGreaterThanOrEqual(round);
        }
      };
      await Promise.all([0, 1, 2].map(run));
      await eventually(async () => expect(await barrier(0).waiting()).toBe(0));
    });

    test("parties beyond those of one generation wait for the next", async () => {
      const [client] = await fleet(1);
      const barrier = client!.barrier("pairs", { parties: 2 });
      const all = await Promise.all(Array.from({ length: 8 }, () => barrier.arriveAndWait()));
      const generations = all.map(({ generation }) => generation).sort();
      expect(generations).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
    });

    /** Lets two parties wait; `told` resolves when both have been told that their generation is broken. */
    const letTwoWait = async (barrier: (at: number) => CyclicBarrier) => {
      const refused = [0, 1].map((at) =>
        expect(barrier(at).arriveAndWait()).rejects.toMatchObject({
          code: "BARRIER_BROKEN",
          outcome: "not-applied",
        }),
      );
      const told = Promise.all(refused);
      await eventually(async () => expect(await barrier(0).waiting()).toBe(2));
      return { told };
    };

    test("a party that gives up breaks the generation for all who wait, and the next one works", async () => {
      const all = await fleet(4);
      const barrier = (at: number) => all[at]!.barrier("job", { parties: 4 });
      const { told } = await letTwoWait(barrier);
      const giving = barrier(2).arriveAndWait({ timeout: 300 });
      await expect(giving).rejects.toMatchObject({ code: "TIMEOUT", outcome: "not-applied" });
      await told;
      const next = await Promise.all(all.map((_, at) => barrier(at).arriveAndWait()));
      expect(next.map(({ generation }) => generation)).toEqual([2, 2, 2, 2]);
    });

    test("a party whose client is closed breaks the generation", async () => {
      const all = await fleet(3);
      const barrier = (at: number) => all[at]!.barrier("job", { parties: 4 });
      const { told } = await letTwoWait(barrier);
      const third = expect(barrier(2).arriveAndWait()).rejects.toMatchObject({
        code: "SESSION_LOST",
      });
      await eventually(async () => expect(await barrier(0).waiting()).toBe(3));
      await all[2]!.close();
      await Promise.all([told, third]);
    });

    test("a party that died breaks the generation as soon as its lease is gone", async () => {
      const [client, dead, observer] = await fleet(3);
      const refused = expect(
        client!.barrier("job", { parties: 3 }).arriveAndWait(),
      ).rejects.toMatchObject({ code: "BARRIER_BROKEN" });
      dead!
        .barrier("job", { parties: 3 })
        .arriveAndWait()
        .catch(() => {});
      await eventually(async () =>
        expect(await observer!.barrier("job", { parties: 3 }).waiting()).toBe(2),
      );
      await observer!.leases.revoke(await dead!.session.open());
      await refused;
    });

    test("all are told when the key of one was deleted by hand", async () => {
      const { all, barrier } = await threeWaiting();
      const { told } = await letTwoWait(barrier);
      const { items } = await all[2]!.kv.getAll("job/", { sort: { by: "create" } });
      await all[2]!.kv.delete(items[0]!.key);
      await told;
    });

    test("a call that was given up at once leaves nobody behind", async () => {
      const [client] = await fleet(1);
      const barrier = client!.barrier("job", { parties: 2 });
      const signal = AbortSignal.abort("no");
      await expect(barrier.arriveAndWait({ signal })).rejects.toMatchObject({ code: "CANCELLED" });
      await eventually(async () => expect(await barrier.waiting()).toBe(0));
    });

    test("a party for another number is refused, and disturbs nobody", async () => {
      const { all, barrier } = await threeWaiting();
      const waits = [0, 1].map((at) => barrier(at).arriveAndWait());
      await eventually(async () => expect(await barrier(0).waiting()).toBe(2));
      await expect(all[2]!.barrier("job", { parties: 5 }).arriveAndWait()).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        outcome: "not-applied",
      });
      const done = await Promise.all([...waits, barrier(2).arriveAndWait()]);
      expect(done.map(({ generation }) => generation)).toEqual([1, 1, 1]);
    });

    test("a party of one goes through, and a wrong number is a RangeError", async () => {
      const [client] = await fleet(1);
      const alone = client!.barrier("alone", { parties: 1 });
      expect(await alone.arriveAndWait()).toEqual({ generation: 1, isLast: true });
      for (const parties of [0, 1.5, Number.NaN]) {
        const refused = client!.barrier("alone", { parties }).arriveAndWait();
        await expect(refused).rejects.toThrow(RangeError);
      }
      await expect(client!.barrier("").hold()).rejects.toThrow(TypeError);
    });

    test("lost answers neither open a barrier too early nor break it", async () => {
      const rigs = await Promise.all([1, 2, 3].map(() => clients.connectFaulty()));
      for (let round = 1; round <= 5; round += 1) {
        for (const { faults } of rigs) faults.failNext("/etcdserverpb.KV/Txn", "drop-answer");
        const done = await Promise.all(
          rigs.map(({ client }) => client.barrier("job", { parties: 3 }).arriveAndWait()),
        );
        expect(done.map(({ generation }) => generation)).toEqual([round, round, round]);
      }
    });

    test("a barrier is removed once nobody is at it", async () => {
      const [client] = await fleet(1);
      const barrier = client!.barrier("pair", { parties: 2 });
      const waits = [barrier.arriveAndWait(), barrier.arriveAndWait()];
      await Promise.all(waits);
      await eventually(() => barrier.remove());
      expect((await client!.kv.getAll("pair")).count).toBe(0);
      const waiting = barrier.arriveAndWait();
      await eventually(async () => expect(await barrier.waiting()).toBe(1));
      await expect(barrier.remove()).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
      await Promise.all([waiting, barrier.arriveAndWait()]);
    });

    test("those who entered together leave together", async () => {
      const { barrier } = await threeWaiting();
      const phases = await Promise.all([0, 1, 2].map((at) => barrier(at).enter()));
      let left = 0;
      const leaving = [0, 1].map(async (at) => {
        await phases[at]!.leave();
        left += 1;
      });
      await expect(phases[0]!.leave({ timeout: 300 })).rejects.toMatchObject({ code: "TIMEOUT" });
      expect(left).toBe(0);
      await phases[2]!.leave();
      await Promise.all(leaving);
      await phases[2]!.leave();
    });

    test("one who enters again waits for the next generation, while others are still inside", async () => {
      const { barrier } = await threeWaiting();
      const first = await Promise.all([0, 1, 2].map((at) => barrier(at).enter()));
      const left = first[0]!.leave();
      const again = barrier(0).enter();
      await eventually(async () => expect(await barrier(1).waiting()).toBe(1));
      await Promise.all([left, first[1]!.leave(), first[2]!.leave()]);
      const second = await Promise.all([again, barrier(1).enter(), barrier(2).enter()]);
      expect(second.map(({ generation }) => generation)).toEqual([2, 2, 2]);
      await Promise.all(second.map((phase) => phase.leave()));
    });

    test("one who dies inside keeps nobody from leaving", async () => {
      const { all, barrier } = await threeWaiting();
      const phases = await Promise.all([0, 1, 2].map((at) => barrier(at).enter()));
      const leaving = [0, 1].map((at) => phases[at]!.leave());
      await all[2]!.close();
      await Promise.all(leaving);
      expect(phases[2]!.signal.aborted).toBe(true);
    });

    test("who waits at a barrier that is up goes on when it is released, by whoever", async () => {
      const [holder, waiter, other] = await fleet(3);
      await waiter!.barrier("gate").wait();
      await holder!.barrier("gate").hold();
      expect(await other!.barrier("gate").isHeld()).toBe(true);
      await expect(waiter!.barrier("gate").hold()).rejects.toMatchObject({
        code: "ALREADY_EXISTS",
        outcome: "not-applied",
      });
      await expect(waiter!.barrier("gate").wait({ timeout: 200 })).rejects.toMatchObject({
        code: "TIMEOUT",
      });
      const waiting = waiter!.barrier("gate").wait();
      expect(await other!.barrier("gate").release()).toBe(true);
      await waiting;
      expect(await holder!.barrier("gate").release()).toBe(false);
    });

    test("a barrier outlives its holder, unless it rests on the holder's session: then those who wait are told", async () => {
      const [holder, waiter] = await fleet(2);
      await holder!.barrier("tied").hold({ session: "shared" });
      await holder!.barrier("firm").hold();
      const tied = expect(waiter!.barrier("tied").wait()).rejects.toMatchObject({
        code: "BARRIER_BROKEN",
      });
      const firm = waiter!.barrier("firm").wait();
      for (let trips = 0; trips < 3; trips += 1) await waiter!.kv.get("tied");
      await holder!.close();
      await tied;
      expect(await waiter!.barrier("firm").isHeld()).toBe(true);
      await waiter!.barrier("firm").release();
      await firm;
    });

    test("a barrier on a session that is released lets everyone through", async () => {
      const [holder, waiter] = await fleet(2);
      await holder!.barrier("tied").hold({ session: "shared" });
      const waits = [1, 2, 3].map(() => waiter!.barrier("tied").wait());
      await waiter!.kv.get("tied");
      await holder!.barrier("tied").release();
      await Promise.all(waits);
    });

    test("a barrier that was put up with a lost answer is up, once", async () => {
      const { client, faults } = await clients.connectFaulty();
      faults.failNext("/etcdserverpb.KV/Txn", "drop-answer");
      await client.barrier("gate").hold();
      expect(await client.barrier("gate").isHeld()).toBe(true);
    });

    test("a latch opens when it was counted down, and stays open", async () => {
      const [one, two, waiter] = await fleet(3);
      const waiting = waiter!.latch("warm").wait();
      expect(await waiter!.latch("warm").left()).toBeNull();
      expect(await waiter!.latch("warm", { count: 3 }).left()).toBe(3);
      expect(await one!.latch("warm", { count: 3 }).countDown()).toBe(2);
      expect(await two!.latch("warm").countDown()).toBe(1);
      await expect(waiter!.latch("warm").wait({ timeout: 200 })).rejects.toMatchObject({
        code: "TIMEOUT",
      });
      await one!.close();
      expect(await two!.latch("warm").countDown()).toBe(0);
      await waiting;
      await waiter!.latch("warm").wait();
      expect(await two!.latch("warm").countDown()).toBe(0);
    });

    test("a name counts down a latch once, however often it is said", async () => {
      const [client] = await fleet(1);
      const latch = client!.latch("warm", { count: 2 });
      expect(await latch.countDown({ by: "prices" })).toBe(1);
      expect(await latch.countDown({ by: "prices" })).toBe(1);
      expect(await latch.countDown({ by: "stock" })).toBe(0);
    });

    test("many count a latch down at once, each exactly once, whatever answers are lost", async () => {
      const rigs = await Promise.all([1, 2, 3].map(() => clients.connectFaulty()));
      for (const { faults } of rigs) faults.failNext("/etcdserverpb.KV/Txn", "drop-answer");
      const waiting = rigs[0]!.client.latch("warm").wait();
      const counts = rigs.flatMap(({ client }) =>
        Array.from({ length: 5 }, () => client.latch("warm", { count: 15 }).countDown()),
      );
      const left = await Promise.all(counts);
      expect(left.sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, at) => at));
      await waiting;
    });

    test("a latch of another count, of none, or under a key of somebody else is refused", async () => {
      const [client] = await fleet(1);
      const refused = { code: "FAILED_PRECONDITION", outcome: "not-applied" };
      await expect(client!.latch("warm").countDown()).rejects.toMatchObject(refused);
      await client!.latch("warm", { count: 2 }).countDown();
      const other = client!.latch("warm", { count: 3 });
      await expect(other.countDown()).rejects.toMatchObject(refused);
      await client!.kv.put("text", "seven");
      await expect(client!.latch("text").wait()).rejects.toMatchObject({ code: "INVALID_VALUE" });
      await expect(client!.latch("warm", { count: 0 }).wait()).rejects.toThrow(RangeError);
    });

    test("a latch that was removed is counted down anew", async () => {
      const [client] = await fleet(1);
      await client!.latch("warm", { count: 1 }).countDown();
      await client!.latch("warm").remove();
      const waiting = client!.latch("warm").wait();
      await client!.latch("warm", { count: 1 }).countDown();
      await waiting;
    });
  },
  { sizes: [1] },
);
