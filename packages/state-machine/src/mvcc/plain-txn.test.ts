import { nextBelow, nextChance, type Prng, seededPrng } from "@conclave/base";
import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import {
  type CompareInit,
  CompareTarget,
  type RequestOpInit,
  SortOrder,
  SortTarget,
  TxnRequest,
  type TxnRequestInit,
  TxnResponse,
} from "@conclave/wire";
import { describe, expect, test } from "vitest";
import { CommandKind } from "../command.ts";
import type { CommandResult } from "../result.ts";
import { bytes, Member } from "../testing.ts";
import { PlainTxn } from "./plain-txn.ts";
import { checkTxnRequest, isTxnReadOnly } from "./txn-check.ts";

/** A field that no transaction has: with it none is plain, and all else is as it was. */
const UNKNOWN_FIELD = Buffer.from([0x78, 0]);
const KEYS = ["a", "a/1", "a/2", "b", "\xff"];

function drawCompare(prng: Prng): CompareInit {
  const target = nextBelow(prng, 5);
  const number = nextChance(prng, 0.1) ? -1 : nextBelow(prng, 12);
  const operands: CompareInit[] = [
    { version: number },
    { createRevision: number },
    { modRevision: number },
    { value: bytes(["", "x", "y"][nextBelow(prng, 3)]!) },
    { lease: [7n, 8n, 0n, -1n][nextBelow(prng, 4)]! },
  ];
  const operand = operands[nextChance(prng, 0.05) ? nextBelow(prng, 5) : target];
  const rangeEnd = bytes(nextChance(prng, 0.05) ? "z" : "");
  return { key: drawKey(prng), rangeEnd, target, result: nextBelow(prng, 4), ...operand };
}

function drawKey(prng: Prng): Uint8Array {
  return bytes(nextChance(prng, 0.02) ? "" : KEYS[nextBelow(prng, KEYS.length)]!);
}

const FIRST = { limit: 1, sortOrder: SortOrder.ASCEND, sortTarget: SortTarget.CREATE };

function drawRead(prng: Prng): RequestOpInit {
  const key = drawKey(prng);
  const keysOnly = nextChance(prng, 0.3);
  if (nextChance(prng, 0.5)) return { requestRange: { key, keysOnly } };
  const rangeEnd = bytes(["z", "b", "\0", "a"][nextBelow(prng, 4)]!);
  return { requestRange: { key, rangeEnd, ...FIRST, keysOnly } };
}

function drawWrite(prng: Prng): RequestOpInit {
  const key = drawKey(prng);
  if (nextChance(prng, 0.3)) {
    return { requestDeleteRange: { key, prevKv: nextChance(prng, 0.1) } };
  }
  const value = bytes(["", "x", "y", "z".repeat(200)][nextBelow(prng, 4)]!);
  const lease = nextChance(prng, 0.6) ? 0n : [7n, 8n, -1n][nextBelow(prng, 3)]!;
  return { requestPut: { key, value, lease, prevKv: nextChance(prng, 0.1) } };
}

function drawTxn(prng: Prng): TxnRequestInit {
  const some = <T>(max: number, draw: () => T) =>
    Array.from({ length: nextBelow(prng, max + 1) }, draw);
  const branch = () => {
    const operations = some(2, () => drawRead(prng));
    for (const write of some(nextChance(prng, 0.1) ? 2 : 1, () => drawWrite(prng))) {
      operations.splice(nextBelow(prng, operations.length + 1), 0, write);
    }
    return operations;
  };
  const compare = some(nextChance(prng, 0.02) ? 12 : 2, () => drawCompare(prng));
  return { compare, success: branch(), failure: branch() };
}

function spoil(body: Uint8Array, prng: Prng): Uint8Array {
  const spoiled = Buffer.from(body);
  if (nextChance(prng, 0.5) && body.length > 0) {
    spoiled[nextBelow(prng, body.length)] = nextBelow(prng, 256);
  }
  return nextChance(prng, 0.5) ? spoiled.subarray(0, nextBelow(prng, body.length + 1)) : spoiled;
}

/** As a client gets it. */
function answerOf(result: CommandResult): unknown {
  if (result.kind !== "txn") return result;
  const { revision, succeeded, responses } = result;
  return { revision, answer: TxnResponse.decode(TxnResponse.encode({ succeeded, responses })) };
}

