import { describe, expect, test } from "vitest";
import {
  Compare,
  CompareTarget,
  DecodeError,
  EMPTY_BYTES,
  Event,
  EventType,
  KeyValue,
  LeaseGrantRequest,
  MemberListResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RequestOp,
  ResponseOp,
  SortOrder,
  StatusResponse,
  TxnResponse,
  UnsafeIntegerError,
  WatchCancelRequest,
  WatchCreateRequest,
  WatchRequest,
  WatchResponse,
} from "../index.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex");
const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

// Bytes put down by hand from the protobuf encoding guide, to be independent of any library.
describe("golden bytes", () => {
  test("a put of foo=bar on lease 1234 with prev_kv", () => {
    const bytes = unhex("0a 03 666f6f  12 03 626172  18 d209  20 01");
    const message = { key: utf8("foo"), value: utf8("bar"), lease: 1234n, prevKv: true };
    expect(hex(PutRequest.encode(message))).toBe(hex(bytes));
    expect(PutRequest.decode(bytes)).toEqual({
      ...message,
      ignoreValue: false,
      ignoreLease: false,
    });
  });

  test("a negative lease id is the ten bytes of its two's complement", () => {
    const bytes = unhex("10 ff ff ff ff ff ff ff ff ff 01");
    expect(hex(LeaseGrantRequest.encode({ ID: -1n }))).toBe(hex(bytes));
    expect(LeaseGrantRequest.decode(bytes)).toEqual({ TTL: 0, ID: -1n });
  });

  test("a range of everything, newest first, ten at most", () => {
    const bytes = unhex("0a 01 00  12 01 00  18 0a  28 02  30 03");
    const message = RangeRequest.create({
      key: new Uint8Array(1),
      rangeEnd: new Uint8Array(1),
      limit: 10,
      sortOrder: SortOrder.DESCEND,
      sortTarget: 3,
    });
    expect(hex(RangeRequest.encode(message))).toBe(hex(bytes));
    expect(RangeRequest.decode(bytes)).toEqual(message);
  });

  test("a field number of two bytes: range_end of a comparison is field 64", () => {
    const bytes = unhex("1a 01 61  82 04 01 62");
    expect(hex(Compare.encode({ key: utf8("a"), rangeEnd: utf8("b") }))).toBe(hex(bytes));
    expect(hex(Compare.decode(bytes).rangeEnd)).toBe("62");
  });

  test("a full 64-bit cluster id with a revision", () => {
    const bytes = unhex("0a 0d 08 ff ff ff ff ff ff ff ff ff 01 18 07");
    const header = { clusterId: 2n ** 64n - 1n, revision: 7 };
    expect(hex(PutResponse.encode({ header }))).toBe(hex(bytes));
    expect(PutResponse.decode(bytes).header).toEqual({ ...header, memberId: 0n, raftTerm: 0 });
  });

  test("a progress notification is a response with watch id -1", () => {
    const bytes = unhex("0a 02 18 05  10 ff ff ff ff ff ff ff ff ff 01");
    expect(hex(WatchResponse.encode({ header: { revision: 5 }, watchId: -1 }))).toBe(hex(bytes));
    expect(WatchResponse.decode(bytes).watchId).toBe(-1);
  });

  test("the filters of a watch are packed", () => {
    const bytes = unhex("2a 02 00 01");
    expect(hex(WatchCreateRequest.encode({ filters: [0, 1] }))).toBe(hex(bytes));
    expect(WatchCreateRequest.decode(bytes).filters).toEqual([0, 1]);
  });
});

