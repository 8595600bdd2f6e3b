import { assert } from "@conclave/base";
import type {
  Entry,
  HardState,
  LogIndex,
  LogPosition,
  MemberId,
  SnapshotMark,
} from "@conclave/raft";
import { readUint53, writeUint53 } from "./wal-header.ts";

/** What the body of a group is made of (docs/wal-format.md, "Body: records"). */
export type WalRecord =
  | { readonly type: "hard-state"; readonly hardState: HardState }
  | { readonly type: "entries"; readonly firstIndex: LogIndex; readonly entries: readonly Entry[] }
  | { readonly type: "floor"; readonly mark: SnapshotMark }
  | { readonly type: "reset"; readonly mark: SnapshotMark }
  | { readonly type: "lost-tail"; readonly lostTail: LogPosition | null };

const HARD_STATE = 1;
const ENTRIES = 2;
const FLOOR = 3;
const RESET = 4;
const LOST_TAIL = 5;

const RECORD_HEADER_BYTES = 8;
const HARD_STATE_BYTES = 24;
const ENTRIES_HEADER_BYTES = 16;
const ENTRY_HEADER_BYTES = 16;
const MARK_HEADER_BYTES = 24;
const LOST_TAIL_BYTES = 16;

const KIND_CODES = { command: 0, membership: 1 } as const;
const KINDS: readonly Entry["kind"][] = ["command", "membership"];

/** Thrown inside {@link decodeRecords} when bytes whose CRC is good do not read as records. */
export class UnknownRecord extends Error {
  override readonly name = "UnknownRecord";
}

export function hardStateRecordBytes(): number {
  return RECORD_HEADER_BYTES + HARD_STATE_BYTES;
}

export function entriesRecordBytes(entries: readonly Entry[]): number {
  let bytes = RECORD_HEADER_BYTES + ENTRIES_HEADER_BYTES;
  for (const entry of entries) bytes += ENTRY_HEADER_BYTES + entry.data.length;
  return bytes;
}

export function markRecordBytes(mark: SnapshotMark): number {
  const { voters, learners } = mark.membership;
  return RECORD_HEADER_BYTES + MARK_HEADER_BYTES + 8 * (voters.length + learners.length);
}

export function lostTailRecordBytes(): number {
  return RECORD_HEADER_BYTES + LOST_TAIL_BYTES;
}

/** Each writer answers the offset after what it wrote. */
export function writeHardState(target: Buffer, start: number, hardState: HardState): number {
  const at = writeRecordHeader(target, start, HARD_STATE, HARD_STATE_BYTES);
  writeUint53(target, hardState.term, at);
  target.writeBigUInt64LE(hardState.vote, at + 8);
  writeUint53(target, hardState.commit, at + 16);
  return at + HARD_STATE_BYTES;
}

/** Requires: `entries` is not empty and its indexes are consecutive (H1). */
export function writeEntries(target: Buffer, start: number, entries: readonly Entry[]): number {
  const first = entries[0];
  assert(first !== undefined, "a record of no entries says nothing");
  const payloadBytes = entriesRecordBytes(entries) - RECORD_HEADER_BYTES;
  let at = writeRecordHeader(target, start, ENTRIES, payloadBytes);
  target.writeUInt32LE(entries.length, at);
  target.writeUInt32LE(0, at + 4);
  writeUint53(target, first.index, at + 8);
  at += ENTRIES_HEADER_BYTES;
  let expected = first.index;
  for (const entry of entries) {
    assert(entry.index === expected, "entries to append are not consecutive");
    expected += 1;
    writeUint53(target, entry.term, at);
    target.writeUInt32LE(entry.data.length, at + 8);
    target.writeUInt32LE(KIND_CODES[entry.kind], at + 12);
    target.set(entry.data, at + ENTRY_HEADER_BYTES);
    at += ENTRY_HEADER_BYTES + entry.data.length;
  }
  return at;
}

export function writeMark(
  target: Buffer,
  start: number,
  type: "floor" | "reset",
  mark: SnapshotMark,
): number {
  const { voters, learners } = mark.membership;
  const payloadBytes = markRecordBytes(mark) - RECORD_HEADER_BYTES;
  let at = writeRecordHeader(target, start, type === "floor" ? FLOOR : RESET, payloadBytes);
  writeUint53(target, mark.index, at);
  writeUint53(target, mark.term, at + 8);
  target.writeUInt32LE(voters.length, at + 16);
  target.writeUInt32LE(learners.length, at + 20);
  at += MARK_HEADER_BYTES;
  for (const id of [...voters, ...learners]) at = target.writeBigUInt64LE(id, at);
  return at;
}

