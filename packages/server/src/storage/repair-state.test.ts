import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@conclave/base";
import { expect, test } from "vitest";
import { DataDirectoryError } from "./data-directory-error.ts";
import { openStorage } from "./recovery.ts";
import type { StorageOptions } from "./storage-options.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";
import { appendDurably, entries, FOUNDING, mark } from "./testing/wal-fixture.ts";

const PEERS = [0xa1n, 0xa2n, 0xa3n].map((id) => ({ id, name: `${id}`, peerUrls: [] }));
const VOTE = { term: 1, vote: 0xa2n };

function options(memberCount: number, repairs: string[] = []): StorageOptions {
  return {
    identity: {
      clusterId: 0xc1n,
      memberId: 0xa1n,
      name: "one",
      members: PEERS.slice(0, memberCount),
    },
    clock: systemClock(),
    onFatal: (error) => {
      throw error;
    },
    onRepair: (message) => repairs.push(message),
    segmentBytes: 16 * 1024,
  };
}

/** A member that applied 20 of 30 entries, and released its log up to `floorIndex`. */
async function usedDirectory(memberCount: number, floorIndex: number): Promise<string> {
  const path = await temporaryDirectory();
  const storage = await openStorage(path, options(memberCount));
  const hardState = { ...VOTE, commit: 20 };
  await appendDurably(storage.wal, { reset: FOUNDING, entries: entries(1, 30), hardState });
  for (let index = 1; index <= 20; index += 1) {
    storage.store.put(`entry ${index}`, Buffer.from(`${index}`));
    storage.store.seal(index);
  }
  await storage.store.sync();
  if (floorIndex > 0) await storage.wal.release(mark(floorIndex));
  await storage.close();
  return path;
}

const DAMAGES: readonly { readonly what: string; readonly to: (state: string) => Promise<void> }[] =
  [
    { what: "its pointer is garbage", to: (state) => writeFile(join(state, "current"), "{") },
    { what: "its pointer is gone", to: (state) => rm(join(state, "current")) },
    {
      what: "LevelDB cannot be opened",
      to: (state) => writeFile(join(state, "state-1", "CURRENT"), "nonsense"),
    },
  ];

test.each(DAMAGES)(
  "a state whose log is whole is made anew from it, even alone: $what",
  async ({ to }) => {
    const path = await usedDirectory(1, 0);
    const state = join(path, "member", "state");
    await to(state);
    const repairs: string[] = [];
    const storage = await openStorage(path, options(1, repairs));
    expect(storage.recovered).toMatchObject({ appliedIndex: 0, lostTail: null, hardState: VOTE });
    expect(storage.recovered.entries).toEqual(entries(1, 30));
    expect(storage.store.get("entry 1")).toBeUndefined();
    expect(repairs).toHaveLength(1);
    expect(await readdir(state)).toContain("state-1.damaged");
    await storage.close();
    const again = await openStorage(path, options(1, repairs));
    expect(repairs).toHaveLength(1);
    await again.close();
  },
);

test.each(DAMAGES)(
  "a state whose log was released comes from the peers, and the vote is bound: $what",
  async ({ to }) => {
    const path = await usedDirectory(3, 10);
    await to(join(path, "member", "state"));
    for (let round = 0; round < 2; round += 1) {
      const storage = await openStorage(path, options(3));
      expect(storage.recovered).toMatchObject({
        appliedIndex: 0,
        entries: [],
        hardState: { ...VOTE, commit: 0 },
        lostTail: { term: 1, index: 30 },
      });
      expect(storage.store.appliedIndex).toBe(0);
      await storage.close();
    }
  },
);

test.each(DAMAGES)(
  "alone, and with a released log, it is refused by name: $what",
  async ({ to }) => {
    const path = await usedDirectory(1, 10);
    await to(join(path, "member", "state"));
    await expect(openStorage(path, options(1))).rejects.toThrow(DataDirectoryError);
  },
);
