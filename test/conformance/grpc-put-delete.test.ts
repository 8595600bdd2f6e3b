import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import type { PutRequest } from "../support/etcd-messages.ts";
import { MemberClients, prefixEnd } from "../support/member-clients.ts";
import { refusalOf } from "../support/raw-client.ts";

describeEachServer("gRPC Put and DeleteRange", (server) => {
  const clients = new MemberClients(server);
  const put = (request: PutRequest) => clients.call("KV.Put", request);
  const remove = (key: string, range_end = "", prev_kv = false) =>
    clients.call("KV.DeleteRange", { key, range_end, prev_kv });
  const get = async (key: string) => (await clients.call("KV.Range", { key })).kvs[0];
  const aLease = async () => (await clients.call("Lease.LeaseGrant", { TTL: 100 })).ID;

  describe("revisions", () => {
    test("a put adds one and its header carries it", async () => {
      const key = `${server.prefix("put")}k`;
      const before = await clients.revision();
      expect((await put({ key, value: "1" })).header.revision).toBe(before + 1);
      expect((await put({ key, value: "1" })).header.revision).toBe(before + 2); // same value too
      expect(await get(key)).toEqual({
        key,
        value: "1",
        create_revision: before + 1,
        mod_revision: before + 2,
        version: 2,
        lease: 0n,
      });
    });

    test("a delete of many keys adds one; of none, nothing", async () => {
      const at = server.prefix("del");
      await put({ key: `${at}a` });
      const before = (await put({ key: `${at}b` })).header.revision;
      const deleted = await remove(at, prefixEnd(at));
      expect(deleted).toMatchObject({ deleted: 2, prev_kvs: [], header: { revision: before + 1 } });
      expect(await remove(at, prefixEnd(at))).toMatchObject({
        deleted: 0,
        header: { revision: before + 1 },
      });
      expect(await clients.revision()).toBe(before + 1);
    });

    test("a key that was deleted begins anew", async () => {
      const key = `${server.prefix("put")}k`;
      await put({ key, value: "1" });
      await remove(key);
      const { revision } = (await put({ key, value: "2" })).header;
      expect(await get(key)).toMatchObject({
        create_revision: revision,
        mod_revision: revision,
        version: 1,
      });
    });
  });

  test("headers name one cluster, the answering member, and a term", async () => {
    const headers = await Promise.all(
      clients.all().map(async (client) => (await client.call("KV.Range", { key: "k" })).header),
    );
    expect(new Set(headers.map((header) => header.cluster_id)).size).toBe(1);
    expect(new Set(headers.map((header) => header.member_id)).size).toBe(server.size);
    for (const header of headers) {
      expect(header.cluster_id).not.toBe(0n);
      expect(header.member_id).not.toBe(0n);
      expect(header.raft_term).toBeGreaterThan(0);
    }
  });

  test("keys and values are any bytes", async () => {
    const key = `${server.prefix("bytes")}\x00\xff\x80k`;
    const value = String.fromCharCode(...Array(256).keys());
    await put({ key, value });
    expect(await get(key)).toMatchObject({ key, value });
  });

  test("an empty value is a value", async () => {
    const key = `${server.prefix("put")}k`;
    await put({ key });
    expect(await get(key)).toMatchObject({ value: "", version: 1 });
  });

  describe("prev_kv", () => {
    test("of a put is the pair it replaced, and nothing for a new key", async () => {
      const key = `${server.prefix("prev")}k`;
      expect((await put({ key, value: "1", prev_kv: true })).prev_kv).toBeNull();
      const first = await get(key);
      expect((await put({ key, value: "2", prev_kv: true })).prev_kv).toEqual(first);
      expect((await put({ key, value: "3" })).prev_kv).toBeNull();
    });

    test("of a delete is every pair that went, in key order", async () => {
      const at = server.prefix("prev");
      for (const key of ["b", "a", "c"]) await put({ key: at + key, value: key });
      const { deleted, prev_kvs } = await remove(at, prefixEnd(at), true);
      expect(deleted).toBe(3);
      expect(prev_kvs.map((kv) => kv.value)).toEqual(["a", "b", "c"]);
    });
  });

  describe("leases on keys", () => {
    test("a put without a lease detaches the one before", async () => {
      const key = `${server.prefix("lease")}k`;
      const lease = await aLease();
      await put({ key, lease });
      expect(await get(key)).toMatchObject({ lease });
      await put({ key });
      expect(await get(key)).toMatchObject({ lease: 0n });
      await clients.call("Lease.LeaseRevoke", { ID: lease });
      expect(await get(key)).toBeDefined();
    });

    test("a put with another lease moves the key", async () => {
      const key = `${server.prefix("lease")}k`;
      const [first, second] = [await aLease(), await aLease()];
      await put({ key, lease: first });
      await put({ key, lease: second });
      await clients.call("Lease.LeaseRevoke", { ID: first });
      expect(await get(key)).toMatchObject({ lease: second });
      await clients.call("Lease.LeaseRevoke", { ID: second });
      expect(await get(key)).toBeUndefined();
    });

    test("ignore_lease keeps the lease, ignore_value the value", async () => {
      const key = `${server.prefix("ignore")}k`;
      const lease = await aLease();
      await put({ key, value: "1", lease });
      await put({ key, value: "2", ignore_lease: true });
      expect(await get(key)).toMatchObject({ value: "2", lease, version: 2 });
      await put({ key, ignore_value: true });
      expect(await get(key)).toMatchObject({ value: "2", lease: 0n, version: 3 });
    });
  });

  test.each([
    {
      why: "no key",
      request: { value: "v" },
      code: "INVALID_ARGUMENT",
      text: "key is not provided",
    },
    {
      why: "a lease nobody has",
      request: { key: "k", lease: 0x7abcn },
      code: "NOT_FOUND",
      text: "requested lease not found",
    },
    {
      why: "ignore_value with a value",
      request: { key: "k", value: "v", ignore_value: true },
      code: "INVALID_ARGUMENT",
      text: "value is provided",
    },
    {
      why: "ignore_lease with a lease",
      request: { key: "k", value: "v", lease: 1n, ignore_lease: true },
      code: "INVALID_ARGUMENT",
      text: "lease is provided",
    },
    {
      why: "ignore_value on an absent key",
      request: { key: "absent", ignore_value: true },
      code: "INVALID_ARGUMENT",
      text: "key not found",
    },
    {
      why: "ignore_lease on an absent key",
      request: { key: "absent", value: "v", ignore_lease: true },
      code: "INVALID_ARGUMENT",
      text: "key not found",
    },
  ])("a put with $why is refused and writes nothing", async ({ request, code, text }) => {
    const before = await clients.revision();
    expect(await refusalOf(put(request))).toEqual({ code, text: `etcdserver: ${text}` });
    expect(await clients.revision()).toBe(before);
  });

  test("ignore_value on a key that was deleted is refused", async () => {
    const key = `${server.prefix("ignore")}k`;
    await put({ key, value: "v" });
    await remove(key);
    expect(await refusalOf(put({ key, ignore_value: true }))).toEqual({
      code: "INVALID_ARGUMENT",
      text: "etcdserver: key not found",
    });
  });

  describe("delete ranges", () => {
    test("one key, half-open, inverted, from a key on", async () => {
      const at = server.prefix("zz"); // the last prefix there is
      for (const key of ["a", "b", "c", "d", "e"]) await put({ key: at + key });
      expect(await remove(`${at}b`, `${at}a`)).toMatchObject({ deleted: 0 });
      expect(await remove(`${at}b`, `${at}b`)).toMatchObject({ deleted: 0 });
      expect(await remove(`${at}a`)).toMatchObject({ deleted: 1 });
      expect(await remove(`${at}b`, `${at}d`)).toMatchObject({ deleted: 2 });
      expect(await remove(`${at}d`, "\x00")).toMatchObject({ deleted: 2 });
    });

    test("an empty key is refused", async () => {
      for (const range_end of ["", "\x00"]) {
        expect(await refusalOf(remove("", range_end))).toEqual({
          code: "INVALID_ARGUMENT",
          text: "etcdserver: key is not provided",
        });
      }
    });

    test("key \\0 with end \\0 deletes everything", async () => {
      await put({ key: server.prefix("any") });
      const all = { key: "\x00", range_end: "\x00" };
      const { count } = await clients.call("KV.Range", all);
      expect(await remove(all.key, all.range_end)).toMatchObject({ deleted: count });
      expect(await clients.call("KV.Range", all)).toMatchObject({ count: 0, kvs: [] });
    });
  });
});
