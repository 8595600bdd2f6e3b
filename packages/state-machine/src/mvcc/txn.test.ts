import {
  type CompareInit,
  CompareResult,
  CompareTarget,
  type RequestOpInit,
  TxnRequest,
  type TxnRequestInit,
} from "@conclave/wire";
import { describe, expect, test } from "vitest";
import { CommandBatch, CommandKind } from "../command.ts";
import { bytes, Member } from "../testing.ts";
import { checkTxnRequest, isTxnReadOnly, isTxnSerializable } from "./txn-check.ts";

const put = (key: string, value = "", more = {}): RequestOpInit => ({
  requestPut: { key: bytes(key), value: bytes(value), ...more },
});
const get = (key: string, more = {}): RequestOpInit => ({
  requestRange: { key: bytes(key), ...more },
});
const del = (key: string, end = ""): RequestOpInit => ({
  requestDeleteRange: { key: bytes(key), rangeEnd: bytes(end) },
});
const nested = (request: TxnRequestInit): RequestOpInit => ({ requestTxn: request });
const success = (...ops: RequestOpInit[]): TxnRequestInit => ({ success: ops });

// wire.md 3.3
describe("compare", () => {
  const { EQUAL, NOT_EQUAL, GREATER, LESS } = CompareResult;
  const { VERSION, CREATE, MOD, VALUE, LEASE } = CompareTarget;
  test.each<{ why: string; key: string; compare: CompareInit; holds: boolean }>([
    { why: "version", key: "a", compare: { target: VERSION, version: 2 }, holds: true },
    {
      why: "value bytes",
      key: "a",
      compare: { target: VALUE, result: GREATER, value: bytes("1") },
      holds: true,
    },
    {
      why: "value below",
      key: "a",
      compare: { target: VALUE, result: LESS, value: bytes("2") },
      holds: false,
    },
    { why: "lease", key: "b", compare: { target: LEASE, lease: 5n }, holds: true },
    { why: "no lease", key: "a", compare: { target: LEASE, lease: 0n }, holds: true },
    {
      why: "an unset union is 0",
      key: "a",
      compare: { target: MOD, result: GREATER },
      holds: true,
    },
    {
      why: "a union of another target is 0",
      key: "a",
      compare: { target: MOD, version: 9, result: GREATER },
      holds: true,
    },
    {
      why: "an absent key was created at 0",
      key: "x",
      compare: { target: CREATE, createRevision: 0 },
      holds: true,
    },
    {
      why: "an absent key has no lease",
      key: "x",
      compare: { target: LEASE, lease: 0n },
      holds: true,
    },
    {
      why: "an absent value equals nothing",
      key: "x",
      compare: { target: VALUE, value: bytes("") },
      holds: false,
    },
    {
      why: "an absent value differs from nothing",
      key: "x",
      compare: { target: VALUE, result: NOT_EQUAL, value: bytes("y") },
      holds: false,
    },
    {
      why: "all keys of a range",
      key: "a",
      compare: { rangeEnd: bytes("c"), target: CREATE, result: GREATER, createRevision: 1 },
      holds: true,
    },
    {
      why: "not all keys of a range",
      key: "a",
      compare: { rangeEnd: bytes("c"), target: VERSION, result: EQUAL, version: 2 },
      holds: false,
    },
    {
      why: "an empty range is an absent key",
      key: "x",
      compare: { rangeEnd: bytes("z"), target: VERSION, version: 0 },
      holds: true,
    },
  ])("$why", ({ key, compare, holds }) => {
    const member = new Member();
    member.grant(5n);
    member.put("a", "1");
    member.put("a", "2");
    member.put("b", "3", { lease: 5n });
    const result = member.txn({ compare: [{ key: bytes(key), ...compare }] });
    expect(result).toMatchObject({ kind: "txn", succeeded: holds, revision: 4 });
  });
});