describe.each(testSeeds(1, 3))("seed %i", (seed) => {
  test("what is called plain decodes, is not refused, and says rightly whether it may put", () => {
    printReplayOnFailure(seed);
    const prng = seededPrng(seed);
    const plain = new PlainTxn();
    let count = 0;
    for (let at = 0; at < 10_000; at += 1) {
      let body = TxnRequest.encode(drawTxn(prng));
      if (nextChance(prng, 0.5)) body = spoil(body, prng);
      if (!plain.read(body, 0, body.length)) continue;
      count += 1;
      const request = TxnRequest.decode(body);
      const { compare, success, failure } = request;
      expect(checkTxnRequest(request, 128)).toBeNull();
      expect(isTxnReadOnly(request)).toBe(false);
      expect(plain.width).toBe(Math.max(compare.length, success.length, failure.length));
      const puts = [...success, ...failure].some(({ requestPut }) => requestPut !== null);
      expect(plain.mayPut).toBe(puts);
    }
    expect(count).toBeGreaterThan(1_000);
  });

  test("a plain transaction answers and changes what it would as any other", () => {
    printReplayOnFailure(seed);
    const prng = seededPrng(seed);
    const [quick, slow] = [new Member(), new Member()];
    for (const member of [quick, slow]) member.grant(7n);
    const plain = new PlainTxn();
    let count = 0;
    for (let at = 0; at < 3_000; at += 1) {
      const body = TxnRequest.encode(drawTxn(prng));
      if (!plain.read(body, 0, body.length)) continue;
      count += 1;
      const full = Buffer.concat([body, UNKNOWN_FIELD]);
      expect(plain.read(full, 0, full.length)).toBe(false);
      const answer = answerOf(quick.execute(CommandKind.TXN, body));
      expect(answer).toEqual(answerOf(slow.execute(CommandKind.TXN, full)));
      expect(quick.machine.digest).toBe(slow.machine.digest);
    }
    expect(count).toBeGreaterThan(500);
    expect(quick.machine.stateHash()).toBe(slow.machine.stateHash());
  });
});

const key = bytes("k");
const put = { requestPut: { key, value: bytes("v") } };
const absent = { key, target: CompareTarget.CREATE, createRevision: 0 };

test.each<[string, TxnRequestInit]>([
  ["two writes in a branch", { success: [put, { requestDeleteRange: { key: bytes("l") } }] }],
  ["no write", { success: [{ requestRange: { key } }] }],
  ["nothing", {}],
  ["a compare of a range", { compare: [{ ...absent, rangeEnd: bytes("l") }], success: [put] }],
  [
    "a compare with what is not its target's",
    { compare: [{ ...absent, target: 0 }], success: [put] },
  ],
  ["a put without a key", { success: [{ requestPut: { value: key } }] }],
  ["a put that wants the pair before", { success: [{ requestPut: { key, prevKv: true } }] }],
  ["a nested transaction", { success: [{ requestTxn: { success: [put] } }] }],
  ["nine compares", { compare: new Array<CompareInit>(9).fill(absent), success: [put] }],
])("%s is not plain", (_what, request) => {
  const body = TxnRequest.encode(request);
  expect(new PlainTxn().read(body, 0, body.length)).toBe(false);
});

// What Go's concurrency.Mutex sends to acquire, what its bench beside etcd does, and what our own locks send.
test.each<[string, TxnRequestInit]>([
  [
    "taking a lock",
    {
      compare: [absent],
      success: [
        { requestPut: { key, lease: 7n } },
        { requestRange: { key, rangeEnd: bytes("l"), ...FIRST } },
      ],
      failure: [
        { requestRange: { key } },
        { requestRange: { key, rangeEnd: bytes("l"), ...FIRST } },
      ],
    },
  ],
  [
    "a put under a version above -1, and a get",
    {
      compare: [{ key, target: CompareTarget.VERSION, result: 1, version: -1 }],
      success: [put, { requestRange: { key } }],
    },
  ],
  ["giving a lock back", { compare: [absent], success: [{ requestDeleteRange: { key } }] }],
  [
    "asking who holds it without the value",
    {
      success: [
        { requestPut: { key } },
        { requestRange: { key, rangeEnd: bytes("l"), ...FIRST, keysOnly: true } },
      ],
    },
  ],
  [
    "giving a lock back that is still on the lease it was created on",
    {
      compare: [absent, { key, target: CompareTarget.LEASE, lease: 7n }],
      success: [{ requestDeleteRange: { key } }],
    },
  ],
])("%s is plain", (_what, request) => {
  const body = TxnRequest.encode(request);
  expect(new PlainTxn().read(body, 0, body.length)).toBe(true);
});
