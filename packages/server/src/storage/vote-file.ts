import { crc32 } from "node:zlib";
import { assert } from "@conclave/base";
import type { HardState, LogIndex, MemberId, Term } from "@conclave/raft";
import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { StorageFailure, WalMismatch } from "./storage-error.ts";
import { readUint53, writeUint53 } from "./wal-header.ts";

export const VOTE_NAME = "vote";
const TEMPORARY_NAME = `${VOTE_NAME}.tmp`;

const MAGIC = Buffer.from("CNCLVOTE", "latin1");
const VERSION = 1;
/** A slot is one sector, and each has a page of its own: no write, torn or misdirected by less, touches both. Bytes. */
const SLOT_BYTES = 512;
const SLOT_STRIDE = 4096;
const CRC_OFFSET = 72;

/** What the log may not be the only one to know. */
export interface VoteRecord {
  readonly term: Term;
  readonly vote: MemberId;
  /** Durable in the log when this was written. */
  readonly commit: LogIndex;
  /** Sequence of the newest segment then. */
  readonly segment: number;
}

interface Slot extends VoteRecord {
  /** Writes since the file was made. The slot it is in: the remainder by 2. */
  readonly count: number;
}

/** What the file says at boot. */
export interface VoteReading {
  /** Null: there is none, or none that reads. */
  readonly record: VoteRecord | null;
  /** Both slots read, so the newer one is the newest that was ever durable. */
  readonly isProven: boolean;
}

/**
 * A second copy of term and vote beside the log, in two slots that are written in turn: the one thing that peers cannot
 * give back to a member whose log is damaged. Written only when term or vote change and when a segment is begun; a
 * vote is durable when both copies are. The layout is in docs/wal-format.md, "The vote file".
 */
export class VoteFile {
  readonly reading: VoteReading;
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #clusterId: bigint;
  readonly #memberId: MemberId;
  #file: DiskFile | null;
  #count: number;
  #written: VoteRecord | null;

  private constructor(
    disk: Disk,
    directory: string,
    ids: { readonly clusterId: bigint; readonly memberId: MemberId },
    file: DiskFile | null,
    slots: readonly [Slot | null, Slot | null],
  ) {
    this.#disk = disk;
    this.#directory = directory;
    this.#clusterId = ids.clusterId;
    this.#memberId = ids.memberId;
    this.#file = file;
    const [even, odd] = slots;
    const newest = (even?.count ?? -1) > (odd?.count ?? -1) ? even : odd;
    const isProven = even !== null && odd !== null && Math.abs(even.count - odd.count) === 1;
    this.#count = newest?.count ?? 0;
    this.#written = isProven ? newest : null;
    this.reading = { record: newest, isProven };
  }

  /** @throws WalMismatch if it is another member's */
  static async open(
    disk: Disk,
    directory: string,
    ids: { readonly clusterId: bigint; readonly memberId: MemberId },
  ): Promise<VoteFile> {
    const names = await disk.list(directory);
    if (!names.includes(VOTE_NAME)) return new VoteFile(disk, directory, ids, null, [null, null]);
    const path = `${directory}/${VOTE_NAME}`;
    const file = await disk.open(path, { create: false });
    const bytes = await file.read(0, SLOT_STRIDE + SLOT_BYTES).then(Buffer.from, (cause) => {
      throw new StorageFailure(`cannot read ${path}`, { cause });
    });
    const slots = [0, 1].map((at) => {
      const slot = bytes.subarray(at * SLOT_STRIDE, at * SLOT_STRIDE + SLOT_BYTES);
      return decodeSlot(slot, at, ids);
    });
    return new VoteFile(disk, directory, ids, file, [slots[0] ?? null, slots[1] ?? null]);
  }

  /** Whether {@link write} is needed before a group with this hard state counts as durable. */
  lacks({ term, vote }: HardState): boolean {
    return this.#written?.term !== term || this.#written.vote !== vote;
  }

  /** Makes the file, or brings it up to date: both slots read afterwards, and what they say is durable. */
  async settle(record: VoteRecord): Promise<void> {
    if (this.#file === null) {
      await this.#make(record);
      return;
    }
    const before = this.#written;
    const isSame =
      before !== null && !this.lacks({ ...record }) && before.segment === record.segment;
    if (isSame) {
      // It may have been read from a page cache of which the disk knows nothing: written again, as the log's last group is.
      await this.#put({ ...before, count: this.#count });
      return;
    }
    // Twice if a slot is not to be relied on: whichever it was, it is then written anew.
    if (before === null) await this.write(record);
    await this.write(record);
  }

