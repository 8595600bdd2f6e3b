import type { Entry, HardState, LogIndex, LogPosition, SnapshotMark, Term } from "@conclave/raft";
import {
  encodeGroupHeader,
  encodeSegmentHeader,
  GROUP_HEADER_BYTES,
  groupStride,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from "./wal-header.ts";
import {
  entriesRecordBytes,
  hardStateRecordBytes,
  lostTailRecordBytes,
  markRecordBytes,
  writeEntries,
  writeHardState,
  writeLostTail,
  writeMark,
} from "./wal-record.ts";

/** One Ready's worth of what must become durable together. */
export interface WalBatch {
  readonly hardState?: HardState | null;
  /** Consecutive; may begin at or below the last index: the old tail is void from there. */
  readonly entries?: readonly Entry[];
  /** Replaces the whole log, before `entries`: an installed snapshot, or, at index 0, the first membership. */
  readonly reset?: SnapshotMark | null;
  /** Everything up to here is durable in the state store. */
  readonly floor?: SnapshotMark | null;
  /** Entries up to here were lost, though they may have been acknowledged; null: the log holds them again. */
  readonly lostTail?: LogPosition | null;
}

/** The log as the last written group left it: what the next one continues. */
export interface WalTail {
  readonly previousCrc: number;
  readonly index: LogIndex;
  readonly term: Term;
  readonly hardState: HardState | null;
  readonly floor: SnapshotMark | null;
  readonly lostTail: LogPosition | null;
}

export interface EncodedGroup {
  /** Padded to the group alignment. A view of the encoder's buffer: valid until its next call. */
  readonly bytes: Buffer;
  readonly tail: WalTail;
  /** Highest index of the entries in it, void ones included; 0 without entries. */
  readonly maxIndex: LogIndex;
}

const BUFFER_BYTES = 256 * 1024;
/** A buffer that had to grow beyond this is not kept. */
const KEPT_BUFFER_BYTES_MAX = 8 * 1024 * 1024;

/** Turns batches into the bytes of a group, in one buffer that is used again and again. */
export class GroupEncoder {
  #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

  /** For a group in the middle of a segment, at `offset` of the file. No batches: a seal. */
  encode(batches: readonly WalBatch[], tail: WalTail, offset: number, seed: number): EncodedGroup {
    const hardState = lastHardState(batches);
    const repeated = { floor: null, lostTail: null };
    this.#reserve(GROUP_HEADER_BYTES, batches, hardState, repeated);
    return this.#encodeGroup(0, batches, { tail, hardState, ...repeated, offset, seed });
  }

  /** A new segment's header and first group, which repeats what is in force: hard state, floor, lost tail. */
  encodeSegment(
    batches: readonly WalBatch[],
    tail: WalTail,
    header: SegmentHeader,
  ): EncodedGroup & { readonly seed: number } {
    const hardState = lastHardState(batches) ?? tail.hardState;
    const repeated = { floor: tail.floor, lostTail: tail.lostTail };
    this.#reserve(SEGMENT_HEADER_BYTES + GROUP_HEADER_BYTES, batches, hardState, repeated);
    const seed = encodeSegmentHeader(header, this.#buffer);
    const offset = SEGMENT_HEADER_BYTES;
    const frame = { tail, hardState, ...repeated, offset, seed };
    const group = this.#encodeGroup(offset, batches, frame);
    return { ...group, bytes: this.#buffer.subarray(0, offset + group.bytes.length), seed };
  }

  #encodeGroup(
    at: number,
    batches: readonly WalBatch[],
    frame: {
      readonly tail: WalTail;
      readonly hardState: HardState | null;
      readonly floor: SnapshotMark | null;
      readonly lostTail: LogPosition | null;
      readonly offset: number;
      readonly seed: number;
    },
  ): EncodedGroup {
    const { tail, hardState, offset, seed } = frame;
    const buffer = this.#buffer;
    const bodyStart = at + GROUP_HEADER_BYTES;
    let end = bodyStart;
    if (frame.floor !== null) end = writeMark(buffer, end, "floor", frame.floor);
    if (frame.lostTail !== null) end = writeLostTail(buffer, end, frame.lostTail);
    for (const batch of batches) end = writeBatch(buffer, end, batch);
    if (hardState !== null) end = writeHardState(buffer, end, hardState);
    const bodyBytes = end - bodyStart;
    const paddedEnd = at + groupStride(bodyBytes);
    buffer.fill(0, end, paddedEnd);
    const header = {
      bodyBytes,
      offset,
      previousCrc: tail.previousCrc,
      tailIndex: tail.index,
      tailTerm: tail.term,
    };
    const previousCrc = encodeGroupHeader(buffer, at, header, seed);
    return {
      bytes: buffer.subarray(at, paddedEnd),
      tail: tailAfter(tail, batches, previousCrc, hardState ?? tail.hardState),
      maxIndex: highestIndex(batches),
    };
  }

  #reserve(
    headerBytes: number,
    batches: readonly WalBatch[],
    hardState: HardState | null,
    repeated: Pick<WalTail, "floor" | "lostTail">,
  ): void {
    let bytes = headerBytes + groupStride(0);
    if (hardState !== null) bytes += hardStateRecordBytes();
    if (repeated.floor !== null) bytes += markRecordBytes(repeated.floor);
    if (repeated.lostTail !== null) bytes += lostTailRecordBytes();
    for (const batch of batches) bytes += batchBytes(batch);
    if (bytes <= this.#buffer.length) {
      if (this.#buffer.length <= KEPT_BUFFER_BYTES_MAX) return;
      bytes = Math.max(bytes, BUFFER_BYTES);
    }
    this.#buffer = Buffer.allocUnsafeSlow(
      Math.max(bytes, Math.min(2 * bytes, KEPT_BUFFER_BYTES_MAX)),
    );
  }
}

/** An upper bound of what a batch adds to the body of its group. */
export function batchBytes(batch: WalBatch): number {
  let bytes = 0;
  if (batch.hardState) bytes += hardStateRecordBytes();
  if (batch.entries !== undefined && batch.entries.length > 0) {
    bytes += entriesRecordBytes(batch.entries);
  }
  if (batch.reset) bytes += markRecordBytes(batch.reset);
  if (batch.floor) bytes += markRecordBytes(batch.floor);
  if (batch.lostTail !== undefined) bytes += lostTailRecordBytes();
  return bytes;
}

/** The hard state is written once, for the whole group: only the last one counts. */
function writeBatch(buffer: Buffer, start: number, batch: WalBatch): number {
  let end = start;
  if (batch.reset) end = writeMark(buffer, end, "reset", batch.reset);
  if (batch.entries !== undefined && batch.entries.length > 0) {
    end = writeEntries(buffer, end, batch.entries);
  }
  if (batch.floor) end = writeMark(buffer, end, "floor", batch.floor);
  if (batch.lostTail !== undefined) end = writeLostTail(buffer, end, batch.lostTail);
  return end;
}

export function lastHardState(batches: readonly WalBatch[]): HardState | null {
  for (let at = batches.length - 1; at >= 0; at -= 1) {
    const hardState = batches[at]?.hardState;
    if (hardState) return hardState;
  }
  return null;
}

function tailAfter(
  tail: WalTail,
  batches: readonly WalBatch[],
  previousCrc: number,
  hardState: HardState | null,
): WalTail {
  let { index, term, floor, lostTail } = tail;
  for (const batch of batches) {
    if (batch.reset) {
      ({ index, term } = batch.reset);
      floor = batch.reset;
    }
    const last = batch.entries?.at(-1);
    if (last !== undefined) ({ index, term } = last);
    if (batch.floor) floor = batch.floor;
    if (batch.lostTail !== undefined) lostTail = batch.lostTail;
  }
  return { previousCrc, index, term, hardState, floor, lostTail };
}

function highestIndex(batches: readonly WalBatch[]): LogIndex {
  let highest = 0;
  for (const batch of batches) highest = Math.max(highest, batch.entries?.at(-1)?.index ?? 0);
  return highest;
}
