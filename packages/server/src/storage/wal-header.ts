import { crc32 } from "node:zlib";
import { assert } from "@conclave/base";
import type { LogIndex, MemberId, Term } from "@conclave/raft";

/** The layouts of docs/wal-format.md that frame the records: segment names, segment headers, group headers. */
export const FORMAT_VERSION = 2;
/** A segment that does not begin the log anew reads the same in both versions. */
const FORMAT_VERSION_BEFORE = 1;
export const SEGMENT_HEADER_BYTES = 64;
export const GROUP_HEADER_BYTES = 40;
/** Groups begin at multiples of this. */
export const GROUP_ALIGNMENT = 8;
/** The most one group may hold; its length is 32 bits wide, and a reader believes none beyond this. */
export const GROUP_BODY_BYTES_MAX = 2 ** 30;

const SEGMENT_MAGIC = Buffer.from("CNCLVWAL", "latin1");
const GROUP_MAGIC = 0x50475743;
const SEGMENT_NAME = /^([0-9a-f]{16})-([0-9a-f]{16})\.wal$/;

export interface SegmentHeader {
  /** Set by whoever reads; written as the oldest version that can read the segment. */
  readonly formatVersion?: number;
  /** The segments before this one are void: the log was damaged, and this one says all that is left of it. */
  readonly beginsAnew: boolean;
  readonly previousCrc: number;
  readonly clusterId: bigint;
  readonly memberId: MemberId;
  /** 1 for the first segment ever, then one more for each. */
  readonly sequence: number;
  /** Last index and term of the log before this segment. */
  readonly tailIndex: LogIndex;
  readonly tailTerm: Term;
}

export interface GroupHeader {
  readonly bodyBytes: number;
  readonly offset: number;
  readonly previousCrc: number;
  /** Last index and term of the log before this group: durable since before it was written. */
  readonly tailIndex: LogIndex;
  readonly tailTerm: Term;
  readonly headerCrc: number;
  readonly bodyCrc: number;
}

export function segmentName(sequence: number, firstIndex: LogIndex): string {
  return `${hex16(sequence)}-${hex16(firstIndex)}.wal`;
}

export function parseSegmentName(name: string): { sequence: number; firstIndex: LogIndex } | null {
  const match = SEGMENT_NAME.exec(name);
  if (match === null) return null;
  return {
    sequence: Number.parseInt(match[1] ?? "", 16),
    firstIndex: Number.parseInt(match[2] ?? "", 16),
  };
}

/** Writes the header at the start of `target`. @returns the segment seed, from which its groups' CRCs start. */
export function encodeSegmentHeader(header: SegmentHeader, target: Buffer): number {
  target.fill(0, 0, SEGMENT_HEADER_BYTES);
  target.set(SEGMENT_MAGIC, 0);
  target.writeUInt32LE(header.beginsAnew ? FORMAT_VERSION : FORMAT_VERSION_BEFORE, 8);
  target.writeUInt32LE(header.previousCrc, 12);
  target.writeBigUInt64LE(header.clusterId, 16);
  target.writeBigUInt64LE(header.memberId, 24);
  writeUint53(target, header.sequence, 32);
  writeUint53(target, header.tailIndex, 40);
  writeUint53(target, header.tailTerm, 48);
  target.writeUInt32LE(header.beginsAnew ? 1 : 0, 56);
  const seed = crc32(target.subarray(0, 60));
  target.writeUInt32LE(seed, 60);
  return seed;
}

/** @returns null unless the bytes are a whole and undamaged header, of whatever format version. */
export function decodeSegmentHeader(
  bytes: Buffer,
): { readonly header: Required<SegmentHeader>; readonly seed: number } | null {
  if (bytes.length < SEGMENT_HEADER_BYTES) return null;
  if (!bytes.subarray(0, 8).equals(SEGMENT_MAGIC)) return null;
  const seed = bytes.readUInt32LE(60);
  if (crc32(bytes.subarray(0, 60)) !== seed) return null;
  const sequence = readUint53(bytes, 32);
  const tailIndex = readUint53(bytes, 40);
  const tailTerm = readUint53(bytes, 48);
  if (sequence === null || tailIndex === null || tailTerm === null) return null;
  const header = {
    formatVersion: bytes.readUInt32LE(8),
    beginsAnew: bytes.readUInt32LE(56) === 1,
    previousCrc: bytes.readUInt32LE(12),
    clusterId: bytes.readBigUInt64LE(16),
    memberId: bytes.readBigUInt64LE(24),
    sequence,
    tailIndex,
    tailTerm,
  };
  return { header, seed };
}

