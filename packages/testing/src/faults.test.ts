import type { Client } from "@conclave/client";
import { describe, expect, test } from "vitest";
import { mutualExclusion, watchComplete } from "./checks.ts";
import { simulate } from "./simulate.ts";
import type { Simulation } from "./simulation.ts";

const IN_DOUBT = { code: "TIMEOUT", outcome: "unknown" };

/** Virtual time that `act` takes, ms. */
async function timeOf(sim: Simulation, act: () => Promise<unknown>): Promise<number> {
  const beganMs = sim.nowMs;
  await act();
  return sim.nowMs - beganMs;
}

/** Writes until it is known that the write took effect: the cluster may be without a leader, or about to lose it. */
async function write(client: Client, key: string, value: string): Promise<void> {
  while ((await client.kv.get(key))?.text !== value) {
    await client.kv.put(key, value, { timeout: "2s" }).catch(() => {});
  }
}

describe("a delay", () => {
  test("makes what a client sends and is sent take so much longer, until it is 0", () =>
    simulate({ members: 1, seed: 1 }, async (sim) => {
      const [slow, quick] = [sim.client(), sim.client()];
      await Promise.all([slow.kv.put("k", ""), quick.kv.put("k", "")]);
      sim.delay(slow, "200ms");
      const bothWaysMs = await timeOf(sim, () => slow.kv.get("k"));
      expect(bothWaysMs).toBeGreaterThanOrEqual(400);
      expect(bothWaysMs).toBeLessThan(450);
      expect(await timeOf(sim, () => quick.kv.get("k"))).toBeLessThan(50);
      sim.delay(slow, 0);
      expect(await timeOf(sim, () => slow.kv.get("k"))).toBeLessThan(50);
    }));

  test("of a follower keeps nobody waiting, one of every member delays what a quorum is needed for", () =>
    simulate({ members: 3, seed: 2, diskDelay: 0 }, async (sim) => {
      const client = sim.client();
      await client.kv.put("k", "0");
      const put = () => timeOf(sim, () => client.kv.put("k", "1"));
      const follower = sim.leader === 0 ? 1 : 0;
      sim.delay(follower, "100ms");
      // The client may be connected to that follower: what passes between them is late, both ways.
      expect(await put()).toBeLessThan(450);
      sim.delay("all", "100ms");
      // To a member, from the leader to a follower and back, to the client: the way between members counts twice each.
      expect(await put()).toBeGreaterThanOrEqual(600);
    }));

  test("longer than the time limit leaves a write in doubt, and it takes effect later", () =>
    simulate({ members: 1, seed: 3 }, async (sim) => {
      const [slow, other] = [sim.client(), sim.client()];
      await slow.kv.put("k", "old");
      sim.delay(slow, "2s");
      await expect(slow.kv.put("k", "late", { timeout: "1s" })).rejects.toMatchObject(IN_DOUBT);
      expect((await other.kv.get("k"))?.text).toBe("old");
      await sim.advance("1500ms");
      expect((await other.kv.get("k"))?.text).toBe("late");
    }));
});

describe("a cut in one direction", () => {
  test("keeps what a client sends from arriving until it is healed: then it does, late", () =>
    simulate({ members: 1, seed: 4 }, async (sim) => {
      const [mute, other] = [sim.client(), sim.client()];
      await mute.kv.put("k", "old");
      sim.cut(mute, "all");
      await expect(mute.kv.put("k", "late", { timeout: "1s" })).rejects.toMatchObject(IN_DOUBT);
      expect((await other.kv.get("k"))?.text).toBe("old");
      sim.heal();
      await sim.advance("1s");
      expect((await other.kv.get("k"))?.text).toBe("late");
    }));

  test("lets a write through whose answer it keeps", () =>
    simulate({ members: 1, seed: 5 }, async (sim) => {
      const [deaf, other] = [sim.client(), sim.client()];
      await deaf.kv.put("k", "old");
      sim.cut("all", deaf);
      await expect(deaf.kv.put("k", "new", { timeout: "1s" })).rejects.toMatchObject(IN_DOUBT);
      expect((await other.kv.get("k"))?.text).toBe("new");
    }));

  test("from a client to the members costs it its lock, and its signal comes before the next holder", () =>
    simulate({ members: 3, seed: 6 }, async (sim) => {
      const [mute, other] = [sim.client(), sim.client()];
      const lock = await mute.locks.acquire("job");
      sim.cut(mute, "all");
      const next = await other.locks.acquire("job");
      expect(lock.signal.aborted).toBe(true);
      expect(next.fence.revision).toBeGreaterThan(lock.fence.revision);
      sim.history.check(mutualExclusion("job"));
    }));

  test.each([
    { way: "from the leader: nobody hears of it, and another is elected", isFrom: true },
    { way: "to the leader: it hears no majority, and gives up", isFrom: false },
  ])("$way", ({ isFrom }) =>
    simulate({ members: 3, seed: 7 }, async (sim) => {
      const client = sim.client();
      await client.kv.put("k", "before");
      const former = sim.leader!;
      const others = [0, 1, 2].filter((member) => member !== former);
      for (const other of others) {
        if (isFrom) sim.cut(former, other);
        else sim.cut(other, former);
      }
      await write(client, "k", "after");
      expect(sim.leader).not.toBe(former);
      expect(others).toContain(sim.leader);
    }),
  );

  test("between two clients changes nothing, for they do not talk to each other", () =>
    simulate({ members: 1, seed: 8 }, async (sim) => {
      const [a, b] = [sim.client(), sim.client()];
      sim.partition(a, b);
      await a.kv.put("k", "a");
      expect((await b.kv.get("k"))?.text).toBe("a");
    }));
});

