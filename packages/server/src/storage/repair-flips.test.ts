import { nextBelow, seededPrng, VirtualClock } from "@conclave/base";
import { printReplayOnFailure, testSeed } from "@conclave/base/testing";
import type { LogPosition } from "@conclave/raft";
import { describe, expect, test } from "vitest";
import { DataDirectoryError } from "./data-directory-error.ts";
import { DiskImage, type DiskOperation } from "./disk-image.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { openLog, type RecoveredMember } from "./open-log.ts";
import { WalCorruption } from "./storage-error.ts";
import type { StorageOptions } from "./storage-options.ts";
import { printCounts } from "./testing/flip-counts.ts";
import {
  appendDurably,
  entries,
  FOUNDING,
  mark,
  openWal,
  WAL_DIRECTORY,
} from "./testing/wal-fixture.ts";
import { VOTE_NAME } from "./vote-file.ts";

const SEGMENT_BYTES = 2048;
/** Flips of each test; CONCLAVE_FLIPS raises it. */
const FLIPS = Number(process.env.CONCLAVE_FLIPS) || 3000;
const VOTE = { term: 4, vote: 0xa3n };
/** The log of the fixture ends here, and the state holds this much of it. */
const END: LogPosition = { term: 4, index: 70 };
const APPLIED_INDEX = 30;

const PEERS = [0xa1n, 0xa2n, 0xa3n].map((id) => ({ id, name: `${id}`, peerUrls: [] }));

function options(members = PEERS): StorageOptions {
  return {
    identity: { clusterId: 0xc1n, memberId: 0xa1n, name: "one", members },
    clock: new VirtualClock(),
    onFatal: (error) => {
      throw error;
    },
    segmentBytes: SEGMENT_BYTES,
  };
}

/** A log of several segments in which a later leader overwrote entries, with a floor, closed well. */
async function record(): Promise<readonly DiskOperation[]> {
  const operations: DiskOperation[] = [];
  const disk = new MemoryDisk({ afterOperation: (operation) => operations.push(operation) });
  await disk.makeDirectory(WAL_DIRECTORY);
  const { wal } = await openWal(disk, { segmentBytes: SEGMENT_BYTES });
  await appendDurably(wal, { reset: FOUNDING, hardState: { term: 1, vote: 0xa2n, commit: 0 } });
  for (let index = 1; index <= 48; index += 3) {
    const hardState = { term: 1, vote: 0xa2n, commit: Math.max(0, index - 4) };
    await appendDurably(wal, { entries: entries(index, index + 2), hardState });
  }
  await wal.release(mark(12));
  // Entries 46 to 48 of term 1 were never committed.
  await appendDurably(wal, { hardState: { term: 3, vote: 0n, commit: 45 } });
  await appendDurably(wal, { entries: entries(46, 60, 3) });
  await appendDurably(wal, { hardState: { ...VOTE, commit: 60 } });
  for (let index = 61; index <= 70; index += 2) {
    await appendDurably(wal, { entries: entries(index, index + 1, 4) });
  }
  await wal.close();
  return operations;
}

function imageOf(operations: readonly DiskOperation[]): DiskImage {
  const image = new DiskImage({ tracksDurability: false });
  for (const operation of operations) image.apply(operation);
  return image;
}

function filesOf(image: DiskImage): { readonly path: string; readonly size: number }[] {
  return image
    .list(WAL_DIRECTORY)
    .filter((name) => name.endsWith(".wal") || name === VOTE_NAME)
    .map((name) => `${WAL_DIRECTORY}/${name}`)
    .map((path) => ({ path, size: image.contentOf(image.fileAt(path)!).length }));
}

function flip(image: DiskImage, path: string, offset: number, bit: number): void {
  const file = image.fileAt(path)!;
  const bytes = Uint8Array.of(image.contentOf(file)[offset]! ^ (1 << bit));
  image.apply({ type: "write", file, offset, bytes });
}

async function boot(image: DiskImage, members = PEERS): Promise<RecoveredMember> {
  const state = { appliedIndex: APPLIED_INDEX, installed: null, damage: null };
  const disk = new MemoryDisk({ image });
  const { wal, recovered } = await openLog(disk, WAL_DIRECTORY, options(members), state);
  await wal.close();
  return recovered;
}

const truth = [...entries(1, 45), ...entries(46, 60, 3), ...entries(61, 70, 4)];

/** Nothing of what this member says after the repair may contradict what it said before. */
function checkPromises(recovered: RecoveredMember, where: string): void {
  const { hardState, floor, lostTail } = recovered;
  expect(hardState, where).toMatchObject(VOTE);
  const commit = Math.max(hardState?.commit ?? 0, recovered.appliedIndex);
  expect(commit, where).toBeLessThanOrEqual(60);
  for (const entry of recovered.entries.filter(({ index }) => index <= commit)) {
    expect(entry, where).toEqual(truth[entry.index - 1]);
  }
  if (recovered.appliedIndex > 0) {
    expect(floor?.index, where).toBeLessThanOrEqual(recovered.appliedIndex);
    expect(recovered.appliedIndex, where).toBe(APPLIED_INDEX);
  }
  if (lostTail === null) {
    expect(recovered.entries, where).toEqual(truth.slice(floor?.index ?? 0));
    return;
  }
  const isCovered =
    lostTail.term > END.term || (lostTail.term === END.term && lostTail.index >= END.index);
  expect(isCovered, `${where}: forgets what was acknowledged: ${JSON.stringify(lostTail)}`).toBe(
    true,
  );
}