/**
 * Writes the header of the group whose body already stands in `target` after the place of the header.
 * Each byte of the body is read once for its CRC. @returns the body CRC, which the next group repeats.
 */
export function encodeGroupHeader(
  target: Buffer,
  at: number,
  header: Pick<GroupHeader, "bodyBytes" | "offset" | "previousCrc" | "tailIndex" | "tailTerm">,
  seed: number,
): number {
  assert(header.bodyBytes <= GROUP_BODY_BYTES_MAX, "a group outgrew its length field");
  target.writeUInt32LE(GROUP_MAGIC, at);
  target.writeUInt32LE(header.bodyBytes, at + 4);
  target.writeUInt32LE(header.offset, at + 8);
  target.writeUInt32LE(header.previousCrc, at + 12);
  writeUint53(target, header.tailIndex, at + 16);
  writeUint53(target, header.tailTerm, at + 24);
  const headerCrc = crc32(target.subarray(at, at + 32), seed);
  const bodyStart = at + GROUP_HEADER_BYTES;
  const bodyCrc = crc32(target.subarray(bodyStart, bodyStart + header.bodyBytes), headerCrc);
  target.writeUInt32LE(headerCrc, at + 32);
  target.writeUInt32LE(bodyCrc, at + 36);
  return bodyCrc;
}

/** @returns null unless an undamaged header of this segment stands at `at`, written for that place. */
export function decodeGroupHeader(bytes: Buffer, at: number, seed: number): GroupHeader | null {
  if (at + GROUP_HEADER_BYTES > bytes.length) return null;
  if (bytes.readUInt32LE(at) !== GROUP_MAGIC) return null;
  if (bytes.readUInt32LE(at + 8) !== at) return null;
  const headerCrc = bytes.readUInt32LE(at + 32);
  if (crc32(bytes.subarray(at, at + 32), seed) !== headerCrc) return null;
  const tailIndex = readUint53(bytes, at + 16);
  const tailTerm = readUint53(bytes, at + 24);
  if (tailIndex === null || tailTerm === null) return null;
  return {
    bodyBytes: bytes.readUInt32LE(at + 4),
    offset: at,
    previousCrc: bytes.readUInt32LE(at + 12),
    tailIndex,
    tailTerm,
    headerCrc,
    bodyCrc: bytes.readUInt32LE(at + 36),
  };
}

/** The body that belongs to a header, or null if it is cut short or damaged. */
export function groupBody(bytes: Buffer, header: GroupHeader): Buffer | null {
  const start = header.offset + GROUP_HEADER_BYTES;
  // The length is believed only as far as there is file: garbage must not decide an allocation (E27).
  if (header.bodyBytes > bytes.length - start) return null;
  const body = bytes.subarray(start, start + header.bodyBytes);
  return crc32(body, header.headerCrc) === header.bodyCrc ? body : null;
}

/** Bytes from the start of one group to the start of the next. */
export function groupStride(bodyBytes: number): number {
  const bytes = GROUP_HEADER_BYTES + bodyBytes;
  return Math.ceil(bytes / GROUP_ALIGNMENT) * GROUP_ALIGNMENT;
}

export function writeUint53(target: Buffer, value: number, at: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, "a count left the safe range");
  target.writeUInt32LE(value % 2 ** 32, at);
  target.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

/** @returns null if the number is beyond 2^53. */
export function readUint53(bytes: Buffer, at: number): number | null {
  const high = bytes.readUInt32LE(at + 4);
  if (high >= 2 ** 21) return null;
  return high * 2 ** 32 + bytes.readUInt32LE(at);
}

function hex16(value: number): string {
  return value.toString(16).padStart(16, "0");
}