describe("evaluation", () => {
  test("all compares, nested ones too, are judged on the state before; ranges see earlier writes", () => {
    const member = new Member();
    const absent: CompareInit = { key: bytes("a"), target: CompareTarget.VERSION, version: 0 };
    const result = member.txn({
      compare: [absent],
      success: [put("a", "1"), get("a"), nested({ compare: [absent], success: [put("b", "2")] })],
    });
    expect(result).toMatchObject({
      succeeded: true,
      revision: 2,
      responses: [
        { responsePut: { header: { revision: 2 } } },
        { responseRange: { header: { revision: 2 }, count: 1 } },
        { responseTxn: { header: {}, succeeded: true } },
      ],
    });
    expect(member.pairs("a", "z")).toEqual(["a=1", "b=2"]);
  });

  test("an inner header has the revision as it is then: before the first write that of the store", () => {
    const member = new Member();
    const result = member.txn(success(get("a"), del("nothing"), put("a"), get("a")));
    expect(result).toMatchObject({
      responses: [
        { responseRange: { header: { revision: 1 } } },
        { responseDeleteRange: { header: { revision: 1 }, deleted: 0 } },
        { responsePut: { header: { revision: 2 } } },
        { responseRange: { header: { revision: 2 } } },
      ],
    });
  });

  test("an empty transaction, and a branch that only reads, add no revision", () => {
    const member = new Member();
    expect(member.txn({})).toMatchObject({ succeeded: true, revision: 1, responses: [] });
    expect(member.txn(success(get("a")))).toMatchObject({ revision: 1 });
  });

  // As etcd 3.4 does (apply.go, checkRequests); shown by comparing random requests with it.
  test("a put that misses its key and its lease refuses for the key, and before any range does", () => {
    const both = put("b", "", { ignoreValue: true, lease: 9n });
    expect(new Member().txn(success(get("a", { revision: 9 }), both))).toMatchObject({
      refusal: "keyNotFound",
    });
    expect(new Member().put("b", "", { ignoreValue: true, lease: 9n })).toMatchObject({
      refusal: "leaseNotFound",
    });
  });

  test.each([
    { why: "an unknown lease", op: put("b", "", { lease: 9n }), refusal: "leaseNotFound" },
    {
      why: "ignore_value on an absent key",
      op: put("b", "", { ignoreValue: true }),
      refusal: "keyNotFound",
    },
    { why: "a range in the future", op: get("a", { revision: 9 }), refusal: "futureRevision" },
    { why: "a range compacted away", op: get("a", { revision: 1 }), refusal: "compacted" },
    {
      why: "a range at a negative revision, unlike a plain one",
      op: get("a", { revision: -5 }),
      refusal: "compacted",
    },
  ])("$why refuses the whole transaction before anything is written", ({ op, refusal }) => {
    const member = new Member();
    member.put("z");
    member.compact(2);
    const request = success(put("a", "1"), nested(success(op)));
    expect(member.txn(request)).toMatchObject({ kind: "refused", refusal });
    expect(member.pairs("a")).toEqual([]);
    expect(member.machine.revision).toBe(2);
  });

  // E13 #18667: members that did not hold the client dropped reads, and only one of them failed the transaction.
  test.each([
    { what: "a revision that is there", revision: 1, isWritten: true },
    { what: "a revision to come, and is refused", revision: 9, isWritten: false },
  ])(
    "a member where nobody waits computes the same state, if the transaction reads $what",
    (read) => {
      const { revision, isWritten } = read;
      const [waiting, other] = [new Member(), new Member()];
      const batch = new CommandBatch(1_000);
      const request = success(put("a", "1"), get("a", { revision }));
      batch.append(CommandKind.TXN, 1, 1, TxnRequest.encode(request));
      const data = batch.take();
      for (const { machine } of [waiting, other]) {
        const isWaiting = machine === waiting.machine;
        const observer = { onResult: () => {}, wantsResults: () => isWaiting };
        machine.apply({ index: 1, term: 1, data }, observer);
      }
      expect(waiting.pairs("a")).toHaveLength(isWritten ? 1 : 0);
      expect(other.machine.stateHash()).toBe(waiting.machine.stateHash());
    },
  );

  test("a key deleted and put again by one transaction is new; its history has both", () => {
    const member = new Member();
    member.put("a", "1");
    const stream = member.openStream();
    stream.create("a", "", { prevKv: true });
    member.txn(success(del("a", "\0"), put("a", "2")));
    expect(member.kv("a")).toMatchObject({ createRevision: 3, modRevision: 3, version: 1 });
    expect(stream.story()).toEqual(["#0 @2 created", "#0 @3 [3 -a was 1] [3 a=2]"]);
    stream.create("a", "", { startRevision: 3, prevKv: true });
    expect(stream.story()).toEqual(["#1 @3 created", "#1 @3 [3 -a was 1] [3 a=2]"]);
    member.restart();
    expect(member.pairs("a")).toEqual(["a=2"]);
    expect(member.pairs("a", "", { revision: 2 })).toEqual(["a=1"]);
  });
});

