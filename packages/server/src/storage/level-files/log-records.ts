import { maskedCrc32c } from "./checksum.ts";

/** LevelDB's log format (doc/log_format.md): blocks, each holding fragments of records. Its MANIFEST has it, too. */
const BLOCK_BYTES = 32 * 1024;
/** Checksum u32, length u16, type u8. */
const HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;

/** Where a file of records is no longer what was written. */
export interface RecordDamage {
  readonly offset: number;
}

/** What a power cut may leave of the last write: less of it, or other bytes as well. LevelDB takes the second for damage in a MANIFEST. */
export type LastWrite = "cut-short" | "garbled";

export interface LogRecords {
  /** Whole, in order, up to the damage or the torn end. */
  readonly records: readonly Buffer[];
  readonly damage: RecordDamage | null;
}

/**
 * Reads a file of records more strictly than LevelDB does. That takes a fragment which claims to reach beyond the file for a write
 * that was cut short, and drops without a word what follows; here it is one only if nothing good follows, and if it is not whole
 * but for its length.
 */
export function readLogRecords(bytes: Buffer, lastWrite: LastWrite): LogRecords {
  const records: Buffer[] = [];
  let parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const blockEnd = Math.min(bytes.length, at - (at % BLOCK_BYTES) + BLOCK_BYTES);
    if (blockEnd - at < HEADER_BYTES && blockEnd < bytes.length) {
      if (!isZero(bytes, at, blockEnd)) return { records, damage: { offset: at } };
      at = blockEnd;
      continue;
    }
    const end = fragmentEnd(bytes, at, blockEnd);
    if (end === null) {
      return { records, damage: isTorn(bytes, at, lastWrite) ? null : { offset: at } };
    }
    const type = bytes[at + 6] ?? 0;
    const begins = type === FULL || type === FIRST;
    if (begins !== (parts.length === 0)) return { records, damage: { offset: at } };
    parts.push(bytes.subarray(at + HEADER_BYTES, end));
    if (type === FULL || type === LAST) {
      records.push(Buffer.concat(parts));
      parts = [];
    }
    at = end;
  }
  return { records, damage: null };
}

/** @returns null unless a good fragment begins there */
function fragmentEnd(bytes: Buffer, at: number, blockEnd: number): number | null {
  if (at + HEADER_BYTES > blockEnd) return null;
  const end = at + HEADER_BYTES + bytes.readUInt16LE(at + 4);
  if (end > blockEnd) return null;
  const type = bytes[at + 6] ?? 0;
  if (type < FULL || type > LAST) return null;
  return maskedCrc32c(bytes, at + 6, end) === bytes.readUInt32LE(at) ? end : null;
}

function isTorn(bytes: Buffer, at: number, lastWrite: LastWrite): boolean {
  const isWholeButForItsLength =
    at + HEADER_BYTES <= bytes.length &&
    maskedCrc32c(bytes, at + 6, bytes.length) === bytes.readUInt32LE(at);
  if (isWholeButForItsLength) return false;
  const isLong = at + HEADER_BYTES <= bytes.length;
  const end = isLong ? at + HEADER_BYTES + bytes.readUInt16LE(at + 4) : bytes.length + 1;
  if (lastWrite === "cut-short" && end <= bytes.length) return false;
  for (let later = at + 1; later + HEADER_BYTES <= bytes.length; later += 1) {
    const blockEnd = Math.min(bytes.length, later - (later % BLOCK_BYTES) + BLOCK_BYTES);
    if (fragmentEnd(bytes, later, blockEnd) !== null) return false;
  }
  return true;
}

function isZero(bytes: Buffer, from: number, to: number): boolean {
  return bytes.subarray(from, to).every((byte) => byte === 0);
}
