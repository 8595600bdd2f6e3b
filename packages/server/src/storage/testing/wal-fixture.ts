import { VirtualClock } from "@conclave/base";
import type { Entry, SnapshotMark } from "@conclave/raft";
import { MemoryDisk, type MemoryDiskOptions } from "../memory-disk.ts";
import { Wal, type WalOptions } from "../wal.ts";
import type { WalBatch } from "../wal-group.ts";

export const WAL_DIRECTORY = "/wal";

/** Small segments, so that tests cross many of them. A failure of the disk fails the test unless it expects one. */
export function walOptions(overrides: Partial<WalOptions> = {}): WalOptions {
  return {
    clusterId: 0xc1n,
    memberId: 0xa1n,
    clock: new VirtualClock(),
    onFatal: (error) => {
      throw error;
    },
    segmentBytes: 4096,
    ...overrides,
  };
}

export function entry(index: number, term = 1, text = `command ${index} of ${term}`): Entry {
  return { index, term, kind: "command", data: Buffer.from(text) };
}

/** Entries [first, last]. */
export function entries(first: number, last: number, term = 1): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, at) => entry(first + at, term));
}

export const FOUNDING: SnapshotMark = {
  index: 0,
  term: 0,
  membership: { voters: [0xa1n, 0xa2n, 0xa3n], learners: [0xb1n] },
};

export function mark(index: number, term = 1): SnapshotMark {
  return { ...FOUNDING, index, term };
}

export async function diskForWal(options: MemoryDiskOptions = {}): Promise<MemoryDisk> {
  const disk = new MemoryDisk({ tracksDurability: true, ...options });
  if (!disk.image.hasDirectory(WAL_DIRECTORY)) await disk.makeDirectory(WAL_DIRECTORY);
  return disk;
}

export function openWal(disk: MemoryDisk, overrides: Partial<WalOptions> = {}) {
  return Wal.open(disk, WAL_DIRECTORY, walOptions(overrides));
}

/** Appends and waits until it is durable. */
export function appendDurably(wal: Wal, batch: WalBatch): Promise<void> {
  return new Promise((resolve) => wal.append(batch, resolve));
}
