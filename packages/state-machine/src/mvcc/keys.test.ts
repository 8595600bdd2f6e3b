import { SortOrder, SortTarget } from "@conclave/wire";
import { describe, expect, test } from "vitest";
import { kvsOf, Member, text } from "../testing.ts";

// wire.md 3.1
describe("revisions", () => {
  test("a store begins at revision 1, and every write that changes something adds one", () => {
    const member = new Member();
    expect(member.machine.revision).toBe(1);
    expect(member.put("a", "1").revision).toBe(2);
    expect(member.put("a", "1").revision).toBe(3);
    expect(member.delete("a").revision).toBe(4);
  });

  test("a delete that matches nothing adds no revision, and its header keeps the old one", () => {
    const member = new Member();
    member.put("a");
    expect(member.delete("b")).toMatchObject({ revision: 2, deleted: 0 });
    expect(member.delete("a", "a")).toMatchObject({ revision: 2, deleted: 0 });
  });

  test("a key made anew after a delete has version 1 and a new create revision", () => {
    const member = new Member();
    member.put("a", "1");
    member.put("a", "2");
    expect(member.kv("a")).toMatchObject({ createRevision: 2, modRevision: 3, version: 2 });
    member.delete("a");
    member.put("a", "3");
    expect(member.kv("a")).toMatchObject({ createRevision: 5, modRevision: 5, version: 1 });
    expect(member.kv("a", { revision: 3 })).toMatchObject({ createRevision: 2, version: 2 });
    expect(member.kv("a", { revision: 4 })).toBeUndefined();
  });

  test("put and delete give the pair before if asked for", () => {
    const member = new Member();
    expect(member.put("a", "1", { prevKv: true })).toMatchObject({ prevKv: null });
    const put = member.put("a", "2", { prevKv: true });
    expect(put.kind === "put" && put.prevKv !== null).toBe(true);
    member.put("b", "3");
    const deleted = member.delete("a", "z", { prevKv: true });
    expect(deleted).toMatchObject({ deleted: 2 });
    expect(deleted.kind === "delete-range" && deleted.prevKvs).toHaveLength(2);
  });

  test("ignore_value and ignore_lease keep what is there, and need a key that exists", () => {
    const member = new Member();
    member.grant(7n);
    const refused = { kind: "refused", refusal: "keyNotFound" };
    expect(member.put("a", "", { ignoreValue: true })).toMatchObject(refused);
    expect(member.put("a", "x", { ignoreLease: true })).toMatchObject(refused);
    member.put("a", "1", { lease: 7n });
    member.put("a", "2", { ignoreLease: true });
    expect(member.kv("a")).toMatchObject({ lease: 7n, version: 2 });
    member.put("a", "", { ignoreValue: true });
    const kv = member.kv("a")!;
    expect([text(kv.value), kv.lease]).toEqual(["2", 0n]);
  });

  // E5 #17780: the revision was derived from the keys that survived.
  test("the revision after a restart is the one persisted, whatever records survive", () => {
    const member = new Member();
    member.put("a");
    member.delete("a");
    member.compact(3);
    member.sweep();
    for (const [key] of [...member.store.entries("k")]) member.store.delete(key);
    member.store.seal();
    member.restart();
    expect(member.machine.revision).toBe(3);
    expect(member.put("b").revision).toBe(4);
  });
});