// protobuf.dev, "Encoding".
describe("proto3", () => {
  test("of a field that comes twice, the last value stands", () => {
    expect(hex(PutRequest.decode(unhex("0a 01 61  20 01  0a 01 62  20 00")).key)).toBe("62");
    expect(PutRequest.decode(unhex("20 01  20 00")).prevKv).toBe(false);
  });

  test("of a message field that comes twice, the two are merged", () => {
    const { header } = PutResponse.decode(unhex("0a 02 08 01  0a 02 18 07"));
    expect(header).toEqual({ clusterId: 1n, memberId: 0n, revision: 7, raftTerm: 0 });
  });

  test("of a oneof, the last member stands and unsets the others", () => {
    expect(Compare.decode(unhex("20 05  40 09"))).toMatchObject({ version: null, lease: 9n });
    expect(Compare.decode(unhex("40 09  20 05"))).toMatchObject({ version: 5, lease: null });
    const request = WatchRequest.decode(unhex("0a 00  12 02 08 03"));
    expect(request).toMatchObject({ createRequest: null, cancelRequest: { watchId: 3 } });
  });

  test("a member of a oneof is on the wire even at its default", () => {
    expect(hex(Compare.encode({ target: CompareTarget.CREATE, createRevision: 0 }))).toBe(
      "10012800",
    );
    expect(hex(Compare.encode({ value: EMPTY_BYTES }))).toBe("3a00");
    expect(Compare.decode(unhex("28 00")).createRevision).toBe(0);
    expect(hex(RequestOp.encode({ requestTxn: {} }))).toBe("2200");
  });

  test("two members of a oneof are refused rather than one of them lost", () => {
    expect(() => Compare.encode({ version: 1, lease: 1n })).toThrow(TypeError);
    expect(() => RequestOp.encode({ requestRange: {}, requestPut: {} })).toThrow(
      /RequestOp.request/,
    );
  });

  test("repeated numbers are taken packed, one by one, and mixed", () => {
    expect(WatchCreateRequest.decode(unhex("28 01  2a 02 00 01  28 00")).filters).toEqual([
      1, 0, 1, 0,
    ]);
  });

  test("an enum value we do not know stays the number it is, negative ones too", () => {
    expect(RangeRequest.decode(unhex("28 4d")).sortOrder).toBe(77);
    expect(RangeRequest.decode(unhex("28 ffffffffffffffffff01")).sortOrder).toBe(-1);
    expect(hex(RangeRequest.encode({ sortOrder: -1 }))).toBe("28ffffffffffffffffff01");
  });

  test("any varint but zero is true", () => {
    expect(PutRequest.decode(unhex("20 8080808010")).prevKv).toBe(true);
    expect(PutRequest.decode(unhex("20 8000")).prevKv).toBe(false);
  });

  test("a varint may be padded with zero groups, up to ten bytes", () => {
    expect(RangeRequest.decode(unhex("18 85808080808080808000")).limit).toBe(5);
    expect(hex(RangeRequest.decode(unhex("8a00 8180808000 61")).key)).toBe("61");
  });

  test.each([
    { why: "a varint", bytes: "a006 ffffffffffffffffff01" },
    { why: "8 bytes", bytes: "a106 0102030405060708" },
    { why: "a length and bytes", bytes: "a206 03 616263" },
    { why: "4 bytes", bytes: "a506 01020304" },
    {
      why: "a group, with fields and a group inside",
      bytes: "a306 0801 ab06 ac06 1203616263 a406",
    },
  ])("a field of a newer protocol is skipped: $why", ({ bytes }) => {
    const around = `0a 01 6b ${bytes} 12 01 76`;
    expect(PutRequest.decode(unhex(around))).toEqual(PutRequest.decode(unhex("0a016b120176")));
    expect(PutResponse.decode(unhex(bytes))).toEqual(PutResponse.create());
  });

  test("a string half of a surrogate pair goes out as U+FFFD", () => {
    const bytes = WatchResponse.encode({ cancelReason: "\ud83d!" });
    expect(WatchResponse.decode(bytes).cancelReason).toBe("\ufffd!");
  });

  test("a byte order mark is part of its string", () => {
    const bytes = WatchResponse.encode({ cancelReason: "\ufeffx" });
    expect(WatchResponse.decode(bytes).cancelReason).toBe("\ufeffx");
  });
});

describe("numbers", () => {
  const watchIdOf = (id: string): number => WatchCancelRequest.decode(unhex(`08 ${id}`)).watchId;

  test("counts reach to both ends of the safe integers", () => {
    for (const limit of [
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      -1,
      2 ** 32,
      -(2 ** 32),
    ]) {
      expect(RangeRequest.decode(RangeRequest.encode({ limit })).limit).toBe(limit);
    }
  });

  test("a count beyond them is an UnsafeIntegerError, which is a DecodeError", () => {
    expect(watchIdOf("ffffffffffffff0f")).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => watchIdOf("8080808080808010")).toThrow(UnsafeIntegerError);
    expect(() => watchIdOf("ffffffffffffffff7f")).toThrow(UnsafeIntegerError); // int64 max
    expect(() => watchIdOf("80808080808080808001")).toThrow(UnsafeIntegerError); // int64 min
    expect(() => watchIdOf("80808080808080808001")).toThrow(DecodeError);
    const raftIndex = unhex("28 ffffffffffffffffff01"); // uint64 max
    expect(() => StatusResponse.decode(raftIndex)).toThrow(UnsafeIntegerError);
  });

  // etcd's Go client: STM without reads compares mod_revision with the largest int64.
  test("a bound beyond them is the nearest safe integer, as it compares the same", () => {
    const most = "ffffffffffffffff7f";
    const least = "80808080808080808001";
    expect(Compare.decode(unhex(`30 ${most}`)).modRevision).toBe(Number.MAX_SAFE_INTEGER);
    expect(Compare.decode(unhex(`30 ${least}`)).modRevision).toBe(Number.MIN_SAFE_INTEGER);
    expect(RangeRequest.decode(unhex(`18 ${most}`)).limit).toBe(Number.MAX_SAFE_INTEGER);
    expect(RangeRequest.decode(unhex(`20 ${least}`)).revision).toBe(Number.MIN_SAFE_INTEGER);
    expect(WatchCreateRequest.decode(unhex(`18 ${most}`)).startRevision).toBe(
      Number.MAX_SAFE_INTEGER,
    );
    expect(LeaseGrantRequest.decode(unhex(`08 ${most}`)).TTL).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("an unsigned count above the int64 range is never taken for a negative one", () => {
    expect(StatusResponse.decode(unhex("28 ffffffffffffff0f")).raftIndex).toBe(2 ** 53 - 1);
  });

  test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53)])(
    "%d is no count and is not encoded",
    (limit) => {
      expect(() => RangeRequest.encode({ limit })).toThrow(RangeError);
    },
  );

  test("what does not fit its field is a RangeError", () => {
    expect(() => LeaseGrantRequest.encode({ ID: 2n ** 63n })).toThrow(RangeError);
    expect(() => LeaseGrantRequest.encode({ ID: -(2n ** 63n) - 1n })).toThrow(RangeError);
    expect(() => StatusResponse.encode({ leader: -1n })).toThrow(RangeError);
    expect(() => StatusResponse.encode({ leader: 2n ** 64n })).toThrow(RangeError);
    expect(() => StatusResponse.encode({ raftIndex: -1 })).toThrow(RangeError);
    expect(() => RangeRequest.encode({ sortOrder: 2 ** 31 })).toThrow(RangeError);
  });

  test("minus zero is zero, and so is left out", () => {
    expect(RangeRequest.encode({ limit: -0 }).length).toBe(0);
  });
});

