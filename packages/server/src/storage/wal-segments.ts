import { assert } from "@conclave/base";
import type { LogIndex, MemberId } from "@conclave/raft";
import type { Disk, DiskFile } from "./disk.ts";
import { type SegmentHeader, segmentName } from "./wal-header.ts";
import type { Replay, SegmentSummary, SegmentTail } from "./wal-replay.ts";

/** What the segments of a damaged log are renamed to. */
export const DAMAGED_SUFFIX = ".damaged";

/** A segment that is made but not in use yet has this name; a leftover is worthless. */
export const PREPARED_NAME = "prepared.tmp";

const FILL_CHUNK_BYTES = 1024 * 1024;
const ZEROS = new Uint8Array(FILL_CHUNK_BYTES);

/** The segment that groups are appended to. */
interface CurrentSegment {
  readonly file: DiskFile;
  readonly summary: SegmentSummary;
  readonly seed: number;
}

export interface SegmentOptions {
  readonly clusterId: bigint;
  readonly memberId: MemberId;
  /** Size to which a segment is filled ahead of use. Bytes. */
  readonly segmentBytes: number;
}

/** The files of the log: which one is appended to, the next one made ahead of need, old ones removed. */
export class WalSegments {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #options: SegmentOptions;
  readonly #summaries: SegmentSummary[];
  #current: CurrentSegment | null = null;
  #prepared: Promise<DiskFile> | null = null;
  /** Ends when the removals asked for so far are done: they go one after another. */
  #releases: Promise<void> = Promise.resolve();

  constructor(
    disk: Disk,
    directory: string,
    options: SegmentOptions,
    summaries: readonly SegmentSummary[],
  ) {
    this.#disk = disk;
    this.#directory = directory;
    this.#options = options;
    this.#summaries = [...summaries];
  }

  get current(): CurrentSegment | null {
    return this.#current;
  }

  /** Oldest first. */
  get names(): readonly string[] {
    return this.#summaries.map((summary) => summary.name);
  }

  /**
   * Makes the directory fit to append to after it has been read and judged: drops a leftover, cuts the torn tail, writes
   * the last group again (rule 5 of the format: its fsync may have failed unseen) and makes all of that durable.
   */
  async repair(replay: Replay): Promise<void> {
    const names = await this.#disk.list(this.#directory);
    await removePrepared(this.#disk, this.#directory);
    await this.#setAside(names, replay.voidNames);
    const summary = this.#summaries.at(-1);
    if (replay.tail !== null && summary !== undefined) {
      const file = await this.#disk.open(this.#path(summary.name), { create: false });
      await repairTail(file, replay.tail);
      this.#current = { file, summary, seed: replay.tail.seed };
    }
    // Also settles a rename that was still in doubt when the process before died.
    await this.#disk.syncDirectory(this.#directory);
  }

  /** Begins to make the next segment, unless that was done. Errors surface in {@link begin}. */
  prepareNext(): Promise<DiskFile> {
    if (this.#prepared === null) {
      this.#prepared = this.#makePrepared();
      this.#prepared.catch(() => {});
    }
    return this.#prepared;
  }

  /** The header of the segment that would be begun now. */
  nextHeader(tail: Pick<SegmentHeader, "previousCrc" | "tailIndex" | "tailTerm">): SegmentHeader {
    const { clusterId, memberId } = this.#options;
    const sequence = (this.#summaries.at(-1)?.sequence ?? 0) + 1;
    return { beginsAnew: false, clusterId, memberId, sequence, ...tail };
  }

  /**
   * Puts the prepared segment into use. `bytes` are its header and first group: they become durable before the file gets
   * its name, so a named segment is never without a good header.
   */
  async begin(header: SegmentHeader, seed: number, bytes: Uint8Array): Promise<void> {
    const file = await this.prepareNext();
    this.#prepared = null;
    await file.writeDurably(0, bytes);
    const name = segmentName(header.sequence, header.tailIndex + 1);
    await this.#disk.rename(this.#path(PREPARED_NAME), this.#path(name));
    await this.#disk.syncDirectory(this.#directory);
    const before = this.#current;
    const summary = { name, sequence: header.sequence, maxIndex: 0 };
    this.#summaries.push(summary);
    this.#current = { file, summary, seed };
    await before?.file.close();
  }

  /**
   * Removes the segments that hold nothing above `floorIndex`, oldest first, each durably before the next: a crash must not
   * leave a hole in the sequence. The current segment stays. Requires: the floor is durable.
   */
  release(floorIndex: LogIndex): Promise<void> {
    this.#releases = this.#releases.then(() => this.#removeBelow(floorIndex));
    return this.#releases;
  }

  async close(): Promise<void> {
    await this.#releases.catch(() => {});
    const prepared = await this.#prepared?.catch(() => null);
    await prepared?.close();
    await this.#current?.file.close();
    this.#current = null;
  }

  /** Segments that a damaged log left behind are kept for a human to look at: those of the last damage, no more. */
  async #setAside(names: readonly string[], voidNames: readonly string[]): Promise<void> {
    if (voidNames.length === 0) return;
    for (const name of names) {
      if (name.endsWith(DAMAGED_SUFFIX)) await this.#disk.remove(this.#path(name));
    }
    for (const name of voidNames) {
      await this.#disk.rename(this.#path(name), this.#path(name + DAMAGED_SUFFIX));
    }
  }

  async #removeBelow(floorIndex: LogIndex): Promise<void> {
    for (;;) {
      const oldest = this.#summaries[0];
      assert(oldest !== undefined, "a floor is durable, so there is a segment");
      if (this.#summaries.length === 1 || oldest.maxIndex > floorIndex) return;
      this.#summaries.shift();
      await this.#disk.remove(this.#path(oldest.name));
      await this.#disk.syncDirectory(this.#directory);
    }
  }

  async #makePrepared(): Promise<DiskFile> {
    const file = await this.#disk.open(this.#path(PREPARED_NAME), { create: true });
    // Synced in steps, so that the appends going on beside it never wait behind one long flush.
    for (let at = 0; at < this.#options.segmentBytes; at += FILL_CHUNK_BYTES) {
      const chunkBytes = Math.min(FILL_CHUNK_BYTES, this.#options.segmentBytes - at);
      await file.write(at, [ZEROS.subarray(0, chunkBytes)]);
      await file.sync();
    }
    return file;
  }

  #path(name: string): string {
    return `${this.#directory}/${name}`;
  }
}

/** A segment that was made and never came into use. */
export async function removePrepared(disk: Disk, directory: string): Promise<void> {
  const isThere = (await disk.list(directory)).includes(PREPARED_NAME);
  if (isThere) await disk.remove(`${directory}/${PREPARED_NAME}`);
}

async function repairTail(file: DiskFile, tail: SegmentTail): Promise<void> {
  for (let at = tail.endOffset; at < tail.dirtyEnd; at += FILL_CHUNK_BYTES) {
    const chunkBytes = Math.min(FILL_CHUNK_BYTES, tail.dirtyEnd - at);
    await file.write(at, [ZEROS.subarray(0, chunkBytes)]);
  }
  if (tail.lastGroup !== null) await file.write(tail.lastGroup.offset, [tail.lastGroup.bytes]);
  await file.sync();
}
