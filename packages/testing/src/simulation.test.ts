import { Client } from "@conclave/client";
import { expect, test } from "vitest";
import { monotonicFences, mutualExclusion, watchComplete } from "./checks.ts";
import { simulate } from "./simulate.ts";
import type { Simulation } from "./simulation.ts";

test("a client is the Client of the SDK, and time passes while it is awaited", () =>
  simulate({ members: 1, seed: 1 }, async (sim) => {
    const client = sim.client();
    expect(client).toBeInstanceOf(Client);
    const beforeMs = sim.nowMs;
    await client.kv.put("k", "v");
    expect((await client.kv.get("k"))?.text).toBe("v");
    expect(sim.nowMs).toBeGreaterThan(beforeMs);
  }));

test(
  "an hour passes at once, and the lease is kept through it",
  () =>
    simulate({ members: 1, seed: 1 }, async (sim) => {
      const client = sim.client();
      const lock = await client.locks.acquire("job");
      await sim.advance("1h");
      lock.assert();
      expect(sim.nowMs).toBeGreaterThan(3_600_000);
    }),
  60_000,
);

test("a client that was stopped past its lease finds its lock lost before any of its code goes on", () =>
  simulate({ seed: 7 }, async (sim) => {
    const [a, b] = [sim.client(), sim.client()];
    const lock = await a.locks.acquire("order/42");
    const next = b.locks.acquire("order/42");
    const woke = sim.sleep("1s", a).then(() => lock.signal.aborted);
    await sim.pause(a, "30s");
    expect(await woke).toBe(true);
    expect((await next).fence.revision).toBeGreaterThan(lock.fence.revision);
    sim.history.check(mutualExclusion("order/42"), monotonicFences());
  }));

async function story(sim: Simulation): Promise<void> {
  const [a, b] = [sim.client(), sim.client()];
  const read = (async () => {
    for await (const event of a.watch("orders/")) if (event.text === "last") return;
  })();
  await sim.advance("1s");
  const lock = await a.locks.acquire("l");
  sim.partition(a, "all");
  await b.kv.put("orders/1", "x");
  await sim.advance("20s");
  sim.heal();
  await sim.changeLeader();
  sim.kill(0);
  // It may have been on its way to the member that was killed.
  await b.kv.put("orders/2", "x").catch(() => b.kv.put("orders/2", "x"));
  await sim.restart(0);
  await b.kv.put("orders/3", "last");
  await read;
  expect(lock.signal.aborted).toBe(true);
  sim.history.check(mutualExclusion("l"), monotonicFences(), watchComplete("orders/"));
}

test("the same seed has the same history", async () => {
  const hashOf = (seed: number) =>
    simulate({ seed, limit: "30s" }, async (sim) => {
      await story(sim);
      return sim.history.hash;
    });
  const first = await hashOf(11);
  expect(await hashOf(11)).toBe(first);
  expect(await hashOf(12)).not.toBe(first);
});

test("a write whose answer is dropped has taken effect", () =>
  simulate({ members: 1, seed: 3 }, async (sim) => {
    const client = sim.client();
    await client.kv.put("k", "1");
    sim.dropAcks(client);
    await expect(client.kv.put("k", "2", { timeout: "1s" })).rejects.toMatchObject({
      outcome: "unknown",
    });
    sim.heal();
    expect((await client.kv.get("k"))?.text).toBe("2");
  }));

test("an expired lease ends the locks on it, and a compacted history the watches of it", () =>
  simulate({ members: 1, seed: 4 }, async (sim) => {
    const client = sim.client();
    const lock = await client.locks.acquire("job");
    await sim.expire(client);
    await sim.advance("15s");
    expect(lock.signal.reason).toMatchObject({ code: "LOCK_LOST" });
    const { revision } = await client.kv.put("k", "1");
    await client.kv.put("k", "2");
    await sim.compact();
    await expect(client.watch("k", { from: revision }).next()).rejects.toMatchObject({
      code: "COMPACTED",
    });
  }));

test("what never ends is given up, with the seed in the message", async () => {
  const stuck = simulate({ members: 1, seed: 5, limit: "1m" }, () => new Promise(() => {}));
  await expect(stuck).rejects.toThrow(/60000 ms of virtual time.*seed 5/s);
});

test("wrong arguments are refused at once", async () => {
  await expect(simulate({ members: 6 })).rejects.toThrow(RangeError);
  await using sim = await simulate({ members: 1, seed: 1 });
  await using other = await simulate({ members: 1, seed: 1 });
  const foreign = other.client();
  expect(() => sim.partition(foreign, "all")).toThrow(TypeError);
  expect(() => sim.kill(1)).toThrow(RangeError);
});