describe("any bit of the log or the vote file flipped (F10)", () => {
  test(`in a member with peers: nothing it promised is forgotten, and it boots (${FLIPS} flips)`, async () => {
    const seed = testSeed(1);
    printReplayOnFailure(seed);
    const prng = seededPrng(seed);
    const operations = await record();
    const files = filesOf(imageOf(operations));
    const found = { whole: 0, repaired: 0, endKnown: 0, keptEntries: 0 };
    for (let nth = 0; nth < FLIPS; nth += 1) {
      const image = imageOf(operations);
      const { path, size } = files[nextBelow(prng, files.length)]!;
      const [offset, bit] = [nextBelow(prng, size), nextBelow(prng, 8)];
      flip(image, path, offset, bit);
      const where = `${path}, offset ${offset}, bit ${bit}`;
      const recovered = await boot(image);
      checkPromises(recovered, where);
      if (recovered.lostTail === null) found.whole += 1;
      else found.repaired += 1;
      if (recovered.lostTail?.index === END.index) found.endKnown += 1;
      if (recovered.lostTail !== null && recovered.entries.length > 0) found.keptEntries += 1;
      if (nth % 10 !== 0) continue;
      const again = await boot(image);
      expect(again, `${where}, booted twice`).toEqual({ ...recovered, tornBytes: 0 });
    }
    for (const count of Object.values(found)) expect(count).toBeGreaterThan(FLIPS / 50);
    const { whole, repaired } = found;
    printCounts("flips", "log and vote file, with peers", { whole, repaired });
  }, 240_000);

  test(`in a member alone: it refuses with file and offset, or nothing is missing (${FLIPS} flips)`, async () => {
    const seed = testSeed(2);
    printReplayOnFailure(seed);
    const prng = seededPrng(seed);
    const operations = await record();
    const files = filesOf(imageOf(operations));
    let refused = 0;
    for (let nth = 0; nth < FLIPS; nth += 1) {
      const image = imageOf(operations);
      const { path, size } = files[nextBelow(prng, files.length)]!;
      const [offset, bit] = [nextBelow(prng, size), nextBelow(prng, 8)];
      flip(image, path, offset, bit);
      const where = `${path}, offset ${offset}, bit ${bit}`;
      try {
        const recovered = await boot(image, PEERS.slice(0, 1));
        expect(recovered.lostTail, where).toBeNull();
        checkPromises(recovered, where);
      } catch (error) {
        expect(error, where).toBeInstanceOf(WalCorruption);
        const { file, offset: at } = error as WalCorruption;
        expect(file, where).toMatch(/\.wal$/);
        expect(at, where).toBeLessThanOrEqual(Math.max(offset, 64));
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(FLIPS / 10);
    printCounts("flips", "log and vote file, alone", { whole: FLIPS - refused, refused });
  }, 240_000);
});

describe("what is certain of a damaged log", () => {
  /** Damages the log in its second segment, and does something else besides. */
  async function damaged(also: (image: DiskImage) => void = () => {}): Promise<DiskImage> {
    const image = imageOf(await record());
    const path = filesOf(image).filter((file) => file.path.endsWith(".wal"))[1]!.path;
    flip(image, path, 200, 3);
    also(image);
    return image;
  }

  test("without a proven vote the member refuses by name, and changes nothing", async () => {
    for (const also of [
      (image: DiskImage) => flip(image, `${WAL_DIRECTORY}/${VOTE_NAME}`, 40, 0),
      (image: DiskImage) => flip(image, `${WAL_DIRECTORY}/${VOTE_NAME}`, 4096 + 40, 0),
      (image: DiskImage) => image.apply({ type: "remove", path: `${WAL_DIRECTORY}/${VOTE_NAME}` }),
    ]) {
      const image = await damaged(also);
      const before = image.list(WAL_DIRECTORY).sort();
      const error: unknown = await boot(image).catch((refusal: unknown) => refusal);
      expect(error).toBeInstanceOf(DataDirectoryError);
      expect(String(error)).toMatch(
        /offset \d+.*nor does its vote file prove what this member voted/,
      );
      expect(image.list(WAL_DIRECTORY).sort()).toEqual(before);
    }
  });

  test("with the newest segment missing nothing is known of its end but the term", async () => {
    const image = imageOf(await record());
    const newest = filesOf(image)
      .filter((file) => file.path.endsWith(".wal"))
      .at(-1)!.path;
    image.apply({ type: "remove", path: newest });
    const { lostTail } = await boot(image);
    expect(lostTail).toEqual({ term: 4, index: Number.MAX_SAFE_INTEGER });
  });

  test("damaged once more before it recovered, it forgets nothing of the first time", async () => {
    const image = await damaged();
    const first = await boot(image);
    expect(first.lostTail).toEqual(END);
    const path = filesOf(image)
      .filter((file) => file.path.endsWith(".wal"))
      .at(-1)!.path;
    flip(image, path, 150, 1);
    const { lostTail, hardState } = await boot(image);
    expect(hardState).toMatchObject(VOTE);
    expect(lostTail).toEqual({ term: 4, index: Number.MAX_SAFE_INTEGER });
  });

  test("the damaged segments are kept aside, those of the last damage", async () => {
    const image = await damaged();
    await boot(image);
    await boot(image);
    const names = image.list(WAL_DIRECTORY);
    expect(names.filter((name) => name.endsWith(".damaged")).length).toBeGreaterThan(1);
    expect(names.filter((name) => name.endsWith(".wal"))).toHaveLength(1);
  });
});
