import { setTimeout as sleep } from "node:timers/promises";
import { type Client, type Lock, type LockOptions, op } from "@conclave/client";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { aborted, clientsOf } from "./client-support.ts";

describeEachServer(
  "SDK locks that are shared, counted, of several names, limited and taken",
  (server) => {
    const clients = clientsOf(server);
    const two = async () => [await clients.connect(), await clients.connect()] as const;
    const three = async () => [...(await two()), await clients.connect()] as const;

    /** Begins to wait, and is back once the entry is in the queue. */
    async function queued(
      client: Client,
      name: string,
      options: LockOptions,
    ): Promise<{ lock: Promise<Lock> }> {
      const before = await client.kv.count(`${name}/`);
      const lock = client.locks.acquire(name, options);
      lock.catch(() => {});
      await eventually(
        async () => expect(await client.kv.count(`${name}/`)).toBeGreaterThan(before),
        5_000,
        5,
      );
      return { lock };
    }

    const isPending = async (promise: Promise<unknown>) =>
      (await Promise.race([promise.then(() => "settled"), sleep(60, "pending")])) === "pending";

    describe("shared", () => {
      const shared = { mode: "shared" } as const;

      test("readers of several clients and of one hold it together, a writer alone", async () => {
        const [a, b] = await two();
        const readers = [
          await a.locks.acquire("doc", shared),
          await b.locks.acquire("doc", shared),
          await a.locks.acquire("doc", shared),
        ];
        expect(new Set(readers.map(({ fence }) => fence.revision)).size).toBe(3);
        const { lock: writing } = await queued(b, "doc", {});
        for (const reader of readers) {
          expect(await isPending(writing)).toBe(true);
          await reader.release();
        }
        const writer = await writing;
        expect(writer.fence.revision).toBeGreaterThan(readers[2]!.fence.revision);
        await writer.release();
        expect(await a.kv.count("doc/")).toBe(0);
      });

      test("a reader that asks after a waiting writer waits for it: writers are not starved", async () => {
        const [a, b, c] = await three();
        const first = await a.locks.acquire("doc", shared);
        const { lock: writing } = await queued(b, "doc", {});
        const { lock: reading } = await queued(c, "doc", shared);
        expect(await isPending(reading)).toBe(true);
        await first.release();
        const writer = await writing;
        expect(await isPending(reading)).toBe(true);
        await writer.release();
        await (await reading).release();
      });

      test("try takes it among readers, and writes nothing behind a writer", async () => {
        const [a, b] = await two();
        const first = await a.locks.acquire("doc", shared);
        const second = await b.locks.try("doc", shared);
        expect(second).not.toBeNull();
        expect(await b.locks.try("doc")).toBeNull();
        await second!.release();
        const { lock: writing } = await queued(b, "doc", {});
        const before = await a.kv.count("doc/");
        const [c] = await two();
        expect(await c.locks.try("doc", shared)).toBeNull();
        expect(await a.kv.count("doc/")).toBe(before);
        await first.release();
        await (await writing).release();
      });
    });

    describe("a name below which data is kept", () => {
      const dataOf = async (client: Client) => (await client.kv.get("order/42/state"))?.text;

      test("is locked by its entries: a key without a lease is nobody's place", async () => {
        const [a, b] = await two();
        for (const client of [a, b, a]) {
          await client.locks.request("order/42", { timeout: "5s" }, (lock) =>
            lock.kv.put("order/42/state", "paid"),
          );
        }
        const first = await a.locks.try("order/42");
        expect(first).not.toBeNull();
        expect(await b.locks.try("order/42")).toBeNull();
        const { lock: next } = await queued(b, "order/42", {});
        expect(await isPending(next)).toBe(true);
        await first!.release();
        await (await next).release();
        for (const options of [{ mode: "shared" }, { permits: 2, of: 2 }] as const) {
          await (await a.locks.acquire("order/42", { ...options, timeout: "5s" })).release();
          const tried = await a.locks.try("order/42", options);
          expect(tried).not.toBeNull();
          await tried!.release();
        }
        expect(await dataOf(a)).toBe("paid");
      });

      test("keeps it when the lock is stolen", async () => {
        const [a, b] = await two();
        await a.kv.put("order/42/state", "paid");
        const victim = await a.locks.acquire("order/42", { timeout: "5s" });
        await (await b.locks.acquire("order/42", { steal: true, timeout: "5s" })).release();
        await aborted(victim.signal);
        expect(await dataOf(a)).toBe("paid");
      });

      test("does not take it for a leader or a candidate", async () => {
        const [a] = await two();
        await a.kv.put("order/42/state", "paid");
        const election = a.election("order/42", { value: "a" });
        expect(await election.leader()).toBeNull();
        await using _term = await election.campaign({ timeout: "5s" });
        expect((await election.leader())?.text).toBe("a");
        expect((await election.candidates()).map(({ text }) => text)).toEqual(["a"]);
        for await (const leader of election.observe()) {
          expect(leader?.text).toBe("a");
          break;
        }
      });
    });

    describe("permits", () => {
      const take = (permits: number, of = 3) => ({ permits, of });

      test("are granted up to their number, and in the order of asking", async () => {
        const [a, b, c] = await three();
        const one = await a.locks.acquire("pool", take(1));
        const other = await b.locks.acquire("pool", take(1));
        const { lock: large } = await queued(c, "pool", take(3));
        const { lock: small } = await queued(a, "pool", take(1));
        expect(await isPending(small)).toBe(true); // One is free, but the large one asked first.
        await one.release();
        expect(await isPending(large)).toBe(true);
        await other.release();
        const held = await large;
        expect(await isPending(small)).toBe(true);
        await held.release();
        await (await small).release();
      });

      test("of one client are taken by as many of its tasks as there are, through one waiting entry", async () => {
        const [a] = await two();
        let holders = 0;
        let most = 0;
        let entriesMost = 0;
        await Promise.all(
          Array.from({ length: 12 }, () =>
            a.locks.request("pool", take(1), async () => {
              holders += 1;
              most = Math.max(most, holders);
              entriesMost = Math.max(entriesMost, await a.kv.count("pool/"));
              await sleep(10);
              holders -= 1;
            }),
          ),
        );
        expect(most).toBeGreaterThan(1);
        expect(most).toBeLessThanOrEqual(3);
        expect(entriesMost).toBeLessThanOrEqual(4);
      });

      test("out of another number than the others say are refused, and leave nothing", async () => {
        const [a, b] = await two();
        await using _held = await a.locks.acquire("pool", take(1, 3));
        const refusal = { code: "FAILED_PRECONDITION", outcome: "not-applied" };
        await expect(b.locks.acquire("pool", take(1, 5))).rejects.toMatchObject(refusal);
        await expect(b.locks.try("pool", take(1, 5))).rejects.toMatchObject(refusal);
        await expect(b.locks.acquire("pool", { mode: "shared" })).rejects.toMatchObject(refusal);
        await eventually(async () => expect(await a.kv.count("pool/")).toBe(1));
      });

      test("that are refused do not refuse those who agree with the oldest", async () => {
        const [a, b] = await two();
        await using _held = await a.locks.acquire("pool", take(1, 3));
        // As one that is refused stands in the queue until it is gone.
        const leaseId = await b.session.open();
        await b.kv.put("pool/misfit", JSON.stringify({ permits: 1, of: 5 }), { leaseId });
        await using _other = await b.locks.acquire("pool", { ...take(1, 3), timeout: "5s" });
      });

      test("and shares are there for every task that tries at the same moment", async () => {
        const [a, b] = await two();
        const tries = (options: LockOptions) =>
          Promise.all(
            Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? a : b).locks.try("s", options)),
          );
        for (const options of [{ mode: "shared" }, take(1, 8)] as const) {
          const held = await tries(options);
          expect(held.filter((lock) => lock === null)).toEqual([]);
          await Promise.all(held.map((lock) => lock!.release()));
        }
        const some = await tries(take(1, 5));
        expect(some.filter((lock) => lock !== null)).toHaveLength(5);
      });

      test("try takes what is left, and nothing if too few are", async () => {
        const [a, b] = await two();
        await using _held = await a.locks.acquire("pool", take(2));
        expect(await b.locks.try("pool", take(2))).toBeNull();
        await using rest = await b.locks.try("pool", take(1));
        expect(rest).not.toBeNull();
        expect(await a.kv.count("pool/")).toBe(2);
      });
    });

    describe("several names", () => {
      test("are held together at one fence, and freed together", async () => {
        const [a, b] = await two();
        const both = await a.locks.acquire(["acct/b", "acct/a"]);
        expect(both.names).toEqual(["acct/a", "acct/b"]);
        for (const key of both.keys) {
          expect((await a.kv.get(key))?.createRevision).toBe(both.fence.revision);
        }
        expect(await b.locks.try("acct/a")).toBeNull();
        expect(await b.locks.try(["acct/b", "acct/c"])).toBeNull();
        expect(await b.kv.count("acct/c/")).toBe(0);
        await both.verify();
        await both.kv.put("sum", "1");
        await both.release();
        expect(await a.kv.count("acct/")).toBe(0);
      });

      test("taken in opposite orders by many never wait in a circle", async () => {
        const all = await three();
        let holders = 0;
        const transfers = all.flatMap((client, at) =>
          Array.from({ length: 4 }, (_, n) => {
            const names = (at + n) % 2 === 0 ? ["x", "y"] : ["y", "x"];
            return client.locks.request(names, async () => {
              holders += 1;
              expect(holders).toBe(1);
              await sleep(2);
              holders -= 1;
            });
          }),
        );
        await Promise.all(transfers);
      });

      test("are all lost when one of them is, and the others are freed", async () => {
        const [a, b] = await two();
        const both = await a.locks.acquire(["x", "y"]);
        await b.kv.delete(both.keys[0]!);
        await aborted(both.signal);
        expect(both.signal.reason).toMatchObject({ code: "LOCK_LOST", reason: "deleted" });
        await (await b.locks.acquire("y", { timeout: "5s" })).release();
        await expect(both.kv.put("k", "v")).rejects.toMatchObject({ outcome: "not-applied" });
      });

      test("have a guard each, and none for all", async () => {
        const [a] = await two();
        await using both = await a.locks.acquire(["x", "y"]);
        expect(() => both.guard).toThrow(TypeError);
        const done = await a
          .txn()
          .if(...both.guards)
          .then(op.put("k", "v"))
          .commit();
        expect(done.succeeded).toBe(true);
      });

      test("given up while waiting for one leave nothing in any queue", async () => {
        const [a, b] = await two();
        await using _held = await a.locks.acquire("y");
        const waiting = b.locks.acquire(["x", "y"], { timeout: 100 });
        await expect(waiting).rejects.toMatchObject({ code: "TIMEOUT" });
        await eventually(async () => expect(await a.kv.count("x/")).toBe(0));
        await eventually(async () => expect(await a.kv.count("y/")).toBe(1));
      });
    });

    describe("limits", () => {
      // Failure mode 18: a holder that hangs, but whose session is renewed, would keep the lock for ever.
      test("a lock is lost after its maxHold, and the next one gets it", async () => {
        const [a, b] = await two();
        const lock = await a.locks.acquire("l", { maxHold: 300 });
        const { lock: next } = await queued(b, "l", {});
        await aborted(lock.signal);
        expect(lock.signal.reason).toMatchObject({ reason: "max-hold" });
        await (await next).release();
        expect(await lock.release()).toBe("already-lost");
        expect(a.session.state).toBe("held");
      });

      test("contended resolves when another client or another task waits, and not before", async () => {
        const [a, b] = await two();
        const lock = await a.locks.acquire("l");
        expect(await isPending(lock.contended)).toBe(true);
        const { lock: next } = await queued(b, "l", {});
        await lock.contended;
        await lock.release();
        await (await next).release();
        const again = await a.locks.acquire("l");
        const local = a.locks.acquire("l");
        await again.contended;
        await again.release();
        await (await local).release();
      });

      test("a shared lock is not contended by those that share it", async () => {
        const [a, b] = await two();
        const lock = await a.locks.acquire("l", { mode: "shared" });
        const other = await b.locks.acquire("l", { mode: "shared" });
        expect(await isPending(lock.contended)).toBe(true);
        const { lock: writing } = await queued(b, "l", {});
        await lock.contended;
        await lock.release();
        await other.release();
        await (await writing).release();
      });
    });

    describe("contended", () => {
      test("says of permits that somebody waits, not that somebody takes what is left", async () => {
        const [a, b] = await two();
        const lock = await a.locks.acquire("pool", { permits: 1, of: 2 });
        const { contended } = lock;
        await using _rest = await b.locks.acquire("pool", { permits: 1, of: 2 });
        expect(await isPending(contended)).toBe(true);
        const { lock: waiting } = await queued(b, "pool", { permits: 1, of: 2 });
        await contended;
        await lock.release();
        await (await waiting).release();
      });
    });

    describe("a name and one below it", () => {
      test("are not locked together while another client holds the upper one", async () => {
        const [a, b] = await two();
        const held = await a.locks.acquire("l");
        const both = b.locks.acquire(["l", "l/x"], { timeout: 200 });
        await expect(both).rejects.toMatchObject({ code: "TIMEOUT" });
        const delayed = b.locks.acquire(["l", "l/x"], { timeout: 200, delay: "2s" });
        await expect(delayed).rejects.toMatchObject({ code: "TIMEOUT" });
        await held.release();
        await eventually(async () => expect(await a.kv.count("l/")).toBe(0));
        const lock = await b.locks.acquire(["l", "l/x"], { timeout: "5s" });
        expect(await lock.release()).toBe("released");
      });
    });

    describe("steal", () => {
      test("takes the lock at once: the holder is told, a waiter loses its place, the fence grows", async () => {
        const [a, b, c] = await three();
        const victim = await a.locks.acquire("l");
        const { lock: waiting } = await queued(b, "l", {});
        const thief = await c.locks.acquire("l", { steal: true, timeout: "5s" });
        expect(thief.fence.revision).toBeGreaterThan(victim.fence.revision);
        await aborted(victim.signal);
        expect(victim.signal.reason).toMatchObject({ code: "LOCK_LOST", reason: "stolen" });
        await expect(waiting).rejects.toMatchObject({ code: "LOCK_LOST" });
        await expect(victim.kv.put("k", "late")).rejects.toMatchObject({ outcome: "not-applied" });
        await thief.kv.put("k", "thief");
        expect(await thief.release()).toBe("released");
        expect(await a.kv.count("l/")).toBe(0);
      });

      test("a thief that is lost between robbing a lock and freeing it leaves nothing in the queue", async () => {
        const holder = await clients.connect();
        const held = await holder.locks.acquire("l");
        const { client, faults } = await clients.connectFaulty();
        await client.session.open();
        let txns = 0;
        // The third is the one that deletes what the second has put on the thief's lease.
        faults.faultOf = (path) => {
          if (path.endsWith("/Txn")) txns += 1;
          return txns >= 3 ? "drop-request" : undefined;
        };
        const stealing = client.locks.acquire("l", { steal: true, timeout: 200 });
        await expect(stealing).rejects.toThrow();
        faults.faultOf = () => undefined;
        await eventually(async () => expect(await holder.kv.count("l/")).toBe(0));
        expect(await held.release()).toBe("already-lost");
      });

      test("a thief that gives up before it is done leaves nothing in the queue", async () => {
        const holder = await clients.connect();
        const held = await holder.locks.acquire("l");
        const { client, faults } = await clients.connectFaulty();
        await client.session.open();
        faults.faultOf = (path) => (path.endsWith("/Range") ? "drop-request" : undefined);
        const stealing = client.locks.acquire("l", { steal: true, timeout: 200 });
        await expect(stealing).rejects.toMatchObject({ outcome: "not-applied" });
        await eventually(async () => expect(await holder.kv.count("l/")).toBe(1));
        await held.verify();
        await held.release();
      });

      test("takes it from a task of the same client too", async () => {
        const [a] = await two();
        const victim = await a.locks.acquire("l");
        const thief = await a.locks.acquire("l", { steal: true, timeout: "5s" });
        await aborted(victim.signal);
        expect(victim.signal.reason).toMatchObject({ reason: "stolen" });
        await thief.verify();
        await thief.release();
      });
    });

    describe("lock-delay", () => {
      test("a clean release is immediate, and leaves neither key nor lease", async () => {
        const [a, b] = await two();
        const leasesBefore = (await a.leases.list()).length;
        const lock = await a.locks.acquire("l", { delay: "5s" });
        expect(await a.kv.count("l/")).toBe(2);
        expect(await lock.release()).toBe("released");
        await (await b.locks.acquire("l", { timeout: "2s" })).release();
        expect(await a.kv.count("l/")).toBe(0);
        await eventually(async () =>
          expect((await a.leases.list()).length).toBeLessThanOrEqual(leasesBefore + 2),
        );
      });

      test("holds after maxHold, too: its holder still has work under way", async () => {
        const a = await clients.connect({ session: { ttl: "2s" } });
        const [b] = await two();
        const lock = await a.locks.acquire("l", { delay: "1s", maxHold: 100 });
        await aborted(lock.signal);
        await eventually(async () => expect(await b.kv.get(lock.key)).toBeNull());
        expect(await b.locks.try("l")).toBeNull();
        await (await b.locks.acquire("l", { timeout: "15s" })).release();
      });

      test("after a loss nobody gets the lock before the delay is over", async () => {
        const a = await clients.connect({ session: { ttl: "2s" } });
        const b = await clients.connect();
        const lock = await a.locks.acquire("l", { delay: "2s", session: "own" });
        const { lock: next } = await queued(b, "l", {});
        const key = await b.kv.get(lock.key);
        await b.leases.revoke(key!.leaseId);
        const lostMs = performance.now();
        await aborted(lock.signal);
        await (await next).release();
        expect(performance.now() - lostMs).toBeGreaterThan(2_000);
      });
    });

    describe("reentrant", () => {
      test("a request inside its own kind runs under the same lock, and does not free it", async () => {
        const { locks, kv } = await clients.connect();
        const reentrant = { reentrant: true };
        const fences = await locks.request("l", reentrant, async (outer) => {
          const inner = await locks.request("l", reentrant, (lock) => lock.fence.revision);
          expect(await kv.count("l/")).toBe(1);
          await outer.verify();
          return [outer.fence.revision, inner];
        });
        expect(fences[0]).toBe(fences[1]);
        expect(await kv.count("l/")).toBe(0);
      });

      test("one that would have to wait for itself, shared to exclusive, is refused", async () => {
        const { locks } = await clients.connect();
        const upgrading = locks.request("l", { reentrant: true, mode: "shared" }, () =>
          locks.request("l", { reentrant: true }, () => {}),
        );
        await expect(upgrading).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
      });

      test("another client's lock of that name is another lock", async () => {
        const a = await clients.connect({ namespace: `${clients.namespace}a/` });
        const b = await clients.connect({ namespace: `${clients.namespace}b/` });
        const reentrant = { reentrant: true };
        const entries = await a.locks.request("l", reentrant, () =>
          b.locks.request("l", reentrant, () => b.kv.count("l/")),
        );
        expect(entries).toBe(1);
      });

      test("it is held until the last request inside has ended, awaited or not", async () => {
        const { locks } = await clients.connect();
        const reentrant = { reentrant: true };
        let inner: Promise<boolean> | undefined;
        await locks.request("l", reentrant, () => {
          inner = locks.request("l", reentrant, async (lock) => {
            await sleep(30);
            await lock.verify();
            return true;
          });
          return locks.request("l", reentrant, () => {}); // Ends before.
        });
        expect(await inner).toBe(true);
      });

      test("another task is not taken for the same one", async () => {
        const { locks } = await clients.connect();
        const order: string[] = [];
        const first = locks.request("l", { reentrant: true }, async () => {
          order.push("first in");
          await sleep(30);
          order.push("first out");
        });
        const second = locks.request("l", { reentrant: true }, () => order.push("second in"));
        await Promise.all([first, second]);
        expect(order).toEqual(["first in", "first out", "second in"]);
      });
    });

    test.each<{ why: string; name: string | string[]; options: object }>([
      { why: "no name", name: "", options: {} },
      { why: "an empty list of names", name: [], options: {} },
      { why: "a name twice", name: ["a", "b", "a"], options: {} },
      { why: "too many names", name: Array.from({ length: 33 }, (_, n) => `n${n}`), options: {} },
      { why: "an unknown mode", name: "a", options: { mode: "read" } },
      { why: "permits without their number", name: "a", options: { permits: 1 } },
      { why: "more permits than there are", name: "a", options: { permits: 4, of: 3 } },
      { why: "half a permit", name: "a", options: { permits: 0.5, of: 3 } },
      { why: "permits of several names", name: ["a", "b"], options: { permits: 1, of: 3 } },
      { why: "permits and a mode", name: "a", options: { permits: 1, of: 3, mode: "shared" } },
      { why: "stolen permits", name: "a", options: { permits: 1, of: 3, steal: true } },
      { why: "a hold that ends at once", name: "a", options: { maxHold: 0 } },
      { why: "a delay without unit", name: "a", options: { delay: "soon" } },
    ])("$why: refused at once", async ({ name, options }) => {
      const { locks } = await clients.connect();
      const refused = await locks.acquire(name, options as LockOptions).catch((error) => error);
      expect(refused instanceof TypeError || refused instanceof RangeError).toBe(true);
    });
  },
  { sizes: [1] },
);
