import { CompactedError, ConclaveError, compare, op } from "@conclave/client";
import { expect, expectTypeOf, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { clientsOf } from "./client-support.ts";

const PUT = "/etcdserverpb.KV/Put";
const TXN = "/etcdserverpb.KV/Txn";
const RANGE = "/etcdserverpb.KV/Range";

describeEachServer(
  "SDK keys and transactions",
  (server) => {
    const clients = clientsOf(server);

    test("what is put is read back, as bytes and as text, with its revisions", async () => {
      const { kv } = await clients.connect();
      const first = await kv.put("a", "1");
      const second = await kv.put("a", Uint8Array.of(0xc3, 0xa9), { previous: true });
      expect(second.previous?.text).toBe("1");
      const found = await kv.get("a");
      expect(found).toMatchObject({
        keyText: "a",
        text: "é",
        version: 2,
        createRevision: first.revision,
        modRevision: second.revision,
        leaseId: 0n,
      });
      expect(await kv.get("absent")).toBeNull();
    });

    test("a text that ends with a slash means all keys below it, any other text that one key", async () => {
      const { kv } = await clients.connect();
      for (const key of ["app", "app/a", "app/b", "application"]) await kv.put(key, key);
      const keys = async (target: Parameters<typeof kv.getAll>[0]) =>
        (await kv.getAll(target)).items.map(({ keyText }) => keyText);
      expect(await keys("app/")).toEqual(["app/a", "app/b"]);
      expect(await keys("app")).toEqual(["app"]);
      expect(await keys({ prefix: "app" })).toEqual(["app", "app/a", "app/b", "application"]);
      expect(await keys({ from: "app/b" })).toEqual(["app/b", "application"]);
      expect(await keys({ from: "app/", to: "app/b" })).toEqual(["app/a"]);
      expect(await kv.count({ prefix: "" })).toBe(4);
    });

    test("ranges take limit, order, keys only and a revision", async () => {
      const { kv } = await clients.connect();
      const { revision } = await kv.put("n/1", "one");
      await kv.put("n/2", "two");
      const limited = await kv.getAll("n/", { limit: 1, sort: { by: "mod", order: "descend" } });
      expect(limited).toMatchObject({ more: true, count: 2 });
      expect(limited.items[0]?.keyText).toBe("n/2");
      const bare = await kv.getAll("n/", { keysOnly: true, serializable: true });
      expect(bare.items.map(({ value }) => value.length)).toEqual([0, 0]);
      expect((await kv.getAll("n/", { revision })).items).toHaveLength(1);
    });

    test("a namespace hides other keys, in ranges without an end too, and deletes only its own", async () => {
      const inside = await clients.connect({ namespace: `${clients.namespace}in/` });
      const outside = await clients.connect();
      await outside.kv.put("zzz", "kept");
      await inside.kv.put("a", "1");
      expect((await inside.kv.deleteAll({ from: "" })).deleted).toBe(1);
      expect((await outside.kv.get("zzz"))?.text).toBe("kept");
    });

    test("the results of a transaction are typed and placed by its operations", async () => {
      const client = await clients.connect();
      await client.kv.put("b", "2");
      const done = await client
        .txn()
        .if(compare("a").absent(), compare("b").value.eq("2"))
        .then(op.put("a", "1"), op.get("b"), op.getAll({ prefix: "" }))
        .else(op.get("a"))
        .commit();
      if (!done.succeeded) throw new Error("the conditions hold");
      const [put, b, all] = done.results;
      expectTypeOf(b?.text).toEqualTypeOf<string | undefined>();
      expect(put.revision).toBe(done.revision);
      expect(b?.text).toBe("2");
      expect(all.items.map(({ keyText }) => keyText)).toEqual(["a", "b"]);
    });

    test("if a condition fails the other branch is applied, and only that", async () => {
      const client = await clients.connect();
      const { revision } = await client.kv.put("a", "1");
      const done = await client
        .txn()
        .if(compare("a").modRevision.lt(revision))
        .then(op.delete("a"))
        .else(op.get("a"))
        .commit();
      if (done.succeeded) throw new Error("the condition fails");
      expect(done.results[0]?.text).toBe("1");
    });

    test("a condition on a prefix holds if it holds for every key below it", async () => {
      const client = await clients.connect();
      const isEmpty = async () =>
        (await client.txn().if(compare("jobs/").absent()).commit()).succeeded;
      expect(await isEmpty()).toBe(true);
      await client.kv.put("jobs/1", "");
      expect(await isEmpty()).toBe(false);
    });

    test("a transaction within a transaction has conditions and typed results of its own", async () => {
      const client = await clients.connect();
      await client.kv.put("taken", "bob");
      const seat = (name: string) =>
        client.txn().if(compare(name).absent()).then(op.put(name, "ada")).else(op.get(name));
      const done = await client
        .txn()
        .then(op.put("asked", "1"), seat("free").asOp(), seat("taken").asOp(), op.get("asked"))
        .commit();
      if (!done.succeeded) throw new Error("it has no condition");
      const [, free, taken, asked] = done.results;
      expectTypeOf(taken.succeeded).toEqualTypeOf<boolean>();
      if (taken.succeeded || !free.succeeded) throw new Error("one was free, one was taken");
      expect(free.results[0].revision).toBe(done.revision);
      expect(taken.results[0]?.text).toBe("bob");
      expect(asked?.text).toBe("1");
      expect((await client.kv.get("free"))?.modRevision).toBe(done.revision);
    });

    test("a transaction within a transaction sees by its conditions what was before, by its reads what is", async () => {
      const client = await clients.connect();
      const inner = client.txn().if(compare("a").absent()).then(op.get("a")).else(op.get("b"));
      const outer = client.txn().then(op.put("a", "new"), inner.asOp());
      const done = await client.txn().then(outer.asOp()).commit();
      if (!done.succeeded || !done.results[0].succeeded) throw new Error("they have no condition");
      const [, looked] = done.results[0].results;
      if (!looked.succeeded) throw new Error("there was no a");
      expect(looked.results[0]?.text).toBe("new");
    });

    test("a transaction within a branch that is not taken does nothing", async () => {
      const client = await clients.connect();
      const inner = client.txn().then(op.put("a", "1")).asOp();
      const done = await client.txn().if(compare("a").exists()).then(inner).commit();
      expect(done).toMatchObject({ succeeded: false, results: [] });
      expect(await client.kv.get("a")).toBeNull();
    });

    test("one key cannot be written twice in one transaction, not by one within it either", async () => {
      const client = await clients.connect();
      const inner = client.txn().then(op.put("a", "2")).asOp();
      await expect(client.txn().then(op.put("a", "1"), inner).commit()).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        outcome: "not-applied",
      });
      expect(await client.kv.get("a")).toBeNull();
    });

    test("what is nested decides whether a lost answer is asked for again: reads are, writes are not", async () => {
      const { client, faults } = await clients.connectFaulty();
      const reading = client.txn().then(op.get("a")).asOp();
      const writing = client.txn().then(op.put("a", "1")).asOp();
      faults.failNext(TXN, "drop-answer");
      expect((await client.txn().then(reading).commit()).succeeded).toBe(true);
      faults.failNext(TXN, "drop-answer");
      await expect(client.txn().then(writing).commit()).rejects.toMatchObject({
        code: "UNAVAILABLE",
        outcome: "unknown",
      });
      expect((await client.kv.get("a"))?.version).toBe(1);
    });

    test("awaiting the builder in place of commit() is refused", async () => {
      const client = await clients.connect();
      const builder = client.txn() as unknown as PromiseLike<unknown>;
      await expect((async () => await builder)()).rejects.toThrow("commit()");
    });

    test("a compacted revision is COMPACTED, a future one FUTURE_REVISION", async () => {
      const { kv } = await clients.connect();
      const { revision } = await kv.put("a", "1");
      await expect(kv.get("a", { revision: revision + 1_000_000 })).rejects.toMatchObject({
        code: "FUTURE_REVISION",
        outcome: "not-applied",
      });
      expect(CompactedError.prototype).toBeInstanceOf(ConclaveError);
    });

    // Failure mode 7: the commonest correctness bug among clients.
    test("a put whose answer is lost is not sent again, and its error says that it may have been applied", async () => {
      const { client, faults } = await clients.connectFaulty();
      faults.failNext(PUT, "drop-answer");
      await expect(client.kv.put("a", "1")).rejects.toMatchObject({
        code: "UNAVAILABLE",
        outcome: "unknown",
      });
      expect(faults.calls.get(PUT)).toBe(1);
      expect((await client.kv.get("a"))?.version).toBe(1);
    });

    test("a read whose answer is lost is sent again", async () => {
      const { client, faults } = await clients.connectFaulty();
      await client.kv.put("a", "1");
      const before = faults.calls.get(RANGE) ?? 0;
      faults.failNext(RANGE, "drop-answer");
      expect((await client.kv.get("a"))?.text).toBe("1");
      expect(faults.calls.get(RANGE)).toBe(before + 2);
    });

    test("a call that its signal ends is CANCELLED, with the signal's reason as cause", async () => {
      const { kv } = await clients.connect();
      const signal = AbortSignal.abort(new Error("changed my mind"));
      await expect(kv.put("a", "1", { signal })).rejects.toMatchObject({
        code: "CANCELLED",
        outcome: "not-applied",
        cause: { message: "changed my mind" },
      });
    });

    test("a put on a lease that does not exist is LEASE_NOT_FOUND and writes nothing", async () => {
      const { kv } = await clients.connect();
      await expect(kv.put("a", "1", { leaseId: 12_345n })).rejects.toMatchObject({
        code: "LEASE_NOT_FOUND",
        outcome: "not-applied",
      });
      expect(await kv.get("a")).toBeNull();
    });

    test("a closed client refuses calls with CLOSED", async () => {
      const client = await clients.connect();
      await client.close();
      await expect(client.kv.get("a")).rejects.toMatchObject({ code: "CLOSED" });
      expect(() => client.watch("a")).toThrow("closed");
    });

    test("a bare lease can be granted, asked for, renewed and revoked with its keys", async () => {
      const client = await clients.connect();
      const { leaseId, ttl } = await client.leases.grant("30s");
      expect(ttl).toBe(30_000);
      await client.kv.put("a", "1", { leaseId });
      expect(await client.leases.keepAliveOnce(leaseId)).toBe(30_000);
      const time = await client.leases.timeToLive(leaseId, { keys: true });
      expect(time?.grantedTtl).toBe(30_000);
      expect(time?.keys.map((key) => new TextDecoder().decode(key))).toEqual(["a"]);
      expect(await client.leases.list()).toContain(leaseId);
      await client.leases.revoke(leaseId);
      expect(await client.kv.get("a")).toBeNull();
      expect(await client.leases.timeToLive(leaseId)).toBeNull();
      await expect(client.leases.keepAliveOnce(leaseId)).rejects.toMatchObject({
        code: "LEASE_NOT_FOUND",
      });
    });
  },
  { sizes: [1] },
);