  /** Durable when it resolves. One at a time. */
  async write(record: VoteRecord): Promise<void> {
    this.#count += 1;
    await this.#put({ ...record, count: this.#count });
    this.#written = record;
  }

  async #put(slot: Slot): Promise<void> {
    assert(this.#file !== null, "a slot is written into a file");
    await this.#file.writeDurably((slot.count % 2) * SLOT_STRIDE, this.#encode(slot));
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  async #make(record: VoteRecord): Promise<void> {
    const temporary = `${this.#directory}/${TEMPORARY_NAME}`;
    const names = await this.#disk.list(this.#directory);
    if (names.includes(TEMPORARY_NAME)) await this.#disk.remove(temporary);
    const file = await this.#disk.open(temporary, { create: true });
    const bytes = new Uint8Array(2 * SLOT_STRIDE);
    bytes.set(this.#encode({ ...record, count: 0 }), 0);
    bytes.set(this.#encode({ ...record, count: 1 }), SLOT_STRIDE);
    await file.writeDurably(0, bytes);
    await this.#disk.rename(temporary, `${this.#directory}/${VOTE_NAME}`);
    await this.#disk.syncDirectory(this.#directory);
    this.#file = file;
    this.#count = 1;
    this.#written = record;
  }

  #encode({ term, vote, commit, segment, count }: Slot): Uint8Array {
    const bytes = Buffer.alloc(SLOT_BYTES);
    bytes.set(MAGIC, 0);
    bytes.writeUInt32LE(VERSION, 8);
    bytes.writeBigUInt64LE(this.#clusterId, 16);
    bytes.writeBigUInt64LE(this.#memberId, 24);
    writeUint53(bytes, count, 32);
    writeUint53(bytes, term, 40);
    bytes.writeBigUInt64LE(vote, 48);
    writeUint53(bytes, commit, 56);
    writeUint53(bytes, segment, 64);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, CRC_OFFSET)), CRC_OFFSET);
    return bytes;
  }
}

/** @returns null unless an undamaged slot stands there */
function decodeSlot(
  bytes: Buffer,
  at: number,
  ids: { readonly clusterId: bigint; readonly memberId: MemberId },
): Slot | null {
  if (bytes.length < SLOT_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return null;
  if (crc32(bytes.subarray(0, CRC_OFFSET)) !== bytes.readUInt32LE(CRC_OFFSET)) return null;
  const version = bytes.readUInt32LE(8);
  if (version > VERSION) {
    const message = `${VOTE_NAME} has format version ${version}; this program reads up to ${VERSION}`;
    throw new WalMismatch("newer-format", message);
  }
  const clusterId = bytes.readBigUInt64LE(16);
  const memberId = bytes.readBigUInt64LE(24);
  if (clusterId !== ids.clusterId || memberId !== ids.memberId) {
    const owner = `member ${memberId.toString(16)} of cluster ${clusterId.toString(16)}`;
    throw new WalMismatch("other-member", `${VOTE_NAME} belongs to ${owner}`);
  }
  const [count, term, commit, segment] = [32, 40, 56, 64].map((from) => readUint53(bytes, from));
  if (count == null || term == null || commit == null || segment == null) return null;
  if (count % 2 !== at) return null;
  return { count, term, vote: bytes.readBigUInt64LE(48), commit, segment };
}

/**
 * The newer of what log and vote file say. A file that is ahead was written beside a group that did not get durable: nobody was told
 * of that vote, and to have given it harms nobody.
 * @throws DataDirectoryError if they name two votes in one term: no order of writes leaves that behind
 */
export function newerHardState(
  path: string,
  hardState: HardState | null,
  record: VoteRecord | null,
): HardState | null {
  if (record === null || record.term === 0) return hardState;
  const { term, vote } = record;
  if (hardState === null || term > hardState.term) {
    return { term, vote, commit: hardState?.commit ?? 0 };
  }
  if (term < hardState.term || vote === 0n || vote === hardState.vote) return hardState;
  if (hardState.vote === 0n) return { ...hardState, vote };
  const votes = `${hardState.vote.toString(16)} and ${vote.toString(16)}`;
  const message = `${path} and its ${VOTE_NAME} file name two votes in term ${term}: ${votes}`;
  throw new DataDirectoryError("DAMAGED", message);
}