/** Null, written as a position that no entry has: the log is whole again. */
export function writeLostTail(target: Buffer, start: number, lost: LogPosition | null): number {
  const at = writeRecordHeader(target, start, LOST_TAIL, LOST_TAIL_BYTES);
  writeUint53(target, lost?.term ?? 0, at);
  writeUint53(target, lost?.index ?? 0, at + 8);
  return at + LOST_TAIL_BYTES;
}

/**
 * Reads a body whose CRC is good. The data of entries are views of it: the caller gives it away.
 * @throws UnknownRecord if it was written by a version that knows more than this one.
 */
export function decodeRecords(body: Buffer): WalRecord[] {
  const records: WalRecord[] = [];
  for (let at = 0; at < body.length; ) {
    if (at + RECORD_HEADER_BYTES > body.length) throw new UnknownRecord("record cut short");
    const type = body[at];
    const payloadBytes = body.readUInt32LE(at + 4);
    const start = at + RECORD_HEADER_BYTES;
    if (payloadBytes > body.length - start) throw new UnknownRecord("record longer than its group");
    records.push(decodeRecord(type, body.subarray(start, start + payloadBytes)));
    at = start + payloadBytes;
  }
  return records;
}

function decodeRecord(type: number | undefined, payload: Buffer): WalRecord {
  switch (type) {
    case HARD_STATE:
      return { type: "hard-state", hardState: decodeHardState(payload) };
    case ENTRIES:
      return decodeEntries(payload);
    case FLOOR:
      return { type: "floor", mark: decodeMark(payload) };
    case RESET:
      return { type: "reset", mark: decodeMark(payload) };
    case LOST_TAIL:
      return { type: "lost-tail", lostTail: decodeLostTail(payload) };
    default:
      throw new UnknownRecord(`record of unknown type ${type}`);
  }
}

function decodeHardState(payload: Buffer): HardState {
  requireBytes(payload.length === HARD_STATE_BYTES);
  return { term: count(payload, 0), vote: payload.readBigUInt64LE(8), commit: count(payload, 16) };
}

function decodeEntries(payload: Buffer): WalRecord {
  requireBytes(payload.length >= ENTRIES_HEADER_BYTES);
  const total = payload.readUInt32LE(0);
  const firstIndex = count(payload, 8);
  const entries: Entry[] = [];
  let at = ENTRIES_HEADER_BYTES;
  for (let nth = 0; nth < total; nth += 1) {
    requireBytes(at + ENTRY_HEADER_BYTES <= payload.length);
    const dataBytes = payload.readUInt32LE(at + 8);
    const kind = KINDS[payload.readUInt32LE(at + 12)];
    const start = at + ENTRY_HEADER_BYTES;
    requireBytes(kind !== undefined && dataBytes <= payload.length - start);
    const data = payload.subarray(start, start + dataBytes);
    entries.push({ term: count(payload, at), index: firstIndex + nth, kind, data });
    at = start + dataBytes;
  }
  requireBytes(at === payload.length && total > 0);
  return { type: "entries", firstIndex, entries };
}

function decodeMark(payload: Buffer): SnapshotMark {
  requireBytes(payload.length >= MARK_HEADER_BYTES);
  const voters = payload.readUInt32LE(16);
  const learners = payload.readUInt32LE(20);
  requireBytes(payload.length === MARK_HEADER_BYTES + 8 * (voters + learners));
  const ids: MemberId[] = [];
  for (let at = MARK_HEADER_BYTES; at < payload.length; at += 8) {
    ids.push(payload.readBigUInt64LE(at));
  }
  const membership = { voters: ids.slice(0, voters), learners: ids.slice(voters) };
  return { index: count(payload, 0), term: count(payload, 8), membership };
}

function decodeLostTail(payload: Buffer): LogPosition | null {
  requireBytes(payload.length === LOST_TAIL_BYTES);
  const term = count(payload, 0);
  return term === 0 ? null : { term, index: count(payload, 8) };
}

function count(payload: Buffer, at: number): number {
  const value = readUint53(payload, at);
  requireBytes(value !== null);
  return value;
}

function requireBytes(condition: boolean): asserts condition {
  if (!condition) throw new UnknownRecord("record does not read as its type");
}

function writeRecordHeader(target: Buffer, at: number, type: number, payloadBytes: number): number {
  target.writeUInt32LE(type, at);
  target.writeUInt32LE(payloadBytes, at + 4);
  return at + RECORD_HEADER_BYTES;
}
