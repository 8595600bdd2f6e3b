import { nextBelow, nextUint64, type Prng, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { expect, test } from "vitest";
import { decodeMessage, encodeMessage } from "./codec.ts";
import { type MembershipChangeType, membershipOf } from "./membership.ts";
import {
  decodeMembershipEntry,
  encodeMembershipEntry,
  MalformedBytes,
} from "./membership-codec.ts";
import type { Entry, MemberId, Message, MessageType } from "./message.ts";

const TYPES: readonly MessageType[] = [
  "append",
  "append-response",
  "heartbeat",
  "heartbeat-response",
  "pre-vote",
  "pre-vote-response",
  "vote",
  "vote-response",
  "install-snapshot",
  "timeout-now",
  "read-index",
  "read-index-response",
  "log-lost",
  "log-lost-response",
];

const someId = (prng: Prng): MemberId => nextUint64(prng) || 1n;
/** Small ones mostly, and the largest there is. */
function someNumber(prng: Prng): number {
  const draw = nextBelow(prng, 10);
  if (draw === 0) return 0;
  if (draw === 1) return Number.MAX_SAFE_INTEGER;
  return draw < 6 ? nextBelow(prng, 1000) : Number(nextUint64(prng) >> 11n);
}
const someFlag = (prng: Prng): boolean => nextBelow(prng, 2) === 1;
const someBytes = (prng: Prng, max: number): Uint8Array =>
  new Uint8Array(nextBelow(prng, max)).map(() => nextBelow(prng, 256));
const someIds = (prng: Prng, max: number): MemberId[] =>
  Array.from({ length: nextBelow(prng, max) }, () => someId(prng));

function someEntries(prng: Prng, after: number): Entry[] {
  return Array.from({ length: nextBelow(prng, 5) }, (_, position) => {
    const isMembership = nextBelow(prng, 5) === 0;
    const data = isMembership ? someMembershipData(prng) : someBytes(prng, 40);
    const kind = isMembership ? "membership" : "command";
    return { term: 10 + position, index: after + position + 1, kind, data };
  });
}

function someMembershipData(prng: Prng): Uint8Array {
  const changes: MembershipChangeType[] = [
    "add-voter",
    "add-learner",
    "promote",
    "remove",
    "update",
  ];
  return encodeMembershipEntry({
    change: changes[nextBelow(prng, 4)]!,
    id: someId(prng),
    membership: membershipOf(someIds(prng, 6), someIds(prng, 3)),
    context: someBytes(prng, 30),
  });
}

function someMessage(prng: Prng, type: MessageType): Message {
  const envelope = { from: someId(prng), to: someId(prng), term: 20 + nextBelow(prng, 9) };
  const number = () => someNumber(prng);
  switch (type) {
    case "append": {
      const previousIndex = nextBelow(prng, 2 ** 31);
      const entries = someEntries(prng, previousIndex);
      return { type, ...envelope, previousIndex, previousTerm: 9, entries, commit: number() };
    }
    case "append-response":
      return {
        type,
        ...envelope,
        index: number(),
        rejected: someFlag(prng),
        hintIndex: number(),
        hintTerm: number(),
      };
    case "heartbeat":
      return { type, ...envelope, commit: number(), readSequence: number() };
    case "heartbeat-response":
      return { type, ...envelope, readSequence: number() };
    case "pre-vote":
    case "vote":
      return {
        type,
        ...envelope,
        lastIndex: number(),
        lastTerm: number(),
        isTransfer: someFlag(prng),
      };
    case "pre-vote-response":
    case "vote-response":
      return { type, ...envelope, granted: someFlag(prng) };
    case "install-snapshot": {
      const membership = membershipOf(someIds(prng, 8), someIds(prng, 4));
      return { type, ...envelope, snapshot: { index: number(), term: 7, membership } };
    }
    case "timeout-now":
      return { type, ...envelope };
    case "read-index":
      return { type, ...envelope, readId: number() };
    case "read-index-response":
      return { type, ...envelope, readId: number(), index: someFlag(prng) ? number() : -1 };
    case "log-lost": {
      const [recoveryId, verifiedIndex, lastIndex] = [number(), number(), number()];
      return { type, ...envelope, recoveryId, verifiedIndex, lastIndex };
    }
    case "log-lost-response":
      return { type, ...envelope, recoveryId: number(), lastIndex: number() };
  }
}

test("every message comes back as it was sent", () => {
  const prng = seededPrng(testSeed(1));
  for (let round = 0; round < 300; round += 1) {
    for (const type of TYPES) {
      const message = someMessage(prng, type);
      expect(decodeMessage(encodeMessage(message))).toEqual(message);
    }
  }
});

test("a message inside a larger buffer is read in its own bounds", () => {
  const bytes = encodeMessage(someMessage(seededPrng(3), "append"));
  const larger = new Uint8Array(bytes.length + 20).fill(0xff);
  larger.set(bytes, 7);
  const view = larger.subarray(7, 7 + bytes.length);
  expect(encodeMessage(decodeMessage(view))).toEqual(bytes);
});

test("a message cut off anywhere, or with a byte too many, is malformed", () => {
  const prng = seededPrng(5);
  for (const type of TYPES) {
    const bytes = encodeMessage(someMessage(prng, type));
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeMessage(bytes.subarray(0, length))).toThrow(MalformedBytes);
    }
    expect(() => decodeMessage(Uint8Array.of(...bytes, 0))).toThrow(MalformedBytes);
  }
});

