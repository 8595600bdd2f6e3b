import { type Client, ConclaveError } from "@conclave/client";
import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { clientsOf } from "./client-support.ts";

const TXN = "/etcdserverpb.KV/Txn";

/** Calls of the server made while `act` runs. */
async function callsDuring(
  faults: { readonly calls: ReadonlyMap<string, number> },
  act: () => Promise<unknown>,
): Promise<number> {
  const total = () => [...faults.calls.values()].reduce((sum, count) => sum + count, 0);
  const before = total();
  await act();
  return total() - before;
}

describeEachServer(
  "SDK transactions that run again",
  (server) => {
    const clients = clientsOf(server);
    const accounts = (client: Client) => client.key("acct/:id", z.object({ cents: z.bigint() }));

    test("the sketch: two accounts of different age, typed, a required lock, a callback, an abort", async () => {
      const client = await clients.connect();
      const acct = accounts(client);
      await client.kv.put(acct("a"), { cents: 100n });
      await client.kv.put("unrelated", "");
      await client.kv.put(acct("b"), { cents: 0n });
      await using lock = await client.locks.acquire("books");
      const revisions: number[] = [];
      const move = (cents: bigint) =>
        client.transact(async (tx) => {
          const [a, b] = await tx.getOrThrow(acct("a"), acct("b"));
          expectTypeOf(a).toEqualTypeOf<{ cents: bigint }>();
          if (a.cents < cents) throw tx.abort("insufficient");
          tx.put(acct("a"), { cents: a.cents - cents });
          tx.put(acct("b"), { cents: b.cents + cents });
          tx.require(lock);
          tx.onCommit((revision) => revisions.push(revision));
          return cents;
        });
      const moved = await move(70n);
      expect(moved).toMatchObject({ value: 70n, attempts: 1 });
      expect(revisions).toEqual([moved.revision]);
      const a = await client.kv.get(acct("a"));
      expect(a).toMatchObject({ value: { cents: 30n }, modRevision: moved.revision });
      expect((await client.kv.get(acct("b")))?.modRevision).toBe(moved.revision);
      await expect(move(31n)).rejects.toMatchObject({
        code: "ABORTED",
        outcome: "not-applied",
        message: "insufficient",
      });
      expect(revisions).toHaveLength(1);
      await lock.release();
      await expect(move(1n)).rejects.toMatchObject({ code: "CLOSED" });
    });

    test("a required lock that is lost at the server refuses the commit", async () => {
      const [client, admin] = [await clients.connect(), await clients.connect()];
      await using lock = await client.locks.acquire("books");
      const writing = client.transact(async (tx) => {
        tx.require(lock);
        tx.put("k", "1");
        await admin.kv.delete(lock.key);
      });
      await expect(writing).rejects.toMatchObject({ code: "LOCK_LOST", outcome: "not-applied" });
      expect(await client.kv.get("k")).toBeNull();
    });

    test("reads are of one revision, whatever is written meanwhile, and see the body's own writes", async () => {
      const [client, other] = [await clients.connect(), await clients.connect()];
      await client.kv.put("r/a", "1");
      await client.kv.put("r/b", "1");
      const seen = await client.transact(async (tx) => {
        const a = await tx.get("r/a");
        if (tx.attempt === 1) await other.kv.put("r/b", "2");
        const [again, b] = await tx.get("r/a", "r/b");
        tx.put("r/c", "mine");
        tx.delete("r/a");
        const range = await tx.getAll({ prefix: "r/" });
        const own = await tx.get("r/c", "r/a");
        if (tx.attempt === 1) expect({ a, again, b }).toEqual({ a: "1", again: "1", b: "1" });
        return { range, own };
      });
      expect(seen.attempts).toBe(2);
      expect(seen.value.range).toEqual([
        { key: "r/b", value: "2" },
        { key: "r/c", value: "mine" },
      ]);
      expect(seen.value.own).toEqual(["mine", null]);
      expect((await client.kv.getAll("r/")).items.map(({ keyText }) => keyText)).toEqual([
        "r/b",
        "r/c",
      ]);
    });

    test("first reads side by side are of one revision too", async () => {
      const [client, other] = [await clients.connect(), await clients.connect()];
      await other.transact((tx) => {
        tx.put("x", "0");
        tx.put("y", "0");
      });
      let writing = true;
      const writer = (async () => {
        for (let n = 1; writing; n += 1) {
          await other.transact((tx) => {
            tx.put("x", String(n));
            tx.put("y", String(n));
          });
        }
      })();
      for (let n = 0; n < 30; n += 1) {
        await client.transact(async (tx) => {
          const [x, y] = await Promise.all([tx.get("x"), tx.get("y")]);
          expect(x).toBe(y);
        });
      }
      writing = false;
      await writer;
    });

    test("an uncontended update costs a read and a commit; one that only reads costs its reads", async () => {
      const { client, faults } = await clients.connectFaulty();
      const increment = () =>
        client.transact(async (tx) => {
          tx.put("n", String(Number((await tx.get("n")) ?? 0) + 1));
        });
      await increment();
      expect(await callsDuring(faults, increment)).toBe(2);
      expect(await callsDuring(faults, () => client.transact((tx) => tx.get("n", "m")))).toBe(1);
    });

    test("a conflict brings the fresh values along: the repetition needs no read", async () => {
      const { client, faults } = await clients.connectFaulty();
      const other = await clients.connect();
      await client.session.open();
      await client.kv.put("n", "1");
      const calls = await callsDuring(faults, async () => {
        const { attempts } = await client.transact(async (tx) => {
          const n = Number(await tx.get("n"));
          if (tx.attempt === 1) await other.kv.put("n", "10");
          tx.put("n", String(n + 1));
        });
        expect(attempts).toBe(2);
      });
      expect(calls).toBe(3);
      expect((await client.kv.get("n"))?.text).toBe("11");
    });

    // Failure mode 7.
    test.each(["drop-answer", "drop-request"] as const)(
      "a commit whose message is lost (%s) is applied exactly once, and its callback runs once",
      async (fault) => {
        const { client, faults } = await clients.connectFaulty();
        await client.session.open();
        await client.kv.put("n", "0");
        let committed = 0;
        const { revision } = await client.transact(async (tx) => {
          tx.put("n", String(Number(await tx.get("n")) + 1));
          tx.onCommit(() => {
            committed += 1;
          });
          if (tx.attempt === 1) faults.failNext(TXN, fault);
        });
        const found = await client.kv.get("n");
        expect(found).toMatchObject({ text: "1", modRevision: revision });
        expect(committed).toBe(1);
      },
    );

    test("a cancelled commit says that its outcome is unknown, a cancelled body that nothing was written", async () => {
      const { client, faults } = await clients.connectFaulty();
      await client.session.open();
      const cancelled = new AbortController();
      const committing = client.transact(
        (tx) => {
          tx.put("n", "1");
          faults.faultOf = (path) => {
            if (path !== TXN) return undefined;
            cancelled.abort(new Error("enough"));
            return "drop-answer";
          };
        },
        { signal: cancelled.signal },
      );
      await expect(committing).rejects.toMatchObject({ code: "CANCELLED", outcome: "unknown" });
      faults.faultOf = () => undefined;
      const hanging = client.transact(
        (tx) => {
          tx.put("m", "1");
          return new Promise(() => {});
        },
        { timeout: 30 },
      );
      await expect(hanging).rejects.toMatchObject({ code: "TIMEOUT", outcome: "not-applied" });
      expect(await client.kv.get("m")).toBeNull();
    });

    test("the body's own error passes through, nothing is written, and the transaction is closed after it", async () => {
      const client = await clients.connect();
      let kept: { get(key: string): Promise<unknown>; put(key: string, value: string): void };
      const failing = client.transact((tx) => {
        kept = tx;
        tx.put("k", "1");
        throw new Error("the body's own");
      });
      await expect(failing).rejects.toThrow("the body's own");
      expect(await client.kv.get("k")).toBeNull();
      expect(() => kept.put("k", "2")).toThrow(ConclaveError);
      await expect(kept!.get("k")).rejects.toMatchObject({ code: "CLOSED" });
    });

    test("a revision that was compacted away starts the transaction over", async () => {
      const [client, other] = [await clients.connect(), await clients.connect()];
      await client.kv.put("a", "1");
      await client.kv.put("b", "1");
      const { value, attempts } = await client.transact(async (tx) => {
        const a = await tx.get("a");
        if (tx.attempt === 1) {
          const { revision } = await other.kv.put("b", "2");
          await other.kv.put("b", "3");
          await other.kv.compact(revision + 1);
        }
        return [a, await tx.get("b")];
      });
      expect({ value, attempts }).toEqual({ value: ["1", "3"], attempts: 2 });
    });

    test("a transaction too large for the server is refused before anything is sent", async () => {
      const { client, faults } = await clients.connectFaulty();
      await client.session.open();
      const writing = (count: number) =>
        client.transact((tx) => {
          for (let n = 0; n < count; n += 1) tx.put(`k/${n}`, "");
        });
      await writing(127);
      const calls = await callsDuring(faults, () =>
        expect(writing(128)).rejects.toMatchObject({ code: "TOO_LARGE", outcome: "not-applied" }),
      );
      expect(calls).toBe(0);
    });

    test("attempts can be limited: then it rejects with CONFLICT", async () => {
      const [client, other] = [await clients.connect(), await clients.connect()];
      const losing = client.transact(
        async (tx) => {
          await tx.get("n");
          await other.kv.put("n", "");
          tx.put("n", "mine");
        },
        { retry: { attempts: 3, max: 5 } },
      );
      await expect(losing).rejects.toMatchObject({ code: "CONFLICT", outcome: "not-applied" });
      expect((await client.kv.get("n"))?.version).toBe(3);
    });

    test("after enough conflicts it stands in a lock's queue, and leaves it", async () => {
      const [client, other] = [await clients.connect(), await clients.connect()];
      let queued = 0;
      await client.transact(
        async (tx) => {
          await tx.get("hot");
          if (tx.attempt <= 4) await other.kv.put("hot", "");
          queued = await other.kv.count("conclave.transact/turn/hot/");
          tx.put("hot", "mine");
        },
        { retry: { escalateAfter: 2, max: 1 } },
      );
      expect(queued).toBe(1);
      await eventually(async () =>
        expect(await other.kv.count("conclave.transact/turn/hot/")).toBe(0),
      );
    });

    test("keys of a client that closed leave no markers behind", async () => {
      const [client, other] = [await clients.connect(), await clients.connect()];
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => client.transact((tx) => tx.put(`k/${n}`, ""))),
      );
      // More commits at a time than markers are kept: the others are deleted.
      await eventually(async () =>
        expect(await other.kv.count("conclave.transact/commit/")).toBe(16),
      );
      await client.close();
      expect(await other.kv.count("conclave.transact/commit/")).toBe(0);
    });
  },
  { sizes: [1] },
);