// wire.md 3.2
describe("range", () => {
  const filled = () => {
    const member = new Member();
    for (const key of ["a", "b", "c", "d", "e"]) member.put(key, `${key}1`);
    member.put("b", "0");
    member.put("b", "2");
    return member;
  };

  test.each([
    { why: "no end: the key alone", key: "b", end: "", keys: "b" },
    { why: "half-open", key: "b", end: "d", keys: "bc" },
    { why: "end \\0: from the key on", key: "c", end: "\0", keys: "cde" },
    { why: "key and end \\0: everything", key: "\0", end: "\0", keys: "abcde" },
    { why: "end before the key: empty, no error", key: "d", end: "b", keys: "" },
    { why: "end at the key: empty, no error", key: "d", end: "d", keys: "" },
  ])("$why", ({ key, end, keys }) => {
    const result = filled().range(key, end);
    expect(
      kvsOf(result)
        .map((kv) => text(kv.key))
        .join(""),
    ).toBe(keys);
  });

  test.each([
    { revision: 8, refusal: null },
    { revision: 9, refusal: "futureRevision" },
    { revision: 4, refusal: null },
    { revision: 3, refusal: "compacted" },
    { revision: -5, refusal: null },
  ])(
    "reading at revision $revision after compaction at 4 of 8: $refusal",
    ({ revision, refusal }) => {
      const member = filled();
      member.compact(4);
      const result = member.range("a", "z", { revision });
      expect(result.kind === "refused" ? result.refusal : null).toBe(refusal);
    },
  );

  test("the header's revision is the store's, not the one asked for", () => {
    expect(filled().range("a", "", { revision: 2 }).revision).toBe(8);
  });

  // etcd #11990: count that stopped at the limit broke Kubernetes.
  test("count is of all keys of the range, whatever limit and bounds say; more says the limit cut", () => {
    const member = filled();
    expect(member.range("a", "z", { limit: 2 })).toMatchObject({ count: 5, more: true });
    expect(member.range("a", "z", { limit: 5 })).toMatchObject({ count: 5, more: false });
    const bounded = member.range("a", "z", { limit: 1, minModRevision: 5 });
    expect(bounded).toMatchObject({ count: 5, more: true });
    expect(kvsOf(bounded).map((kv) => text(kv.key))).toEqual(["b"]);
    expect(member.range("a", "z", { countOnly: true, limit: 1 })).toMatchObject({
      count: 5,
      more: false,
      kvs: [],
    });
  });

  test("keys_only gives no value but the lease, also of old revisions", () => {
    const member = new Member();
    member.grant(9n);
    member.put("a", "1", { lease: 9n });
    member.put("a", "2");
    expect(member.kv("a", { keysOnly: true })).toMatchObject({ version: 2, lease: 0n });
    const old = member.kv("a", { keysOnly: true, revision: 2 })!;
    expect([old.value.length, old.lease]).toEqual([0, 9n]);
  });

  test("count_only and keys_only read no value", () => {
    const member = new Member({ valueCacheBytesMax: 0 });
    for (let i = 0; i < 10; i += 1) member.put(`k${i}`, "v");
    member.store.get = () => {
      throw new Error("a value was read");
    };
    expect(member.range("k", "l", { countOnly: true })).toMatchObject({ count: 10 });
    expect(kvsOf(member.range("k", "l", { keysOnly: true }))).toHaveLength(10);
    expect(() => member.range("k", "l")).toThrow("a value was read");
  });

  const { KEY, VERSION, CREATE, MOD, VALUE } = SortTarget;
  const { NONE, ASCEND, DESCEND } = SortOrder;
  test.each([
    { sortTarget: KEY, sortOrder: DESCEND, limit: 2, keys: "ed" },
    { sortTarget: VERSION, sortOrder: DESCEND, limit: 1, keys: "b" },
    { sortTarget: CREATE, sortOrder: DESCEND, limit: 0, keys: "edcba" },
    { sortTarget: MOD, sortOrder: ASCEND, limit: 0, keys: "acdeb" },
    { sortTarget: VALUE, sortOrder: ASCEND, limit: 0, keys: "bacde" },
    { sortTarget: VALUE, sortOrder: NONE, limit: 0, keys: "bacde" },
    // etcd lets the limit through in key order first if the order is left open.
    { sortTarget: MOD, sortOrder: NONE, limit: 2, keys: "ac" },
  ])("sorted by target $sortTarget, order $sortOrder, limit $limit: $keys", (sorted) => {
    const { keys, ...more } = sorted;
    expect(
      kvsOf(filled().range("a", "z", more))
        .map((kv) => text(kv.key))
        .join(""),
    ).toBe(keys);
  });
});
