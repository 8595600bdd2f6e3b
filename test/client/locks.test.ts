import { setTimeout as sleep } from "node:timers/promises";
import { deferred, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import {
  type Client,
  compare,
  type Lock,
  LockLostError,
  type LockOptions,
  op,
} from "@conclave/client";
import { describe, expect, test } from "vitest";
import type { UnaryFault } from "../../packages/client/src/testing/faulty-caller.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { aborted, clientsOf } from "./client-support.ts";

const TXN = "/etcdserverpb.KV/Txn";
const LEASE_REVOKE = "/etcdserverpb.Lease/LeaseRevoke";

describeEachServer(
  "SDK locks",
  (server) => {
    const clients = clientsOf(server);

    test("one holder at a time, in the order of asking, with growing fences", async () => {
      const [a, b, c] = [await clients.connect(), await clients.connect(), await clients.connect()];
      const order: string[] = [];
      const fences: string[] = [];
      let holders = 0;
      const allAsked = deferred<void>();
      const hold = (name: string) => async (lock: { fence: { toString(): string } }) => {
        holders += 1;
        expect(holders).toBe(1);
        order.push(name);
        fences.push(String(lock.fence));
        await allAsked.promise;
        holders -= 1;
      };
      const requests: Promise<void>[] = [];
      for (const [name, client] of Object.entries({ a, b, c })) {
        requests.push(client.locks.request("l", hold(name)));
        await eventually(async () => expect(await a.kv.count("l/")).toBe(requests.length));
      }
      allAsked.resolve();
      await Promise.all(requests);
      expect(order).toEqual(["a", "b", "c"]);
      expect([...fences].sort()).toEqual(fences);
      expect(await a.kv.count("l/")).toBe(0);
    });

    test("request returns what the body returned, and frees the lock when the body throws", async () => {
      const { locks, kv } = await clients.connect();
      expect(await locks.request("l", () => 42)).toBe(42);
      const failing = locks.request("l", () => {
        throw new Error("the body's own");
      });
      await expect(failing).rejects.toThrow("the body's own");
      expect(await kv.count("l/")).toBe(0);
    });

    test("an uncontended lock costs one round trip to take and one to free", async () => {
      const { client, faults } = await clients.connectFaulty();
      await client.session.open();
      const before = [...faults.calls.values()].reduce((sum, count) => sum + count, 0);
      await client.locks.request("l", () => {});
      const after = [...faults.calls.values()].reduce((sum, count) => sum + count, 0);
      expect(after - before).toBe(2);
    });

    // Failure mode 16.
    test("many tasks of one client put a few entries into the queue, and take turns", async () => {
      const { locks, kv } = await clients.connect();
      const order: number[] = [];
      let entriesMax = 0;
      await Promise.all(
        Array.from({ length: 20 }, (_, task) =>
          locks.request("l", async () => {
            order.push(task);
            entriesMax = Math.max(entriesMax, await kv.count("l/"));
          }),
        ),
      );
      expect(order).toEqual([...Array(20).keys()]);
      expect(entriesMax).toBeLessThanOrEqual(8);
    });

    test("trying gets a free lock, gets null for a taken one, and then leaves nothing behind", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const lock = await a.locks.try("l");
      expect(lock).not.toBeNull();
      const { revision } = await b.kv.getAll("l/");
      expect(await b.locks.try("l")).toBeNull();
      expect(await a.locks.try("l")).toBeNull();
      expect((await b.kv.getAll("l/")).revision).toBe(revision);
      expect(await lock?.release()).toBe("released");
      await using again = await b.locks.try("l");
      expect(again).not.toBeNull();
    });

    test.each([
      { how: "its timeout", code: "TIMEOUT", options: () => ({ timeout: 80 }) },
      {
        how: "its signal",
        code: "CANCELLED",
        options: () => ({ signal: AbortSignal.timeout(80) }),
      },
    ])("waiting that $how ends leaves nothing in the queue", async ({ code, options }) => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      await using held = await a.locks.acquire("l");
      await expect(b.locks.acquire("l", options())).rejects.toMatchObject({
        code,
        outcome: "not-applied",
      });
      await eventually(async () => expect(await a.kv.count("l/")).toBe(1));
      held.assert();
    });

    // Failure mode 8: a create that succeeded while its answer got lost must not block everyone.
    test("an acquisition whose answer is lost finds its entry again and holds the lock", async () => {
      const { client, faults } = await clients.connectFaulty();
      await client.session.open();
      faults.failNext(TXN, "drop-answer");
      await client.locks.request("l", async (lock) => {
        expect(await client.kv.count("l/")).toBe(1);
        await lock.verify();
      });
      expect(await client.kv.count("l/")).toBe(0);
    });

    test("an acquisition whose request is lost is made again", async () => {
      const { client, faults } = await clients.connectFaulty();
      await client.session.open();
      faults.failNext(TXN, "drop-request");
      await client.locks.request("l", async () => {
        expect(await client.kv.count("l/")).toBe(1);
      });
    });

    test("a try whose answer is lost is settled by looking for its key", async () => {
      const { client, faults } = await clients.connectFaulty();
      await client.session.open();
      faults.failNext(TXN, "drop-answer");
      await using lock = await client.locks.try("l");
      expect(lock).not.toBeNull();
    });

    // Failure mode 21.
    test("a release whose answer is lost is repeated, and is still a release", async () => {
      const { client, faults } = await clients.connectFaulty();
      const lock = await client.locks.acquire("l");
      faults.failNext(TXN, "drop-answer");
      expect(await lock.release()).toBe("released");
      expect(await lock.release()).toBe("released");
      expect(await client.kv.count("l/")).toBe(0);
    });

    test("a release that cannot be made is made in the background, and masks nothing", async () => {
      const { client, faults } = await clients.connectFaulty();
      await client.session.open();
      const failing = client.locks.request("l", () => {
        faults.faultOf = () => "drop-request";
        throw new Error("the body's own");
      });
      await expect(failing).rejects.toThrow("the body's own");
      faults.faultOf = () => undefined;
      await eventually(async () => expect(await client.kv.count("l/")).toBe(0));
    });

    test("a signal that is asked for only when the lock is over says why it is", async () => {
      const { locks, kv } = await clients.connect();
      const released = await locks.acquire("l");
      await released.release();
      expect(released.signal.aborted).toBe(true);
      expect(released.signal.reason).toMatchObject({ code: "CLOSED" });
      const lost = await locks.acquire("l");
      await kv.delete(lost.key);
      await expect(lost.verify()).rejects.toThrow(LockLostError);
      expect(lost.signal.reason).toMatchObject({ code: "LOCK_LOST", reason: "deleted" });
      expect(await lost.release()).toBe("already-lost");
      expect(lost.signal.reason).toBeInstanceOf(LockLostError);
    });

    describe("tasks of one client", () => {
      /** Tasks that ask one after the other; `entered` resolves when each has its place in the queue. */
      async function asking(client: Client, count: number, options: LockOptions = {}) {
        const before = await client.kv.count("l/");
        const waiting = Array.from({ length: count }, () => client.locks.acquire("l", options));
        for (const each of waiting) each.catch(() => {}); // Whoever awaits it sees it.
        const allStand = async () => expect(await client.kv.count("l/")).toBe(before + count);
        await eventually(allStand, 10_000, 1);
        return waiting;
      }

      test("take over from each other as one gives up, before any answer, with growing fences", async () => {
        const client = await clients.connect();
        const warmUp = await asking(client, 2); // The code that waits is loaded by the first who waits.
        for (const each of warmUp) await (await each).release();
        const first = await client.locks.acquire("l");
        const [waiting] = await asking(client, 1);
        const releasing = first.release();
        let second: Lock | null = null;
        void waiting!.then((lock) => {
          second = lock;
        });
        for (let turn = 0; turn < 50; turn += 1) await Promise.resolve(); // no answer comes meanwhile
        expect(second).not.toBeNull();
        expect(second!.fence > first.fence).toBe(true);
        await second!.verify();
        expect(await releasing).toBe("released");
        expect(await second!.release()).toBe("released");
        expect(await client.kv.count("l/")).toBe(0);
      });

      test("hold one at a time, in the order of asking, also when requests and answers are lost", async () => {
        const { client, faults } = await clients.connectFaulty();
        await client.session.open();
        const prng = seededPrng(testSeed());
        const faultOfOne = (): UnaryFault | undefined => {
          const drawn = prng.nextUint32() % 10;
          if (drawn === 0) return "drop-request";
          return drawn === 1 ? "drop-answer" : undefined;
        };
        faults.faultOf = (path) => (path === TXN ? faultOfOne() : undefined);
        const order: number[] = [];
        const fences: number[] = [];
        let holders = 0;
        await Promise.all(
          Array.from({ length: 40 }, (_, task) =>
            client.locks.request("l", async (lock) => {
              holders += 1;
              expect(holders).toBe(1);
              order.push(task);
              fences.push(lock.fence.revision);
              if (task % 3 === 0) await client.kv.get("l");
              holders -= 1;
            }),
          ),
        );
        expect(order).toEqual([...Array(40).keys()]);
        expect(fences).toEqual([...fences].sort((a, b) => a - b));
      });

      test("that ask all at once cost a round trip to take and one to give up each, where requests keep their order", async () => {
        const { client, faults } = await clients.connectFaulty();
        await client.session.open();
        const tasks = Array.from({ length: 8 }, () => client.locks.request("l", () => {}));
        await Promise.all(tasks);
        const requests = faults.calls.get(TXN)!;
        if (server.kind === "conclave") expect(requests).toBe(16);
        else expect(requests).toBeLessThanOrEqual(32); // asked for again, or looked at once more
      });

      test("do not overtake one of another client that came between them", async () => {
        const [a, b] = [await clients.connect(), await clients.connect()];
        const first = await a.locks.acquire("l");
        const [between] = await asking(b, 1);
        const [second] = await asking(a, 1);
        await first.release();
        const other = await between!;
        expect(await Promise.race([second, other.verify()])).toBe(undefined);
        await other.release();
        await using lock = await second!;
        expect(lock.fence > other.fence).toBe(true);
      });

      test("do not take over from one that gives up a lock whose name is below theirs", async () => {
        const [a, b] = [await clients.connect(), await clients.connect()];
        const held = await b.locks.acquire("l");
        const below = await a.locks.acquire("l/x");
        const [waiting] = await asking(a, 1);
        await below.release();
        const isOurs = waiting!.then(() => "ours");
        expect(await Promise.race([isOurs, held.verify().then(() => "theirs")])).toBe("theirs");
        await sleep(60); // longer than an entry is relied on without asking
        expect(await Promise.race([isOurs, held.verify().then(() => "theirs")])).toBe("theirs");
        await held.release();
        await (await waiting!).release();
      });

      test.each<[string, (lock: Lock) => void]>([
        [
          "a guarded write has no answer yet",
          // It may well come too late, and be refused.
          (lock) => void lock.kv.put("state", "first").catch(() => {}),
        ],
        ["conditions on the hold were handed out", (lock) => void lock.guard],
      ])(
        "wait for the answer to the release while %s, for a write of the former holder may still come",
        async (_what, use) => {
          const { client, faults } = await clients.connectFaulty();
          const warmUp = await asking(client, 2);
          for (const each of warmUp) await (await each).release();
          const first = await client.locks.acquire("l");
          const [waiting] = await asking(client, 1);
          let isHeld = false;
          const second = waiting!.then((lock) => {
            isHeld = true;
            return lock;
          });
          use(first);
          const before = faults.calls.get(TXN)!;
          const releasing = first.release();
          for (let turn = 0; turn < 50; turn += 1) await Promise.resolve(); // no answer comes meanwhile
          expect(isHeld).toBe(false);
          expect(await releasing).toBe("released");
          await (await second).kv.put("state", "second");
          expect(faults.calls.get(TXN)! - before).toBeLessThanOrEqual(4); // at most one look besides the writes
          expect((await client.kv.get("state"))?.text).toBe("second");
          await (await second).release();
        },
      );

      test("come after one whose session is not open yet, if they asked after it", async () => {
        const client = await clients.connect();
        await client.session.open();
        const order: string[] = [];
        const first = client.locks.request("l", { session: "own" }, () => void order.push("own"));
        const second = client.locks.request("l", () => void order.push("shared"));
        await Promise.all([first, second]);
        expect(order).toEqual(["own", "shared"]);
      });

      test("go on behind one that gave up waiting", async () => {
        const client = await clients.connect();
        const first = await client.locks.acquire("l");
        const giveUp = new AbortController();
        const [impatient] = await asking(client, 1, { signal: giveUp.signal });
        const [patient] = await asking(client, 1);
        giveUp.abort();
        await expect(impatient).rejects.toMatchObject({ code: "CANCELLED" });
        expect(await first.release()).toBe("released");
        await using lock = await patient!;
        await lock.verify();
      });

      test("do not take over from one that lost the lock: they wait until it is free", async () => {
        const client = await clients.connect();
        const first = await client.locks.acquire("l", { maxHold: 80 });
        const [waiting] = await asking(client, 1);
        await aborted(first.signal);
        await using second = await waiting!;
        await second.verify();
        expect(await client.kv.get(first.key)).toBeNull();
      });

      // Failure mode 4.
      test("whose own place was deleted while they waited for each other do not take over", async () => {
        const [a, b] = [await clients.connect(), await clients.connect()];
        const first = await a.locks.acquire("l");
        const [waiting] = await asking(a, 1);
        const { items } = await b.kv.getAll("l/");
        for (const { key, keyText } of items) if (keyText !== first.key) await b.kv.delete(key);
        await sleep(60); // longer than an entry is relied on without asking
        expect(await first.release()).toBe("released");
        await expect(waiting).rejects.toMatchObject({ code: "LOCK_LOST", reason: "deleted" });
        expect(await a.kv.count("l/")).toBe(0);
      });

      test("take over although the release before them was lost, and nothing of it stays", async () => {
        const { client, faults } = await clients.connectFaulty();
        const first = await client.locks.acquire("l");
        const [waiting] = await asking(client, 1);
        faults.failNext(TXN, "drop-request");
        expect(await first.release()).toBe("released");
        await using lock = await waiting!;
        await lock.verify();
        await eventually(async () => expect(await client.kv.count("l/")).toBe(1));
      });

      test("take over from one that tried and found the lock free", async () => {
        const client = await clients.connect();
        const first = await client.locks.try("l");
        const [waiting] = await asking(client, 1);
        expect(await first!.release()).toBe("released");
        await using lock = await waiting!;
        expect(lock.fence > first!.fence).toBe(true);
      });

      test("keep asking all at once after one tried in vain while another asked", async () => {
        const { client, faults } = await clients.connectFaulty();
        const other = await clients.connect();
        const held = await other.locks.acquire("l");
        const trying = client.locks.try("l");
        const waiting = client.locks.acquire("l");
        expect(await trying).toBeNull();
        await held.release();
        await (await waiting).release();
        const before = faults.calls.get(TXN)!;
        const tasks = Array.from({ length: 8 }, () => client.locks.request("l", () => {}));
        for (let turn = 0; turn < 50; turn += 1) await Promise.resolve(); // no answer comes meanwhile
        expect(faults.calls.get(TXN)! - before).toBe(8);
        await Promise.all(tasks);
      });

      test("that wait for more than the next in the queue wait for all before them, and those behind for them", async () => {
        const client = await clients.connect();
        const first = await client.locks.acquire("l");
        const order: string[] = [];
        const hold = (what: string) => () => void order.push(what);
        const all = [
          client.locks.request("l", hold("exclusive")),
          client.locks.request("l", { mode: "shared" }, hold("shared")),
          client.locks.request(["l", "m"], hold("two names")),
          client.locks.request("l", hold("exclusive again")),
        ];
        await first.release();
        await Promise.all(all);
        expect(order).toEqual(["exclusive", "shared", "two names", "exclusive again"]);
      });
    });

    test("locks taken one after the other are one key, for each that was deleted stays in the server's index", async () => {
      const { locks } = await clients.connect();
      const keys = new Set<string>();
      const fences = new Set<string>();
      for (let time = 0; time < 5; time += 1) {
        await locks.request("l", (lock) => {
          keys.add(lock.key);
          fences.add(`${lock.fence}`);
        });
        await using tried = await locks.try("l");
        keys.add(tried!.key);
        expect(await locks.try("l")).toBeNull();
      }
      expect(keys.size).toBe(1);
      expect(fences.size).toBe(5);
      await using one = await locks.acquire(["l", "m"], { mode: "shared" });
      await using other = await locks.acquire(["l", "m"], { mode: "shared" });
      expect(new Set([...one.keys, ...other.keys]).size).toBe(4);
    });

    // What is under way still acts on the old key.
    test.each<[string, UnaryFault, "acquire" | "release"]>([
      ["an acquisition whose answer was lost", "drop-answer", "acquire"],
      ["an acquisition that was lost", "drop-request", "acquire"],
      ["a release whose answer was lost", "drop-answer", "release"],
      ["a release that was lost", "drop-request", "release"],
    ])("after %s the next one is another key", async (_what, fault, lost) => {
      const { client, faults } = await clients.connectFaulty();
      await client.session.open();
      if (lost === "acquire") faults.failNext(TXN, fault);
      const first = await client.locks.acquire("l");
      if (lost === "release") faults.failNext(TXN, fault);
      await first.release();
      await using second = await client.locks.acquire("l");
      expect(second.key).not.toBe(first.key);
      expect(second.fence > first.fence).toBe(true);
    });

    test("after a lock that was lost the next one is another key", async () => {
      const { client } = await clients.connectFaulty();
      const lost = await client.locks.acquire("l");
      await client.kv.delete(lost.key);
      expect(await lost.release()).toBe("already-lost");
      await using next = await client.locks.acquire("l");
      expect(next.key).not.toBe(lost.key);
    });

    // Failure mode 25.
    test("a holder whose key an administrator deletes learns it at once, and request rejects", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const outcome = a.locks.request("l", async (lock) => {
        await sleep(80);
        await b.kv.delete(lock.key);
        await aborted(lock.signal);
        expect(lock.signal.reason).toMatchObject({ code: "LOCK_LOST", reason: "deleted" });
        expect(lock.remaining()).toBe(0);
        expect(() => lock.assert()).toThrow(LockLostError);
        return "done";
      });
      await expect(outcome).rejects.toMatchObject({ code: "LOCK_LOST", reason: "deleted" });
    });

    test("a holder whose key is overwritten by another learns that it was stolen", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const lock = await a.locks.acquire("l");
      await b.kv.put(lock.key, "mine now");
      await aborted(lock.signal);
      expect(lock.signal.reason).toMatchObject({ reason: "stolen" });
      expect(await lock.release()).toBe("already-lost");
    });

    test("a body that returned although its key was gone for a moment is told so", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const outcome = a.locks.request("l", (lock) => b.kv.delete(lock.key));
      await expect(outcome).rejects.toMatchObject({ code: "LOCK_LOST", outcome: "unknown" });
    });

    // Failure mode 4: a waiter whose own key went away must not take the lead when its predecessor goes.
    test("a waiter whose own key is deleted stops waiting with LOCK_LOST", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      await using held = await a.locks.acquire("l");
      const waiting = b.locks.acquire("l");
      const refused = expect(waiting).rejects.toMatchObject({ code: "LOCK_LOST" });
      const own = await eventually(async () => {
        const { items } = await a.kv.getAll("l/");
        const other = items.find(({ keyText }) => keyText !== held.key);
        if (other === undefined) throw new Error("not queued yet");
        return other;
      });
      await a.kv.delete(own.key);
      await refused;
    });

    test("an entry that is deleted from the middle of the queue lets the one behind it wait for the next", async () => {
      const [a, b, c] = [await clients.connect(), await clients.connect(), await clients.connect()];
      const queued = async (count: number) =>
        eventually(async () => expect(await a.kv.count("l/")).toBe(count));
      const held = await a.locks.acquire("l");
      const giveUp = new AbortController();
      const middle = b.locks.acquire("l", { signal: giveUp.signal });
      await queued(2);
      const last = c.locks.acquire("l");
      await queued(3);
      giveUp.abort();
      await expect(middle).rejects.toMatchObject({ code: "CANCELLED" });
      await queued(2);
      expect(held.remaining()).toBeGreaterThan(0);
      await held.release();
      expect(await (await last).release()).toBe("released");
    });

    // Failure mode 1.
    test("lock.kv writes while held, and is refused at the server once the lock is gone", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const lock = await a.locks.acquire("l");
      await lock.kv.put("state", "1");
      const [put, read] = await lock.kv.commit([op.put("state", "2"), op.get("state")]);
      expect([read?.text, read?.modRevision]).toEqual(["2", put.revision]);
      await b.kv.delete(lock.key);
      await expect(lock.kv.put("state", "3")).rejects.toMatchObject({
        code: "LOCK_LOST",
        outcome: "not-applied",
      });
      expect((await b.kv.get("state"))?.text).toBe("2");
    });

    test("the guard of a lock is a condition for one's own transactions", async () => {
      const client = await clients.connect();
      const lock = await client.locks.acquire("l");
      const write = client.txn().if(lock.guard, compare("x").absent()).then(op.put("x", "1"));
      expect((await write.commit()).succeeded).toBe(true);
      await lock.release();
      expect((await client.txn().if(lock.guard).commit()).succeeded).toBe(false);
    });

    test("verify asks the server, and tells a lock that was lost", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const lock = await a.locks.acquire("l");
      await lock.verify();
      await b.kv.delete(lock.key);
      await expect(lock.verify()).rejects.toMatchObject({ code: "LOCK_LOST", reason: "deleted" });
    });

    test("a lock on its own session survives the loss of the shared one", async () => {
      const client = await clients.connect();
      const shared = await client.locks.acquire("shared");
      const own = await client.locks.acquire("own", { session: "own" });
      await client.leases.revoke(await client.session.open());
      await aborted(shared.signal);
      own.assert();
      await own.verify();
      expect(await own.release()).toBe("released");
    });

    test("a client whose shared session was lost opens a new one on its next use", async () => {
      const client = await clients.connect();
      const first = client.session;
      await client.locks.request("l", () => {});
      await first.close();
      expect(client.session.state).toBe("lost");
      await client.locks.request("l", (lock) => lock.verify());
      expect(client.session).not.toBe(first);
      expect(client.session.state).toBe("held");
    });

    // Failure mode 20.
    test("closing a client frees its locks at once, in one call, after their signals aborted", async () => {
      const { client, faults } = await clients.connectFaulty();
      const other = await clients.connect();
      const lock = await client.locks.acquire("l");
      const next = other.locks.acquire("l", { timeout: "3s" });
      await client.close();
      expect(lock.signal.reason).toMatchObject({ code: "LOCK_LOST", reason: "shutdown" });
      expect(faults.calls.get(LEASE_REVOKE)).toBe(1);
      await (await next).release();
    });

    test("a queue entry says who waits", async () => {
      const { locks, kv } = await clients.connect();
      await using lock = await locks.acquire("l", { label: "nightly run" });
      expect((await kv.get(lock.key))?.json()).toMatchObject({
        pid: process.pid,
        label: "nightly run",
      });
    });
  },
  { sizes: [1] },
);