describe("messages that are encoded in advance", () => {
  const pair = { key: utf8("k"), value: utf8("v".repeat(200)), modRevision: 9, lease: -5n };
  const bytesOfPair = KeyValue.encode(pair);

  test("stored pairs give the same range answer as decoded ones", () => {
    const spliced = RangeResponse.encode({ kvs: [bytesOfPair, pair, bytesOfPair], count: 3 });
    expect(hex(spliced)).toBe(hex(RangeResponse.encode({ kvs: [pair, pair, pair], count: 3 })));
    expect(hex(PutResponse.encode({ prevKv: bytesOfPair }))).toBe(
      hex(PutResponse.encode({ prevKv: pair })),
    );
  });

  test("an event is encoded once, whatever streams it goes to", () => {
    const event = { type: EventType.PUT, kv: bytesOfPair, prevKv: pair };
    const spliced = WatchResponse.encode({ watchId: 3, events: [Event.encode(event)] });
    expect(hex(spliced)).toBe(hex(WatchResponse.encode({ watchId: 3, events: [event] })));
    expect(WatchResponse.decode(spliced).events[0]?.prevKv?.modRevision).toBe(9);
  });

  test("answers inside a transaction's answer, to any depth", () => {
    const inner = { responseRange: { kvs: [pair], count: 1 } };
    const txn = { responseTxn: { succeeded: true, responses: [ResponseOp.encode(inner), inner] } };
    const spliced = TxnResponse.encode({ responses: [txn, ResponseOp.encode(txn)] });
    const plain = { responseTxn: { succeeded: true, responses: [inner, inner] } };
    expect(hex(spliced)).toBe(hex(TxnResponse.encode({ responses: [plain, plain] })));
  });

  test("no bytes at all stand for the empty message", () => {
    expect(hex(RangeResponse.encode({ kvs: [EMPTY_BYTES, {}] }))).toBe("12001200");
  });

  test("create decodes them, so that its result is plain through and through", () => {
    const response = RangeResponse.create({ kvs: [bytesOfPair, pair] });
    expect(response.kvs).toEqual([KeyValue.create(pair), KeyValue.create(pair)]);
  });
});

describe("ownership", () => {
  test("decoded bytes are views: no copy is made of a key or a value", () => {
    const input = Buffer.from(PutRequest.encode({ key: utf8("key"), value: utf8("value") }));
    const { key, value } = PutRequest.decode(input);
    expect(key.buffer).toBe(input.buffer);
    input.fill("x");
    expect([hex(key), hex(value)]).toEqual([hex(utf8("xxx")), hex(utf8("xxxxx"))]);
  });

  test("decoding reads only its part of a larger buffer", () => {
    const message = PutRequest.encode({ key: utf8("k") });
    const larger = Buffer.concat([Buffer.alloc(7, 0xff), message, Buffer.alloc(7, 0xff)]);
    expect(hex(PutRequest.decode(larger.subarray(7, 7 + message.length)).key)).toBe(hex(utf8("k")));
  });

  test("lists of a decoded message are its own", () => {
    MemberListResponse.decode(EMPTY_BYTES).members.push({} as never);
    expect(MemberListResponse.decode(EMPTY_BYTES).members).toEqual([]);
  });
});
