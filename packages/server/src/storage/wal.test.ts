import { VirtualClock } from "@conclave/base";
import type { Entry, SnapshotMark } from "@conclave/raft";
import { describe, expect, test } from "vitest";
import { MemoryDisk } from "./memory-disk.ts";
import { Wal, type WalOptions } from "./wal.ts";

const DIRECTORY = "/wal";

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

export function entry(index: number, term = 1, text = `command ${index}`): Entry {
  return { index, term, kind: "command", data: Buffer.from(text) };
}

export const founding: SnapshotMark = {
  index: 0,
  term: 0,
  membership: { voters: [0xa1n, 0xa2n, 0xa3n], learners: [0xb1n] },
};

async function diskWithDirectory(): Promise<MemoryDisk> {
  const disk = new MemoryDisk({ tracksDurability: true });
  await disk.makeDirectory(DIRECTORY);
  return disk;
}

function appended(wal: Wal, batch: Parameters<Wal["append"]>[0]): Promise<void> {
  return new Promise((resolve) => wal.append(batch, resolve));
}

describe("what was appended is read back", () => {
  test("hard state, entries, floor and membership survive a restart", async () => {
    const disk = await diskWithDirectory();
    const { wal, recovered } = await Wal.open(disk, DIRECTORY, walOptions());
    expect(recovered).toEqual({ hardState: null, floor: null, entries: [], tornBytes: 0 });
    await appended(wal, { reset: founding });
    const hardState = { term: 2, vote: 0xa2n, commit: 1 };
    const membership: Entry = { index: 2, term: 2, kind: "membership", data: Buffer.of(1, 2) };
    await appended(wal, { hardState, entries: [entry(1, 1), membership] });
    await wal.close();
    const again = await Wal.open(disk, DIRECTORY, walOptions());
    expect(again.recovered).toEqual({
      hardState,
      floor: founding,
      entries: [entry(1, 1), membership],
      tornBytes: 0,
    });
  });

  test("entries written again at a lower index void the old tail", async () => {
    const disk = await diskWithDirectory();
    const { wal } = await Wal.open(disk, DIRECTORY, walOptions());
    await appended(wal, { reset: founding, entries: [1, 2, 3, 4].map((index) => entry(index)) });
    await appended(wal, { entries: [entry(3, 2, "other")] });
    await wal.close();
    const { recovered } = await Wal.open(disk, DIRECTORY, walOptions());
    expect(recovered.entries).toEqual([entry(1), entry(2), entry(3, 2, "other")]);
  });
});
