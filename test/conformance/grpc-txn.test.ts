import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import type { RequestOp, TxnRequest } from "../support/etcd-messages.ts";
import { MemberClients, prefixEnd } from "../support/member-clients.ts";
import { refusalOf } from "../support/raw-client.ts";
import { deleteOp, putOp, rangeOp, txnOp } from "../support/txn-ops.ts";
import { versionOf } from "./versions.ts";

describeEachServer("gRPC Txn", (server) => {
  const clients = new MemberClients(server);
  const txn = (request: TxnRequest) => clients.call("KV.Txn", request);
  const put = (key: string, value = "v") => clients.call("KV.Put", { key, value });
  const get = async (key: string) => (await clients.call("KV.Range", { key })).kvs[0];

  describe("execution", () => {
    test("answers in order; a range sees the writes before it, not those after", async () => {
      const at = server.prefix("txn");
      const end = prefixEnd(at);
      await put(`${at}a`, "old");
      const { succeeded, responses, header } = await txn({
        success: [
          rangeOp(at, end),
          putOp(`${at}b`, "new"),
          rangeOp(at, end),
          deleteOp(`${at}a`),
          rangeOp(at, end),
        ],
      });
      expect(succeeded).toBe(true);
      const seen = responses.map((response) => response.response_range?.kvs.map((kv) => kv.value));
      expect(seen).toEqual([["old"], undefined, ["old", "new"], undefined, ["new"]]);
      expect(responses[3]?.response_delete_range?.deleted).toBe(1);
      expect(await get(`${at}b`)).toMatchObject({ mod_revision: header.revision });
    });

    test("makes one revision for all its writes, and none if nothing changed", async () => {
      const at = server.prefix("txn");
      const before = await clients.revision();
      const wrote = await txn({ success: [putOp(`${at}a`), putOp(`${at}b`)] });
      expect(wrote.header.revision).toBe(before + 1);
      for (const request of [
        { success: [rangeOp(`${at}a`)] },
        { success: [deleteOp(`${at}absent`)] },
        { compare: [{ key: at, version: 9 }], success: [putOp(`${at}a`)] },
      ]) {
        expect((await txn(request)).header.revision).toBe(before + 1);
      }
      expect(await clients.revision()).toBe(before + 1);
    });

    test("of nothing succeeds", async () => {
      expect(await txn({})).toMatchObject({ succeeded: true, responses: [] });
    });

    test("inner answers carry the revision and no ids", async () => {
      const key = `${server.prefix("txn")}k`;
      const { header, responses } = await txn({
        success: [putOp(key), rangeOp(key), deleteOp(`${key}absent`)],
      });
      const inner = { cluster_id: 0n, member_id: 0n, raft_term: 0, revision: header.revision };
      expect(responses[0]?.response_put?.header).toEqual(inner);
      expect(responses[1]?.response_range?.header).toEqual(inner);
      expect(responses[2]?.response_delete_range?.header).toEqual(inner);
    });

    test("every compare, nested ones too, is judged on the state before", async () => {
      const key = `${server.prefix("txn")}k`;
      const isNew = { key, target: "VERSION", version: 0 } as const;
      const { responses } = await txn({
        compare: [isNew],
        success: [
          putOp(`${key}1`),
          putOp(key),
          txnOp({ compare: [isNew], success: [putOp(`${key}2`)], failure: [putOp(`${key}3`)] }),
        ],
      });
      expect(responses[2]?.response_txn?.succeeded).toBe(true);
      expect(await get(`${key}2`)).toBeDefined();
      expect(await get(`${key}3`)).toBeUndefined();
    });

    test("a nested answer has an empty header, and its own branch", async () => {
      const key = `${server.prefix("txn")}k`;
      const { header, responses } = await txn({
        success: [
          txnOp({
            compare: [{ key, target: "VERSION", version: 9 }],
            success: [putOp(`${key}wrong`)],
            failure: [putOp(key, "nested"), rangeOp(key)],
          }),
        ],
      });
      const nested = responses[0]?.response_txn;
      expect(nested).toMatchObject({
        succeeded: false,
        header: { cluster_id: 0n, member_id: 0n, revision: 0, raft_term: 0 },
      });
      expect(nested?.responses[1]?.response_range?.kvs).toMatchObject([
        { value: "nested", mod_revision: header.revision },
      ]);
    });

    test("delete and delete of one key is fine; the second finds nothing", async () => {
      const key = `${server.prefix("txn")}k`;
      await put(key);
      const { responses } = await txn({ success: [deleteOp(key), deleteOp(key)] });
      const deleted = responses.map((response) => response.response_delete_range?.deleted);
      expect(deleted).toEqual([1, 0]);
    });

    test("prev_kv inside answers with the pair before", async () => {
      const key = `${server.prefix("txn")}k`;
      await put(key, "old");
      const { responses } = await txn({
        success: [{ request_put: { key, value: "new", prev_kv: true } }],
      });
      expect(responses[0]?.response_put?.prev_kv).toMatchObject({ value: "old" });
      const removed = await txn({ success: [{ request_delete_range: { key, prev_kv: true } }] });
      expect(removed.responses[0]?.response_delete_range?.prev_kvs).toMatchObject([
        { value: "new" },
      ]);
    });

    test("a range of an older revision inside reads the past", async () => {
      const key = `${server.prefix("txn")}k`;
      const { revision } = (await put(key, "old")).header;
      const { responses } = await txn({
        success: [putOp(key, "new"), { request_range: { key, revision } }],
      });
      expect(responses[1]?.response_range?.kvs).toMatchObject([{ value: "old" }]);
    });
  });

  describe("duplicate keys", () => {
    const k = "dup/k";
    const refused: { why: string; success: RequestOp[] }[] = [
      { why: "put, put", success: [putOp(k), putOp(k)] },
      { why: "put, delete", success: [putOp(k), deleteOp(k)] },
      { why: "delete, put", success: [deleteOp(k), putOp(k)] },
      { why: "delete of a range around the put", success: [deleteOp("dup/", "dup0"), putOp(k)] },
      { why: "put, nested put", success: [putOp(k), txnOp({ success: [putOp(k)] })] },
      { why: "put, put in a nested else", success: [putOp(k), txnOp({ failure: [putOp(k)] })] },
      { why: "nested put, delete", success: [txnOp({ success: [putOp(k)] }), deleteOp(k)] },
      { why: "nested delete, put", success: [txnOp({ failure: [deleteOp(k)] }), putOp(k)] },
      {
        why: "puts in two nested txns",
        success: [txnOp({ success: [putOp(k)] }), txnOp({ failure: [putOp(k)] })],
      },
    ];
    test.each(refused)("$why is refused in either branch", async ({ success }) => {
      for (const request of [{ success }, { failure: success }]) {
        const before = await clients.revision();
        expect(await refusalOf(txn(request))).toEqual({
          code: "INVALID_ARGUMENT",
          text: "etcdserver: duplicate key given in txn request",
        });
        expect(await clients.revision()).toBe(before);
      }
    });

    test.each([
      { why: "one put in each branch", request: { success: [putOp(k)], failure: [putOp(k)] } },
      {
        why: "one put in each branch of a nested txn",
        request: { success: [txnOp({ success: [putOp(k)], failure: [putOp(k)] })] },
      },
      { why: "a range and a put", request: { success: [rangeOp(k), putOp(k)] } },
      {
        why: "deletes that overlap",
        request: { success: [deleteOp("dup/", "dup0"), deleteOp(k)] },
      },
      {
        why: "a put at the open end of a deleted range",
        request: { success: [deleteOp("dup/a", k), putOp(k)] },
      },
    ])("$why is fine", async ({ request }) => {
      expect((await txn(request)).succeeded).toBe(true);
    });

    test("a delete with end \\0 is not seen to overlap", async () => {
      const at = server.prefix("zz");
      const { responses } = await txn({ success: [deleteOp(`${at}a`, "\x00"), putOp(`${at}b`)] });
      expect(responses).toHaveLength(2);
    });
  });

  describe("the number of operations", () => {
    const many = (count: number, at: string) =>
      Array.from({ length: count }, (_, index) => putOp(`${at}${index}`));
    const tooMany = {
      code: "INVALID_ARGUMENT",
      text: "etcdserver: too many operations in txn request",
    };

    test("is the largest of the three lists: 128 pass, 129 do not", async () => {
      const at = server.prefix("many");
      const compare = Array.from({ length: 128 }, () => ({ key: at, version: 0 }));
      const ops = many(128, at);
      expect((await txn({ compare, success: ops, failure: ops })).responses).toHaveLength(128);
      const over = many(129, at);
      expect(await refusalOf(txn({ success: over }))).toEqual(tooMany);
      expect(await refusalOf(txn({ failure: over }))).toEqual(tooMany);
      expect(await refusalOf(txn({ compare: [...compare, { key: at }] }))).toEqual(tooMany);
    });

    test("leaves a nested transaction what is left over", async () => {
      const at = server.prefix("many");
      const outer = (count: number, nested: number) =>
        txn({ success: [...many(count - 1, at), txnOp({ success: many(nested, `${at}n`) })] });
      expect((await outer(100, 28)).succeeded).toBe(true);
      expect(await refusalOf(outer(100, 29))).toEqual(tooMany);
    });
  });

  describe("refusals leave nothing behind", () => {
    const cases: { why: string; op: RequestOp; code: string; text: string }[] = [
      { why: "an empty operation", op: {}, code: "INVALID_ARGUMENT", text: "key not found" },
      {
        why: "a put without key",
        op: putOp(""),
        code: "INVALID_ARGUMENT",
        text: "key is not provided",
      },
      {
        why: "a range without key",
        op: rangeOp(""),
        code: "INVALID_ARGUMENT",
        text: "key is not provided",
      },
      {
        why: "a delete without key",
        op: deleteOp(""),
        code: "INVALID_ARGUMENT",
        text: "key is not provided",
      },
      {
        why: "a compare without key in a nested txn",
        op: txnOp({ compare: [{}] }),
        code: "INVALID_ARGUMENT",
        text: "key is not provided",
      },
      {
        why: "a lease nobody has",
        op: { request_put: { key: "k", lease: 0x7abcn } },
        code: "NOT_FOUND",
        text: "requested lease not found",
      },
      {
        why: "ignore_value on an absent key",
        op: { request_put: { key: "absent", ignore_value: true } },
        code: "INVALID_ARGUMENT",
        text: "key not found",
      },
      {
        why: "ignore_value with a value",
        op: { request_put: { key: "k", value: "v", ignore_value: true } },
        code: "INVALID_ARGUMENT",
        text: "value is provided",
      },
    ];
    const badRanges: typeof cases = [
      {
        why: "a future revision",
        op: { request_range: { key: "k", revision: 1_000_000 } },
        code: "OUT_OF_RANGE",
        text: "mvcc: required revision is a future revision",
      },
      {
        why: "a negative revision, unlike in a plain range",
        op: { request_range: { key: "k", revision: -5 } },
        code: "OUT_OF_RANGE",
        text: "mvcc: required revision has been compacted",
      },
    ];
    // Not sent where it would do harm: members of etcd before 3.7 that did not take the request
    // themselves leave its ranges out, find nothing wrong, and apply the puts.
    const harmless = server.size === 1 || !versionOf[server.kind].divergesOnRefusedRange;
    test.each(harmless ? [...cases, ...badRanges] : cases)("$why", async ({ op, code, text }) => {
      const key = `${server.prefix("refused")}k`;
      const before = await clients.revision();
      for (const success of [
        [putOp(key), op],
        [putOp(key), txnOp({ success: [op] })],
      ]) {
        expect(await refusalOf(txn({ success }))).toEqual({ code, text: `etcdserver: ${text}` });
      }
      expect(await clients.revision()).toBe(before);
      expect(await get(key)).toBeUndefined();
    });

    test("a compare without key", async () => {
      expect(await refusalOf(txn({ compare: [{}] }))).toEqual({
        code: "INVALID_ARGUMENT",
        text: "etcdserver: key is not provided",
      });
    });

    test("what is wrong in the branch not taken is refused by its form, not by the state", async () => {
      const key = `${server.prefix("refused")}k`;
      const byForm = { success: [putOp(key)], failure: [putOp("")] };
      expect(await refusalOf(txn(byForm))).toMatchObject({
        text: "etcdserver: key is not provided",
      });
      const failure = [{ request_put: { key: "k", lease: 0x7abcn } }];
      expect((await txn({ success: [putOp(key)], failure })).succeeded).toBe(true);
    });
  });
});
