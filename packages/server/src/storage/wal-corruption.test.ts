import { isDeepStrictEqual } from "node:util";
import { nextBelow, seededPrng } from "@conclave/base";
import { describe, expect, test } from "vitest";
import { DiskImage, type DiskOperation } from "./disk-image.ts";
import { MemoryDisk, systemError } from "./memory-disk.ts";
import { StorageFailure, WalCorruption } from "./storage-error.ts";
import {
  appendDurably,
  entries,
  entry,
  FOUNDING,
  mark,
  openWal,
  WAL_DIRECTORY,
} from "./testing/wal-fixture.ts";
import { segmentName } from "./wal-header.ts";

const LAST_INDEX = 45;
const SEGMENT_BYTES = 1536;
const HARD_STATE = { term: 1, vote: 0xa2n, commit: 20 };

/** A log of several segments, as the operations that made it; the last group is sealed only if it was closed. */
async function recordLog(options: { readonly isClosed: boolean }): Promise<DiskOperation[]> {
  const operations: DiskOperation[] = [];
  const disk = new MemoryDisk({
    tracksDurability: true,
    afterOperation: (operation) => operations.push(operation),
  });
  await disk.makeDirectory(WAL_DIRECTORY);
  const { wal } = await openWal(disk, { segmentBytes: SEGMENT_BYTES });
  await appendDurably(wal, { reset: FOUNDING });
  for (let index = 1; index <= LAST_INDEX; index += 1) {
    const hardState = index === 20 ? { hardState: HARD_STATE } : {};
    await appendDurably(wal, { entries: [entry(index)], ...hardState });
  }
  await wal.release(mark(10));
  if (options.isClosed) await wal.close();
  return operations;
}

function imageOf(operations: readonly DiskOperation[]): DiskImage {
  const image = new DiskImage({ tracksDurability: true });
  for (const operation of operations) image.apply(operation);
  return image;
}

function segmentsOf(image: DiskImage): string[] {
  return image
    .list(WAL_DIRECTORY)
    .filter((name) => name.endsWith(".wal"))
    .sort();
}

function contentOf(image: DiskImage, name: string): Uint8Array {
  return image.contentOf(image.fileAt(`${WAL_DIRECTORY}/${name}`)!);
}

function damage(operations: readonly DiskOperation[], name: string, at: number, bytes: Uint8Array) {
  const image = imageOf(operations);
  const file = image.fileAt(`${WAL_DIRECTORY}/${name}`)!;
  image.apply({ type: "write", file, offset: at, bytes });
  return image;
}

function without(operations: readonly DiskOperation[], name: string): DiskImage {
  const image = imageOf(operations);
  image.apply({ type: "remove", path: `${WAL_DIRECTORY}/${name}` });
  return image;
}

type Outcome = { readonly whole: boolean } | { readonly refused: unknown };

async function outcomeOf(image: DiskImage, durableIndex = 0): Promise<Outcome> {
  const before = snapshotOf(image);
  try {
    const disk = new MemoryDisk({ image });
    const { recovered } = await openWal(disk, { segmentBytes: SEGMENT_BYTES, durableIndex });
    expect(recovered.hardState).toEqual(HARD_STATE);
    // Losing only the floor costs nothing: the entries below it are still there then.
    const floorIndex = recovered.floor?.index ?? 0;
    expect([0, 10]).toContain(floorIndex);
    const whole = entries(floorIndex + 1, LAST_INDEX);
    return { whole: isDeepStrictEqual(recovered.entries, whole) };
  } catch (error) {
    if (!(error instanceof WalCorruption)) throw error;
    expect(snapshotOf(image).equals(before), "what is refused is left as it was").toBe(true);
    return { refused: error };
  }
}

/** Names and contents, to compare. */
function snapshotOf(image: DiskImage): Buffer {
  const names = image.list(WAL_DIRECTORY).sort();
  return Buffer.concat(names.flatMap((name) => [Buffer.from(name), contentOf(image, name)]));
}