describe("checks before proposing", () => {
  const check = (request: TxnRequestInit, opsMax = 128) =>
    checkTxnRequest(TxnRequest.create(request), opsMax);

  test.each<{ why: string; request: TxnRequestInit; refusal: string | null }>([
    { why: "two puts of one key", request: success(put("a"), put("a")), refusal: "duplicateKey" },
    {
      why: "a put under a delete",
      request: success(put("b"), del("a", "c")),
      refusal: "duplicateKey",
    },
    { why: "a put beside a delete", request: success(put("c"), del("a", "c")), refusal: null },
    {
      why: "two deletes of one range",
      request: success(del("a", "c"), del("b", "d")),
      refusal: null,
    },
    {
      why: "then and else of one nested transaction may share keys",
      request: success(nested({ success: [put("a")], failure: [put("a")] })),
      refusal: null,
    },
    {
      why: "two nested transactions may not",
      request: success(nested(success(put("a"))), nested({ failure: [put("a")] })),
      refusal: "duplicateKey",
    },
    {
      why: "a nested put and one above it",
      request: success(nested({ failure: [put("a")] }), put("a")),
      refusal: "duplicateKey",
    },
    {
      why: "a nested put under a delete above it",
      request: success(del("a"), nested(success(put("a")))),
      refusal: "duplicateKey",
    },
    {
      why: "a nested delete over a put above it",
      request: success(put("a"), nested(success(del("a")))),
      refusal: "duplicateKey",
    },
    {
      why: "a nested put, then a nested delete over it (etcd's gap)",
      request: success(nested(success(put("a"))), nested(success(del("a")))),
      refusal: null,
    },
    {
      why: "a nested delete, then a nested put under it",
      request: success(nested(success(del("a"))), nested(success(put("a")))),
      refusal: "duplicateKey",
    },
    {
      why: "a delete from key on is not seen as overlapping (etcd's gap)",
      request: success(del("a", "\0"), put("b")),
      refusal: null,
    },
    {
      why: "the failure branch is checked too",
      request: { failure: [put("a"), put("a")] },
      refusal: "duplicateKey",
    },
    { why: "an operation without content", request: { success: [{}] }, refusal: "keyNotFound" },
    { why: "a put without key", request: success(put("")), refusal: "keyNotProvided" },
    { why: "a compare without key", request: { compare: [{}] }, refusal: "keyNotProvided" },
    {
      why: "ignore_value with a value",
      request: success(put("a", "1", { ignoreValue: true })),
      refusal: "valueProvided",
    },
    {
      why: "ignore_lease with a lease",
      request: success(put("a", "", { ignoreLease: true, lease: 1n })),
      refusal: "leaseProvided",
    },
    {
      why: "a sort order nobody knows",
      request: success(get("a", { sortOrder: 7 })),
      refusal: "invalidSortOption",
    },
  ])("$why: $refusal", ({ request, refusal }) => {
    expect(check(request)).toBe(refusal);
  });

  test("a branch has at most so many operations, and a nested transaction what its parent leaves", () => {
    const puts = (count: number, prefix: string) =>
      Array.from({ length: count }, (_, i) => put(`${prefix}${i}`));
    expect(check({ success: puts(5, "a") }, 4)).toBe("tooManyOps");
    expect(check({ compare: [{ key: bytes("a") }], success: puts(4, "a") }, 4)).toBeNull();
    const withNested = (count: number) =>
      success(...puts(2, "a"), nested(success(...puts(count, "b"))));
    expect(check(withNested(7), 10)).toBeNull();
    expect(check(withNested(8), 10)).toBe("tooManyOps");
  });

  test("read-only means ranges alone; without any operation it may even be answered locally", () => {
    const of = (request: TxnRequestInit) => TxnRequest.create(request);
    expect(isTxnReadOnly(of(success(get("a"))))).toBe(true);
    expect(isTxnReadOnly(of(success(nested(success(get("a"))))))).toBe(false);
    expect(isTxnReadOnly(of({ failure: [del("a")] }))).toBe(false);
    expect(isTxnSerializable(of(success(get("a"))))).toBe(false);
    expect(isTxnSerializable(of(success(get("a", { serializable: true }))))).toBe(true);
    expect(isTxnSerializable(of({}))).toBe(true);
  });
});