test("whatever the bytes, decoding ends in a message or in MalformedBytes, and what it accepts it would write", () => {
  const prng = seededPrng(testSeed(1001));
  let accepted = 0;
  for (let round = 0; round < 12_000; round += 1) {
    const bytes = encodeMessage(someMessage(prng, TYPES[nextBelow(prng, TYPES.length)]!));
    const flips = 1 + nextBelow(prng, 3);
    for (let n = 0; n < flips; n += 1) {
      bytes[nextBelow(prng, bytes.length)] = nextBelow(prng, 256);
    }
    let message: Message;
    try {
      message = decodeMessage(bytes);
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      continue;
    }
    accepted += 1;
    // Members may come in another order than we write them; everything else is canonical.
    if (message.type === "install-snapshot") continue;
    if (Buffer.compare(encodeMessage(message), bytes) !== 0) expect.fail(`not canonical: ${bytes}`);
  }
  expect(accepted).toBeGreaterThan(500);
});

test("random bytes never do more than throw MalformedBytes", () => {
  const prng = seededPrng(testSeed(2001));
  for (let round = 0; round < 20_000; round += 1) {
    const bytes = someBytes(prng, 80);
    if (bytes.length > 0) bytes[0] = nextBelow(prng, 13);
    try {
      decodeMessage(bytes);
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
    }
  }
});

test("a count of entries that the bytes do not bear out is refused before anything is allocated", () => {
  const bytes = encodeMessage({
    type: "append",
    from: 1n,
    to: 2n,
    term: 1,
    previousIndex: 0,
    previousTerm: 0,
    entries: [],
    commit: 0,
  });
  new DataView(bytes.buffer).setUint32(bytes.length - 4, 0xffff_ffff);
  expect(() => decodeMessage(bytes)).toThrow(/more entries than bytes/);
});

test.each([
  { why: "falling terms", terms: [5, 4], term: 9 },
  { why: "a term below the previous entry's", terms: [2], term: 9 },
  { why: "a term above the leader's", terms: [9], term: 8 },
])("an append with $why is malformed", ({ terms, term }) => {
  const entries: Entry[] = terms.map((entryTerm, position) => ({
    term: entryTerm,
    index: position + 2,
    kind: "command",
    data: new Uint8Array(0),
  }));
  const bytes = encodeMessage({
    type: "append",
    from: 1n,
    to: 2n,
    term,
    previousIndex: 1,
    previousTerm: 3,
    entries,
    commit: 0,
  });
  expect(() => decodeMessage(bytes)).toThrow(MalformedBytes);
});

test("a membership entry comes back as it was written; cut off, renamed or doubled it is malformed", () => {
  const entry = {
    change: "promote" as const,
    id: 2n ** 64n - 1n,
    membership: membershipOf([3n, 2n ** 64n - 1n], [7n]),
    context: Uint8Array.of(1, 2, 3),
  };
  const bytes = encodeMembershipEntry(entry);
  expect(decodeMembershipEntry(bytes)).toEqual(entry);
  for (let length = 0; length < 12 + 24; length += 1) {
    expect(() => decodeMembershipEntry(bytes.subarray(0, length))).toThrow(MalformedBytes);
  }
  for (const [at, value] of [
    [0, 2],
    [1, 5],
  ] as const) {
    const broken = bytes.slice();
    broken[at] = value;
    expect(() => decodeMembershipEntry(broken)).toThrow(MalformedBytes);
  }
  const doubled = bytes.slice();
  doubled.copyWithin(12, 20, 28);
  expect(() => decodeMembershipEntry(doubled)).toThrow(/named twice/);
});
