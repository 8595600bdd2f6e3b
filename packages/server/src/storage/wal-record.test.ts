import type { Entry } from "@conclave/raft";
import { describe, expect, test } from "vitest";
import { entries, FOUNDING, mark } from "./testing/wal-fixture.ts";
import { GroupEncoder, type WalTail } from "./wal-group.ts";
import {
  decodeGroupHeader,
  decodeSegmentHeader,
  encodeSegmentHeader,
  groupBody,
  parseSegmentName,
  segmentName,
} from "./wal-header.ts";
import { decodeRecords, UnknownRecord } from "./wal-record.ts";

const SEED = 0x5eed;
const TAIL: WalTail = {
  previousCrc: 0xabcdef,
  index: 41,
  term: 3,
  hardState: null,
  floor: null,
  lostTail: null,
};

function decoded(bytes: Buffer) {
  const header = decodeGroupHeader(bytes, 0, SEED);
  const body = header === null ? null : groupBody(bytes, header);
  return header === null || body === null ? null : { header, records: decodeRecords(body) };
}

describe("a group reads back as it was written", () => {
  test("every record type, with the last hard state of the group only", () => {
    const membership: Entry = { index: 42, term: 2 ** 40, kind: "membership", data: Buffer.of(0) };
    const empty: Entry = { index: 43, term: 2 ** 40, kind: "command", data: new Uint8Array(0) };
    const large = {
      index: 44,
      term: 2 ** 53 - 1,
      kind: "command" as const,
      data: Buffer.alloc(3000, 7),
    };
    const last = { term: 2 ** 53 - 1, vote: 2n ** 64n - 1n, commit: 43 };
    const batches = [
      { reset: mark(41, 3), hardState: { term: 3, vote: 0n, commit: 41 } },
      { entries: [membership, empty, large], hardState: last, floor: mark(42, 3) },
    ];
    const group = new GroupEncoder().encode(batches, TAIL, 0, SEED);
    expect(group.bytes.length % 8).toBe(0);
    expect(group).toMatchObject({
      maxIndex: 44,
      tail: { index: 44, term: large.term, hardState: last },
    });
    const back = decoded(group.bytes);
    expect(back?.header).toMatchObject({ previousCrc: 0xabcdef, tailIndex: 41, tailTerm: 3 });
    expect(back?.records).toEqual([
      { type: "reset", mark: mark(41, 3) },
      { type: "entries", firstIndex: 42, entries: [membership, empty, large].map(withBuffer) },
      { type: "floor", mark: mark(42, 3) },
      { type: "hard-state", hardState: last },
    ]);
  });

  test("a group larger than the encoder's buffer", () => {
    const data = Buffer.alloc(10_000_000, "not all the same");
    const large: Entry = { index: 42, term: 3, kind: "command", data };
    const encoder = new GroupEncoder();
    const [record] = decoded(encoder.encode([{ entries: [large] }], TAIL, 0, SEED).bytes)!.records;
    expect(record?.type === "entries" && data.equals(record.entries[0]!.data)).toBe(true);
    expect(
      decoded(encoder.encode([{ entries: entries(42, 42) }], TAIL, 0, SEED).bytes),
    ).not.toBeNull();
  });

  test("a seal is a group without records", () => {
    const { bytes } = new GroupEncoder().encode([], TAIL, 0, SEED);
    expect(bytes.length).toBe(40);
    expect(decoded(bytes)?.records).toEqual([]);
  });

  test("the encoder's buffer, used again, leaves nothing of a longer group in a shorter one's padding", () => {
    const encoder = new GroupEncoder();
    encoder.encode([{ entries: entries(42, 60) }], TAIL, 0, SEED);
    const { bytes } = encoder.encode(
      [{ entries: [{ ...entries(42, 42)[0]!, data: Buffer.of(1) }] }],
      TAIL,
      0,
      SEED,
    );
    const header = decodeGroupHeader(bytes, 0, SEED)!;
    expect(bytes.subarray(40 + header.bodyBytes).every((byte) => byte === 0)).toBe(true);
  });
});

describe("what is not the group that was written is not taken for it", () => {
  const { bytes } = new GroupEncoder().encode([{ entries: entries(42, 44) }], TAIL, 0, SEED);
  const bodyBytes = decodeGroupHeader(bytes, 0, SEED)!.bodyBytes;

  test("every flipped bit of header and body is noticed", () => {
    for (let bit = 0; bit < (40 + bodyBytes) * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
      expect(decoded(flipped), `bit ${bit}`).toBeNull();
    }
  });

  test("a group of another segment, or in another place, is a stranger (F11)", () => {
    expect(decodeGroupHeader(bytes, 0, SEED + 1)).toBeNull();
    expect(decodeGroupHeader(Buffer.concat([Buffer.alloc(8), bytes]), 8, SEED)).toBeNull();
  });

  test("a length beyond the file is refused before it is believed (E27)", () => {
    for (let length = 0; length < 40 + bodyBytes; length += 1) {
      expect(decoded(bytes.subarray(0, length))).toBeNull();
    }
  });

  test("a record of a type unknown to this version is refused, not skipped", () => {
    const record = Buffer.alloc(16);
    record[0] = 9;
    record.writeUInt32LE(8, 4);
    expect(() => decodeRecords(record)).toThrow(UnknownRecord);
  });
});

describe("segments", () => {
  const header = {
    formatVersion: 1,
    beginsAnew: false,
    previousCrc: 77,
    clusterId: 2n ** 63n,
    memberId: 9n,
    sequence: 12,
    tailIndex: 2 ** 40,
    tailTerm: 6,
  };

  test("names sort in the order of their sequences and give them back", () => {
    expect(segmentName(12, 2 ** 40 + 1)).toBe("000000000000000c-0000010000000001.wal");
    expect(parseSegmentName(segmentName(12, 2 ** 40 + 1))).toEqual({
      sequence: 12,
      firstIndex: 2 ** 40 + 1,
    });
    expect(parseSegmentName("prepared.tmp")).toBeNull();
  });

  test("a header reads back, and not with any bit flipped", () => {
    const bytes = Buffer.alloc(64);
    const seed = encodeSegmentHeader(header, bytes);
    expect(decodeSegmentHeader(bytes)).toEqual({ header, seed });
    for (let bit = 0; bit < 64 * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
      expect(decodeSegmentHeader(flipped), `bit ${bit}`).toBeNull();
    }
  });

  test("the first group repeats the hard state and floor in force", () => {
    const hardState = { term: 3, vote: 1n, commit: 40 };
    const tail = { ...TAIL, hardState, floor: FOUNDING };
    const group = new GroupEncoder().encodeSegment([{ entries: entries(42, 42) }], tail, header);
    const first = decodeGroupHeader(group.bytes, 64, group.seed)!;
    expect(decodeRecords(groupBody(group.bytes, first)!)).toMatchObject([
      { type: "floor", mark: FOUNDING },
      { type: "entries", firstIndex: 42 },
      { type: "hard-state", hardState },
    ]);
  });
});

function withBuffer(entry: Entry): Entry {
  return { ...entry, data: Buffer.from(entry.data) };
}