describe.each(["same", "new"] as const)(
  "a store that was wiped, of the %s identity",
  (identity) => {
    test("is empty, and its revisions start over", () =>
      simulate({ members: 3, seed: 9 }, async (sim) => {
        const client = sim.client();
        let revision = 0;
        for (let n = 0; n < 5; n += 1) ({ revision } = await client.kv.put("k", `${n}`));
        await sim.wipe({ identity });
        expect(await client.kv.get("k")).toBeNull();
        expect((await client.kv.put("k", "new")).revision).toBeLessThan(revision);
      }));

    test("is told by another cluster id only if it is new", () =>
      simulate({ members: 1, seed: 10 }, async (sim) => {
        const client = sim.client();
        const before = (await client.admin.status()).clusterId;
        await sim.wipe({ identity });
        const after = (await client.admin.status()).clusterId;
        expect(after === before).toBe(identity === "same");
      }));

    test("is seen by a watch that slept through it, although its revisions have been passed again, only if it is new", () =>
      simulate({ members: 1, seed: 13 }, async (sim) => {
        const [away, other] = [sim.client(), sim.client()];
        const watch = away.watch("orders/");
        await watch.started();
        await other.kv.put("orders/1", "of the old store");
        await watch.next();
        sim.partition(away, "all");
        await sim.wipe({ identity });
        for (let n = 0; n < 10; n += 1) await other.kv.put("other", `${n}`);
        await other.kv.put("orders/2", "of the new store");
        const next = watch.next();
        next.catch(() => {});
        sim.heal();
        await sim.advance("30s");
        if (identity === "new") {
          await expect(next).rejects.toMatchObject({ code: "REVISION_REGRESSED" });
        } else {
          expect((await next).value).toMatchObject({ keyText: "orders/2" });
        }
      }));

    test("ends a watch by name, and a lock that was held there", () =>
      simulate({ members: 3, seed: 11 }, async (sim) => {
        const client = sim.client();
        for (let n = 0; n < 20; n += 1) await client.kv.put("orders/1", `${n}`);
        const lock = await client.locks.acquire("job");
        const watch = client.watch("orders/");
        await client.kv.put("orders/1", "last");
        await watch.next();
        const next = expect(watch.next()).rejects.toMatchObject({ code: "REVISION_REGRESSED" });
        await sim.wipe({ identity });
        await next;
        await sim.advance("30s");
        expect(lock.signal.reason).toMatchObject({ code: "LOCK_LOST" });
      }));

    test("has a history of its own: what watches delivered before is not compared with it", () =>
      simulate({ members: 1, seed: 12 }, async (sim) => {
        const client = sim.client();
        const before = client.watch("orders/");
        await before.started();
        await client.kv.put("orders/1", "");
        await before.next();
        await sim.wipe({ identity });
        const after = client.watch("orders/");
        await after.started();
        await client.kv.put("orders/2", "");
        await after.next();
        expect(sim.history.changes.map(({ key }) => key)).toEqual(["orders/2"]);
        sim.history.check(watchComplete("orders/"));
      }));
  },
);