describe("rot is refused or harmless, and never costs an acknowledged entry (F10)", () => {
  test.each([
    { log: "a log that was closed", isClosed: true, durableIndex: 0 },
    {
      log: "a log that was killed, whose last entry is known to have been applied",
      isClosed: false,
      durableIndex: LAST_INDEX,
    },
  ])(
    "one flipped bit in each byte of $log",
    async ({ isClosed, durableIndex }) => {
      const operations = await recordLog({ isClosed });
      const image = imageOf(operations);
      const prng = seededPrng(4);
      let refusals = 0;
      let flips = 0;
      for (const name of segmentsOf(image)) {
        const content = contentOf(image, name);
        for (let at = 0; at < content.length; at += 1) {
          const flipped = Uint8Array.of(content[at]! ^ (1 << nextBelow(prng, 8)));
          const outcome = await outcomeOf(damage(operations, name, at, flipped), durableIndex);
          flips += 1;
          const where = `${name} at ${at}`;
          if ("whole" in outcome) expect(outcome.whole, where).toBe(true);
          else {
            refusals += 1;
            expect(outcome.refused, where).toMatchObject({ file: name });
            expect((outcome.refused as WalCorruption).offset, where).toBeLessThanOrEqual(at);
          }
        }
      }
      expect(refusals).toBeGreaterThan(0.5 * flips);
    },
    60_000,
  );

  test("a sector that reads as zeros or as garbage", async () => {
    const operations = await recordLog({ isClosed: true });
    const image = imageOf(operations);
    const prng = seededPrng(5);
    for (const name of segmentsOf(image)) {
      for (let at = 0; at < contentOf(image, name).length; at += 512) {
        const garbage = Uint8Array.from({ length: 512 }, () => nextBelow(prng, 256));
        for (const bytes of [new Uint8Array(512), garbage]) {
          // A whole tail of groups may go with its seal: then the applied index knows better.
          const outcome = await outcomeOf(damage(operations, name, at, bytes), LAST_INDEX);
          if ("whole" in outcome) expect(outcome.whole, `${name} at ${at}`).toBe(true);
        }
      }
    }
  });

  test("a write that the disk confirmed and lost (F11, F42)", async () => {
    const operations = await recordLog({ isClosed: true });
    for (const [at, operation] of operations.entries()) {
      if (operation.type !== "write") continue;
      const image = imageOf(operations.filter((_, nth) => nth !== at));
      const outcome = await outcomeOf(image);
      if ("whole" in outcome) expect(outcome.whole, `operation ${at}`).toBe(true);
    }
  });

  test("a write that went to the wrong place (F11)", async () => {
    const operations = await recordLog({ isClosed: true });
    for (const [at, operation] of operations.entries()) {
      if (operation.type !== "write" || operation.bytes.length === SEGMENT_BYTES) continue;
      const astray = operations.with(at, { ...operation, offset: operation.offset + 8 });
      const outcome = await outcomeOf(imageOf(astray));
      if ("whole" in outcome) expect(outcome.whole, `operation ${at}`).toBe(true);
    }
  });
});

describe("what is refused is named", () => {
  test("a damaged group with good ones after it: file, offset and the index it follows", async () => {
    const operations = await recordLog({ isClosed: false });
    const name = segmentsOf(imageOf(operations)).at(-1)!;
    const firstGroup = 64;
    const image = damage(operations, name, firstGroup + 45, Uint8Array.of(0xff));
    const firstIndex = Number.parseInt(name.slice(17, 33), 16);
    const { refused } = (await outcomeOf(image)) as { refused: WalCorruption };
    expect(refused).toMatchObject({ file: name, offset: 64, lastGoodIndex: firstIndex - 1 });
    expect(refused.message).toMatch(
      /durable up to index \d+ \(file .*, offset 64, after index \d+\)$/,
    );
  });

  test.each([
    {
      which: "the first segment above the floor",
      at: 0,
      reason: /begins at index \d+, its floor is/,
    },
    { which: "a segment in the middle", at: 1, reason: /segment \d+ is missing/ },
    {
      which: "the last segment, with its entries applied",
      at: -1,
      reason: /segment 4 is missing at the end/,
    },
  ])("$which is missing", async ({ at, reason }) => {
    const operations = await recordLog({ isClosed: false });
    const name = segmentsOf(imageOf(operations)).at(at)!;
    const outcome = await outcomeOf(without(operations, name), LAST_INDEX);
    expect("refused" in outcome && String(outcome.refused)).toMatch(reason);
  });

  test("a segment under another's name", async () => {
    const operations = await recordLog({ isClosed: false });
    const [first] = segmentsOf(imageOf(operations));
    const image = imageOf(operations);
    const from = `${WAL_DIRECTORY}/${first}`;
    image.apply({ type: "rename", from, to: `${WAL_DIRECTORY}/${segmentName(99, 46)}` });
    const outcome = await outcomeOf(image, LAST_INDEX);
    expect("refused" in outcome && String(outcome.refused)).toMatch(
      /name of the segment contradicts/,
    );
  });

  test("a segment that cannot be read is an error of the disk, not the end of the log (F9)", async () => {
    const image = imageOf(await recordLog({ isClosed: false }));
    const disk = new MemoryDisk({
      image,
      onRead: (path) => {
        throw systemError("EIO", path);
      },
    });
    await expect(openWal(disk, { segmentBytes: SEGMENT_BYTES })).rejects.toThrow(StorageFailure);
  });
});

describe("a torn tail is cut", () => {
  test("whatever stands where the next group would have stood, as long as it proves nothing", async () => {
    const operations = await recordLog({ isClosed: true });
    const image = imageOf(operations);
    const name = segmentsOf(image).at(-1)!;
    const content = Buffer.from(contentOf(image, name));
    const end = content.findLastIndex((byte) => byte !== 0) + 1;
    const tail = Math.ceil(end / 8) * 8;
    const prng = seededPrng(6);
    for (let nth = 0; nth < 150; nth += 1) {
      const length = 1 + nextBelow(prng, content.length - tail);
      const garbage = Uint8Array.from({ length }, () => nextBelow(prng, 256));
      // The header of a real group with lengths out of this world, now and then (E27).
      if (nth % 3 === 0 && length > 40) garbage.set(content.subarray(64, 104), 0);
      const damaged = damage(operations, name, tail, garbage);
      const disk = new MemoryDisk({ image: damaged });
      const { wal, recovered } = await openWal(disk, { segmentBytes: SEGMENT_BYTES });
      expect(recovered.entries).toEqual(entries(11, LAST_INDEX));
      await appendDurably(wal, { entries: [entry(LAST_INDEX + 1)] });
      await wal.close();
      const again = await openWal(disk, { segmentBytes: SEGMENT_BYTES });
      expect(again.recovered).toMatchObject({ tornBytes: 0, entries: entries(11, LAST_INDEX + 1) });
    }
  });
});
