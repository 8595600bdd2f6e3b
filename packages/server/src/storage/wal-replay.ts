import type {
  Entry,
  HardState,
  LogIndex,
  LogPosition,
  MemberId,
  SnapshotMark,
  Term,
} from "@conclave/raft";
import type { Disk } from "./disk.ts";
import { StorageFailure, WalCorruption, WalMismatch } from "./storage-error.ts";
import {
  decodeGroupHeader,
  decodeSegmentHeader,
  FORMAT_VERSION,
  GROUP_ALIGNMENT,
  type GroupHeader,
  groupBody,
  groupStride,
  parseSegmentName,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from "./wal-header.ts";
import { decodeRecords, UnknownRecord, type WalRecord } from "./wal-record.ts";

export interface ReplayOptions {
  readonly clusterId: bigint;
  readonly memberId: MemberId;
  /** The log was durable at least up to here, as another place knows: the applied index of the state store. */
  readonly durableIndex: LogIndex;
  /** A segment of this sequence was begun, as the vote file knows. 0: none is known of. */
  readonly newestSegment: number;
}

/** A segment as far as {@link Wal.release} needs to know it. */
export interface SegmentSummary {
  readonly name: string;
  readonly sequence: number;
  /** Highest index of any entry in it, void ones included; 0 if it has none. */
  maxIndex: LogIndex;
}

/** Where the log ends in its last segment, and what must be repaired there. */
export interface SegmentTail {
  readonly name: string;
  readonly seed: number;
  /** Where the next group goes. */
  readonly endOffset: number;
  /** The last good group, header included; null if the segment has none. */
  readonly lastGroup: {
    readonly offset: number;
    readonly bytes: Buffer;
    readonly isSeal: boolean;
  } | null;
  readonly previousCrc: number;
  /** Ends of the bytes after `endOffset` that are not zero: what a torn write left. Equal to `endOffset` if clean. */
  readonly dirtyEnd: number;
}

export interface Replay {
  readonly hardState: HardState | null;
  readonly floor: SnapshotMark | null;
  /** Consecutive, from floor + 1 to the last index. */
  readonly entries: Entry[];
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  /** Not null while the log lacks entries that a damage took. */
  readonly lostTail: LogPosition | null;
  readonly segments: SegmentSummary[];
  /** Segments from before the log began anew. */
  readonly voidNames: readonly string[];
  /** Null if there is no segment. */
  readonly tail: SegmentTail | null;
}

/** What there is to read of a log that is damaged. */
export interface ReplayToDamage {
  readonly corruption: WalCorruption;
  /** The log as the last good group before the damage left it: not always a beginning of the log as it was. */
  readonly log: LogReplay;
}

/**
 * Reads and judges the whole log; changes nothing. The rules are those of docs/wal-format.md, "Reading it back".
 * @throws WalCorruption, WalMismatch
 */
export async function replayLog(
  disk: Disk,
  directory: string,
  options: ReplayOptions,
): Promise<Replay> {
  return replayInto(new LogReplay(), disk, directory, options);
}

/** The same for a log that {@link replayLog} refused. */
export async function replayToDamage(
  disk: Disk,
  directory: string,
  options: ReplayOptions,
): Promise<ReplayToDamage> {
  const log = new LogReplay();
  try {
    await replayInto(log, disk, directory, options);
  } catch (corruption) {
    if (corruption instanceof WalCorruption) return { corruption, log };
    throw corruption;
  }
  throw new Error(`${directory} reads well the second time: the medium is not to be relied on`);
}

async function replayInto(
  log: LogReplay,
  disk: Disk,
  directory: string,
  options: ReplayOptions,
): Promise<Replay> {
  const allNames = await segmentNames(disk, directory);
  const first = await newestBeginning(disk, directory, allNames);
  const voidNames = allNames.slice(0, first);
  const names = allNames.slice(first);
  const segments: SegmentSummary[] = [];
  let tail: SegmentTail | null = null;
  for (const name of names) {
    const bytes = await readSegment(disk, `${directory}/${name}`);
    const reader = new SegmentReader(name, bytes, options, log);
    reader.checkContinues(segments.at(-1) ?? null, tail);
    tail = reader.readGroups(name === names.at(-1));
    segments.push({ name, sequence: reader.header.sequence, maxIndex: reader.maxIndex });
  }
  log.checkNewest(options.newestSegment, segments.at(-1)?.sequence ?? 0, tail);
  log.checkReaches(options.durableIndex, tail);
  const { hardState, floor, entries, lastIndex, lastTerm, lostTail } = log;
  return { hardState, floor, entries, lastIndex, lastTerm, lostTail, segments, voidNames, tail };
}

/** Oldest first. */
export async function segmentNames(disk: Disk, directory: string): Promise<string[]> {
  const names = (await disk.list(directory)).filter((name) => parseSegmentName(name) !== null);
  return names.sort();
}

/** Where in `names` the log begins: at the newest segment that begins it anew, or at the oldest there is. */
async function newestBeginning(
  disk: Disk,
  directory: string,
  names: readonly string[],
): Promise<number> {
  for (let at = names.length - 1; at > 0; at -= 1) {
    const bytes = await readSegment(disk, `${directory}/${names[at]}`, SEGMENT_HEADER_BYTES);
    if (decodeSegmentHeader(bytes)?.header.beginsAnew === true) return at;
  }
  return 0;
}

export async function readSegment(
  disk: Disk,
  path: string,
  bytesMax = Number.MAX_SAFE_INTEGER,
): Promise<Buffer> {
  try {
    const file = await disk.open(path, { create: false });
    try {
      const bytes = await file.read(0, Math.min(bytesMax, await file.size()));
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new StorageFailure(`cannot read ${path}`, { cause });
  }
}

/** The log as it grows while records are read in the order in which they were written: the last write wins. */
export class LogReplay {
  hardState: HardState | null = null;
  floor: SnapshotMark | null = null;
  entries: Entry[] = [];
  /** Index of `entries[0]`, or of the entry that would be there. */
  #firstIndex: LogIndex = 1;
  lastIndex: LogIndex = 0;
  lastTerm: Term = 0;
  lostTail: LogPosition | null = null;
  /** A group whose CRC is good says what cannot be, and a part of it may have been taken in. */
  isContradictory = false;

  /** Index of the first entry there is, or would be. */
  get firstIndex(): LogIndex {
    return this.#firstIndex;
  }

  /** The segments before were released: the log begins after this tail. */
  beginAfter(tailIndex: LogIndex, tailTerm: Term): void {
    this.#firstIndex = tailIndex + 1;
    this.lastIndex = tailIndex;
    this.lastTerm = tailTerm;
  }

  /** @returns why the record cannot follow what was read so far, or null. */
  apply(record: WalRecord): string | null {
    switch (record.type) {
      case "hard-state":
        this.hardState = record.hardState;
        return null;
      case "entries":
        return this.#append(record.firstIndex, record.entries);
      case "floor":
        return this.#raiseFloor(record.mark);
      case "reset":
        this.floor = record.mark;
        this.entries = [];
        this.beginAfter(record.mark.index, record.mark.term);
        return null;
      case "lost-tail":
        this.lostTail = record.lostTail;
        return null;
    }
  }

  /** @throws WalCorruption if a segment is missing at the end. */
  checkNewest(newestSegment: number, lastSequence: number, tail: SegmentTail | null): void {
    if (lastSequence >= newestSegment) return;
    const reason = `segment ${newestSegment} is missing at the end`;
    throw new WalCorruption(tail?.name ?? "(none)", tail?.endOffset ?? 0, this.lastIndex, reason);
  }

  /** @throws WalCorruption if the log ends before what is known to be durable, or begins after its floor. */
  checkReaches(durableIndex: LogIndex, tail: SegmentTail | null): void {
    const file = tail?.name ?? "(none)";
    const offset = tail?.endOffset ?? 0;
    const floorIndex = this.floor?.index ?? 0;
    if (this.#firstIndex > floorIndex + 1) {
      const reason = `the log begins at index ${this.#firstIndex}, its floor is ${floorIndex}`;
      throw new WalCorruption(file, 0, floorIndex, reason);
    }
    // Of a log that recovers it is known to lack what was durable.
    if (this.lostTail !== null) return;
    const known = Math.max(durableIndex, this.hardState?.commit ?? 0, floorIndex);
    if (this.lastIndex < known) {
      const reason = `the log ends at index ${this.lastIndex}, but index ${known} was durable`;
      throw new WalCorruption(file, offset, this.lastIndex, reason);
    }
  }

  #append(firstIndex: LogIndex, entries: readonly Entry[]): string | null {
    if (firstIndex > this.lastIndex + 1) return `entries jump to index ${firstIndex}`;
    if (firstIndex <= (this.floor?.index ?? 0)) return `entry ${firstIndex} is below the floor`;
    if (firstIndex <= this.#firstIndex) {
      this.entries = [];
      this.#firstIndex = firstIndex;
    }
    this.entries.length = firstIndex - this.#firstIndex;
    for (const entry of entries) this.entries.push(entry);
    this.lastIndex = firstIndex + entries.length - 1;
    this.lastTerm = entries.at(-1)?.term ?? this.lastTerm;
    return null;
  }

  #raiseFloor(mark: SnapshotMark): string | null {
    if (mark.index < (this.floor?.index ?? 0)) return `the floor falls back to ${mark.index}`;
    if (mark.index > this.lastIndex) return `the floor ${mark.index} is above the log`;
    this.floor = mark;
    if (mark.index < this.#firstIndex) return null;
    this.entries = this.entries.slice(mark.index + 1 - this.#firstIndex);
    this.#firstIndex = mark.index + 1;
    return null;
  }
}

/** Reads one segment into the log. */
class SegmentReader {
  readonly header: Required<SegmentHeader>;
  maxIndex: LogIndex = 0;
  readonly #name: string;
  readonly #bytes: Buffer;
  readonly #seed: number;
  readonly #log: LogReplay;

  constructor(name: string, bytes: Buffer, options: ReplayOptions, log: LogReplay) {
    this.#name = name;
    this.#bytes = bytes;
    this.#log = log;
    const decoded = decodeSegmentHeader(bytes);
    if (decoded === null) throw this.#corruption(0, "the segment header is damaged");
    this.header = decoded.header;
    this.#seed = decoded.seed;
    if (this.header.formatVersion > FORMAT_VERSION) {
      throw new WalMismatch(
        "newer-format",
        `${name} has format version ${this.header.formatVersion}; this program reads up to ${FORMAT_VERSION}`,
      );
    }
    if (this.header.clusterId !== options.clusterId || this.header.memberId !== options.memberId) {
      throw new WalMismatch(
        "other-member",
        `${name} belongs to member ${this.header.memberId.toString(16)} of cluster ${this.header.clusterId.toString(16)}`,
      );
    }
  }

  /** The segment before must be the one that this one was begun after, read to its end. */
  checkContinues(before: SegmentSummary | null, tail: SegmentTail | null): void {
    const { sequence, tailIndex, tailTerm, previousCrc } = this.header;
    const named = parseSegmentName(this.#name);
    if (named?.sequence !== sequence || named.firstIndex !== tailIndex + 1) {
      throw this.#corruption(0, "the name of the segment contradicts its header");
    }
    if (before === null || tail === null) {
      this.#log.beginAfter(tailIndex, tailTerm);
      return;
    }
    if (sequence !== before.sequence + 1) {
      throw this.#corruption(0, `segment ${before.sequence + 1} is missing`);
    }
    const { lastIndex, lastTerm } = this.#log;
    if (previousCrc === tail.previousCrc && tailIndex === lastIndex && tailTerm === lastTerm)
      return;
    const reason = `groups are missing before segment ${sequence}, which continues from index ${tailIndex}`;
    throw new WalCorruption(tail.name, tail.endOffset, lastIndex, reason);
  }

  readGroups(isLast: boolean): SegmentTail {
    let previousCrc = this.header.previousCrc;
    let offset = SEGMENT_HEADER_BYTES;
    let last: { readonly offset: number; readonly isSeal: boolean } | null = null;
    for (;;) {
      const header = decodeGroupHeader(this.#bytes, offset, this.#seed);
      const body = header === null ? null : groupBody(this.#bytes, header);
      if (header === null || body === null) break;
      this.#checkFollows(header, previousCrc);
      this.#applyBody(offset, body);
      last = { offset, isSeal: header.bodyBytes === 0 };
      previousCrc = header.bodyCrc;
      offset += groupStride(header.bodyBytes);
    }
    const lastGroup =
      last === null
        ? null
        : { ...last, bytes: Buffer.from(this.#bytes.subarray(last.offset, offset)) };
    const dirtyEnd = this.#dirtyEnd(offset);
    if (dirtyEnd > offset) this.#judgeDamage(offset, isLast);
    return {
      name: this.#name,
      seed: this.#seed,
      endOffset: offset,
      lastGroup,
      previousCrc,
      dirtyEnd,
    };
  }

  #checkFollows(header: GroupHeader, previousCrc: number): void {
    const { lastIndex, lastTerm } = this.#log;
    if (header.previousCrc !== previousCrc) {
      throw this.#corruption(header.offset, "a group does not continue the one before it");
    }
    if (header.tailIndex !== lastIndex || header.tailTerm !== lastTerm) {
      const reason = `a group expects the log to end at index ${header.tailIndex}`;
      throw this.#corruption(header.offset, reason);
    }
  }

  #applyBody(offset: number, body: Buffer): void {
    for (const record of this.#decode(offset, body)) {
      const refusal = this.#log.apply(record);
      if (refusal !== null) {
        this.#log.isContradictory = true;
        throw this.#corruption(offset, refusal);
      }
      if (record.type !== "entries") continue;
      this.maxIndex = Math.max(this.maxIndex, record.firstIndex + record.entries.length - 1);
    }
  }

  #decode(offset: number, body: Buffer): WalRecord[] {
    try {
      // One copy for all entries of a group: a log in memory must not hold whole segments.
      return decodeRecords(Buffer.from(body));
    } catch (error) {
      if (!(error instanceof UnknownRecord)) throw error;
      throw new WalMismatch("newer-format", `${this.#name} at offset ${offset}: ${error.message}`);
    }
  }

  /** Torn is what nobody can have relied on. Everything else that does not read is corruption. */
  #judgeDamage(offset: number, isLast: boolean): void {
    if (!isLast) throw this.#corruption(offset, "a group is damaged, and a later segment exists");
    const start = offset + GROUP_ALIGNMENT;
    for (let at = start; at < this.#bytes.length; at += GROUP_ALIGNMENT) {
      const later = decodeGroupHeader(this.#bytes, at, this.#seed);
      if (later === null) continue;
      const reason = `a group is damaged, and one at offset ${at} proves that it was durable up to index ${later.tailIndex}`;
      throw this.#corruption(offset, reason);
    }
  }

  /** The end of the last byte after `offset` that is not zero. */
  #dirtyEnd(offset: number): number {
    let end = this.#bytes.length;
    while (
      end - ZEROS.length >= offset &&
      ZEROS.equals(this.#bytes.subarray(end - ZEROS.length, end))
    ) {
      end -= ZEROS.length;
    }
    while (end > offset && this.#bytes[end - 1] === 0) end -= 1;
    return end;
  }

  #corruption(offset: number, reason: string): WalCorruption {
    return new WalCorruption(this.#name, offset, this.#log.lastIndex, reason);
  }
}

const ZEROS = Buffer.alloc(64 * 1024);
