import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import type { RangeRequest } from "../support/etcd-messages.ts";
import { MemberClients, prefixEnd } from "../support/member-clients.ts";
import { refusalOf } from "../support/raw-client.ts";
import { versionOf } from "./versions.ts";

describeEachServer("gRPC Range", (server) => {
  const clients = new MemberClients(server);
  const range = (request: RangeRequest) => clients.call("KV.Range", request);
  const put = (key: string, value: string) => clients.call("KV.Put", { key, value });

  /** Puts the keys in turn under a fresh prefix and returns it with the revision of the first. */
  async function stored(...keys: string[]): Promise<{ at: string; end: string; first: number }> {
    const at = server.prefix("range");
    const revisions: number[] = [];
    for (const key of keys) revisions.push((await put(at + key, key)).header.revision);
    return { at, end: prefixEnd(at), first: revisions[0] ?? 0 };
  }

  const keysOf = async (at: string, request: RangeRequest) =>
    (await range(request)).kvs.map((kv) => kv.key.slice(at.length));

  describe("the range", () => {
    test("without an end is one key, exactly", async () => {
      const { at } = await stored("a", "ab");
      expect(await keysOf(at, { key: `${at}a` })).toEqual(["a"]);
      expect(await keysOf(at, { key: `${at}A` })).toEqual([]);
    });

    test("is half open and ordered by bytes", async () => {
      const { at } = await stored("b", "\xff", "a", "\x00", "a\x00", "B");
      expect(await keysOf(at, { key: at, range_end: prefixEnd(at) })).toEqual([
        "\x00",
        "B",
        "a",
        "a\x00",
        "b",
        "\xff",
      ]);
      expect(await keysOf(at, { key: `${at}a`, range_end: `${at}b` })).toEqual(["a", "a\x00"]);
    });

    test("with end \\0 goes from the key to the last one", async () => {
      const { at } = await stored("a", "b");
      const everything = (await range({ key: "\x00", range_end: "\x00" })).kvs;
      const from = (await range({ key: `${at}b`, range_end: "\x00" })).kvs;
      expect(from).toEqual(everything.filter((kv) => kv.key >= `${at}b`));
      expect(from[0]?.key).toBe(`${at}b`);
    });

    test("with key \\0 and end \\0 is everything", async () => {
      const { at } = await stored("a", "b");
      const everything = (await range({ key: "\x00", range_end: "\x00" })).kvs;
      const keys = everything.map((kv) => kv.key);
      expect(keys).toEqual(keys.toSorted());
      expect(keys).toEqual(expect.arrayContaining([`${at}a`, `${at}b`]));
    });

    test("that is inverted or has equal ends is empty, not an error", async () => {
      const { at } = await stored("a", "b");
      for (const range_end of [`${at}a`, `${at}0`]) {
        const answer = await range({ key: `${at}a`, range_end });
        expect(answer).toMatchObject({ kvs: [], count: 0, more: false });
      }
    });

    test("with an empty key is refused", async () => {
      for (const request of [{}, { range_end: "\x00" }, { key: "", range_end: "z" }]) {
        expect(await refusalOf(range(request))).toEqual({
          code: "INVALID_ARGUMENT",
          text: "etcdserver: key is not provided",
        });
      }
    });
  });

  describe("limit, more and count", () => {
    test("count is of all keys in the range, more says that the limit cut", async () => {
      const { at, end } = await stored("a", "b", "c");
      const within = { key: at, range_end: end };
      expect(await range({ ...within, limit: 2 })).toMatchObject({ more: true, count: 3 });
      expect(await range({ ...within, limit: 3 })).toMatchObject({ more: false, count: 3 });
      expect(await range({ ...within, limit: 0 })).toMatchObject({ more: false, count: 3 });
      expect(await keysOf(at, { ...within, limit: 2 })).toEqual(["a", "b"]);
    });

    test("a limit applies after sorting", async () => {
      const { at, end } = await stored("a", "b", "c");
      const request = { key: at, range_end: end, limit: 2, sort_order: "DESCEND" } as const;
      expect(await keysOf(at, request)).toEqual(["c", "b"]);
      expect(await range(request)).toMatchObject({ more: true, count: 3 });
    });

    test("count_only sends no pairs and no more", async () => {
      const { at, end } = await stored("a", "b", "c");
      const answer = await range({ key: at, range_end: end, count_only: true, limit: 1 });
      expect(answer).toMatchObject({ kvs: [], more: false, count: 3 });
    });

    test("keys_only empties the values and keeps all else", async () => {
      const { ID: lease } = await clients.call("Lease.LeaseGrant", { TTL: 100 });
      const key = `${server.prefix("range")}k`;
      const { header } = await clients.call("KV.Put", { key, value: "v", lease });
      const { kvs } = await range({ key, keys_only: true });
      const revision = header.revision;
      expect(kvs).toEqual([
        { key, value: "", create_revision: revision, mod_revision: revision, version: 1, lease },
      ]);
    });
  });

  describe("sorting", () => {
    // Creation b a c, last change a c b, versions b3 a2 c2, values b3 c7 a8.
    async function sortable() {
      const at = server.prefix("sort");
      for (const [key, value] of ["b1", "a9", "c5", "b2", "a8", "c7", "b3"]) {
        await put(at + key, value ?? "");
      }
      return { at, key: at, range_end: prefixEnd(at) };
    }

    test.each([
      { sort_target: "KEY", keys: ["a", "b", "c"] },
      { sort_target: "CREATE", keys: ["b", "a", "c"] },
      { sort_target: "MOD", keys: ["a", "c", "b"] },
      { sort_target: "VALUE", keys: ["b", "c", "a"] },
    ] as const)(
      "by $sort_target ascends by default, and descends",
      async ({ sort_target, keys }) => {
        const { at, ...within } = await sortable();
        const sorted = (sort_order: "NONE" | "ASCEND" | "DESCEND") =>
          keysOf(at, { ...within, sort_target, sort_order });
        expect(await sorted("NONE")).toEqual(keys);
        expect(await sorted("ASCEND")).toEqual(keys);
        expect(await sorted("DESCEND")).toEqual(keys.toReversed());
      },
    );

    test("by VERSION puts the most written last", async () => {
      const { at, ...within } = await sortable();
      expect((await keysOf(at, { ...within, sort_target: "VERSION" })).at(-1)).toBe("b");
      const descending = { ...within, sort_target: "VERSION", sort_order: "DESCEND" } as const;
      expect((await keysOf(at, descending)).at(0)).toBe("b");
    });

    // Not sent to a server that does not refuse it: etcd 3.4.23 panics on an unknown target.
    const { refusesUnknownSort } = versionOf[server.kind];
    test.runIf(refusesUnknownSort).each([{ sort_order: 7 }, { sort_target: 9 }])(
      "refuses the unknown option %o",
      async (option) => {
        const { at: _, ...within } = await sortable();
        expect(await refusalOf(range({ ...within, ...option }))).toEqual({
          code: "INVALID_ARGUMENT",
          text: "etcdserver: invalid sort option",
        });
      },
    );
  });

  describe("revision filters", () => {
    test("leave pairs out but not out of the count", async () => {
      const { at, end, first } = await stored("a", "b", "c", "d");
      await put(`${at}a`, "again"); // a: created at first, modified at first + 4
      const within = { key: at, range_end: end };
      const filtered = (filter: RangeRequest) => keysOf(at, { ...within, ...filter });
      expect(await filtered({ min_mod_revision: first + 2 })).toEqual(["a", "c", "d"]);
      expect(await filtered({ max_mod_revision: first + 2 })).toEqual(["b", "c"]);
      expect(await filtered({ min_create_revision: first + 2 })).toEqual(["c", "d"]);
      expect(await filtered({ max_create_revision: first + 1 })).toEqual(["a", "b"]);
      expect(await range({ ...within, min_mod_revision: first + 2 })).toMatchObject({ count: 4 });
    });

    test("apply before the limit", async () => {
      const { at, end, first } = await stored("a", "b", "c", "d");
      const request = { key: at, range_end: end, min_mod_revision: first + 1 };
      expect(await keysOf(at, { ...request, limit: 2 })).toEqual(["b", "c"]);
      expect(await range({ ...request, limit: 2 })).toMatchObject({ more: true, count: 4 });
      expect(await range({ ...request, limit: 3 })).toMatchObject({ more: false, count: 4 });
    });
  });

  describe("revision", () => {
    test("reads the past whole; the header tells the present", async () => {
      const { at, end, first } = await stored("a", "b");
      await put(`${at}a`, "changed");
      await clients.call("KV.DeleteRange", { key: `${at}b` });
      const past = await range({ key: at, range_end: end, revision: first + 1 });
      expect(past.kvs.map((kv) => kv.value)).toEqual(["a", "b"]);
      expect(past.count).toBe(2);
      expect(past.header.revision).toBe(first + 3);
      expect(await keysOf(at, { key: at, range_end: end, revision: first })).toEqual(["a"]);
      expect(await keysOf(at, { key: at, range_end: end, revision: first - 1 })).toEqual([]);
      expect(await keysOf(at, { key: at, range_end: end })).toEqual(["a"]);
    });

    test("at or below 0 reads the present", async () => {
      const { at } = await stored("a");
      for (const revision of [0, -1, -5]) {
        expect(await keysOf(at, { key: `${at}a`, revision })).toEqual(["a"]);
      }
    });

    test("in the future is refused", async () => {
      const { header } = await range({ key: "k" });
      const future = { key: "k", revision: header.revision + 1 };
      expect(await refusalOf(range(future))).toEqual({
        code: "OUT_OF_RANGE",
        text: "etcdserver: mvcc: required revision is a future revision",
      });
    });

    test("below the compact revision is refused; the compact revision itself is read", async () => {
      const { at, first } = await stored("a", "b", "c");
      await clients.call("KV.Compact", { revision: first + 1 });
      expect(await refusalOf(range({ key: `${at}a`, revision: first }))).toEqual({
        code: "OUT_OF_RANGE",
        text: "etcdserver: mvcc: required revision has been compacted",
      });
      expect(await keysOf(at, { key: `${at}a`, revision: first + 1 })).toEqual(["a"]);
    });

    test("a key deleted before the compact revision is gone from it", async () => {
      const { at, first } = await stored("a");
      await clients.call("KV.DeleteRange", { key: `${at}a` });
      await put(`${at}b`, "b");
      await clients.call("KV.Compact", { revision: first + 2, physical: true });
      expect(await keysOf(at, { key: at, range_end: prefixEnd(at), revision: first + 2 })).toEqual([
        "b",
      ]);
    });
  });

  test("serializable reads are answered by the member itself, at its own revision", async () => {
    const { at, first } = await stored("a");
    for (const client of clients.all()) {
      await expect
        .poll(() => client.call("KV.Range", { key: `${at}a`, serializable: true }))
        .toMatchObject({ kvs: [{ value: "a" }], header: { revision: first } });
    }
  });
});
