import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { nextBelow, nextChance, type Prng, seededPrng } from "@conclave/base";
import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import { Level } from "level";
import { expect, test } from "vitest";
import { RESERVED_KEYS } from "../durable-state-store.ts";
import { type LevelDatabase, openLevel } from "../level-database.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";

type Records = readonly (readonly [key: string, value: string])[];

/** What is read from the tables; null if they cannot be. */
async function readPastLevel(level: LevelDatabase): Promise<Records | null> {
  const records: [string, string][] = [];
  const isRead = await level.readTables?.(RESERVED_KEYS, (key, keyLength, source, start, end) => {
    records.push([textOf(key.subarray(0, keyLength)), textOf(source.subarray(start, end))]);
  });
  return isRead === true ? records : null;
}

async function readByLevel(level: LevelDatabase): Promise<Records> {
  const records: [string, string][] = [];
  const range = { gte: "", lt: RESERVED_KEYS };
  const iterator = level.iterator({ ...range, fillCache: false, highWaterMarkBytes: 65_536 });
  for (;;) {
    const chunk = await iterator.nextv(100);
    if (chunk.length === 0) break;
    for (const [key, value] of chunk) records.push([key, textOf(value)]);
  }
  await iterator.close();
  return records;
}

function textOf(value: Uint8Array): string {
  return Buffer.from(value).toString("latin1");
}

/** Few keys, of all bytes, some of them the beginning of others: most are written several times, and deleted. */
function drawKey(prng: Prng): string {
  const bytes = Array.from({ length: nextBelow(prng, 4) }, () => nextBelow(prng, 16) * 17);
  return `k${String.fromCharCode(...bytes)}`;
}

/** Mostly short; now and then of several blocks, rarely of more than is read at once. */
function drawValue(prng: Prng): Buffer {
  const size = nextChance(prng, 0.01)
    ? 300_000
    : nextBelow(prng, nextChance(prng, 0.1) ? 9000 : 90);
  return Buffer.alloc(size, `${prng.nextUint32()} `);
}

async function writeSome(level: LevelDatabase, prng: Prng): Promise<void> {
  for (let writes = nextBelow(prng, 5); writes >= 0; writes -= 1) {
    const batch = level.batch();
    for (let count = nextBelow(prng, 80); count >= 0; count -= 1) {
      if (nextChance(prng, 0.3)) batch.del(drawKey(prng));
      else batch.put(drawKey(prng), drawValue(prng));
    }
    batch.put(`${RESERVED_KEYS}mark`, Buffer.from("m"));
    await batch.write({ sync: false });
  }
}

async function usedDatabase(path: string, prng: Prng, sessions: number): Promise<void> {
  for (let session = 1; session <= sessions; session += 1) {
    const level = await openLevel(path);
    await writeSome(level, prng);
    if (nextChance(prng, 0.2)) await level.compactRange(drawKey(prng), drawKey(prng));
    await level.close();
  }
}

function tablesIn(path: string): readonly string[] {
  return readdirSync(path).filter((name) => name.endsWith(".ldb"));
}

/** Holds this thread up, while LevelDB works on its own. */
function waitUntil(isSo: () => boolean): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let waits = 0; waits < 1000 && !isSo(); waits += 1) Atomics.wait(cell, 0, 0, 10);
  Atomics.wait(cell, 0, 0, 100); // what it no longer needs is removed after that
}

test.each(testSeeds(1, 6))(
  "the tables hold what LevelDB reads from them, whatever was written over, deleted and compacted (seed %i)",
  async (seed) => {
    printReplayOnFailure(seed);
    const prng = seededPrng(seed);
    const path = await temporaryDirectory();
    let tablesMost = 0;
    for (let round = 0; round < 5; round += 1) {
      await usedDatabase(path, prng, 1 + nextBelow(prng, 4));
      const level = await openLevel(path);
      tablesMost = Math.max(tablesMost, tablesIn(path).length);
      expect(await readPastLevel(level)).toEqual(await readByLevel(level));
      await level.close();
    }
    expect(tablesMost).toBeGreaterThan(1);
  },
  60_000,
);

test("an empty database has no records", async () => {
  const level = await openLevel(await temporaryDirectory());
  expect(await readPastLevel(level)).toEqual([]);
  await level.close();
});

test("tables are read to the end though a compaction puts others in their place meanwhile", async () => {
  const path = await temporaryDirectory();
  for (const key of ["a", "b", "c", "d", "e"]) {
    const writing = await openLevel(path);
    const batch = writing.batch();
    batch.put(key, Buffer.alloc(1000, key));
    await batch.write({ sync: false });
    await writing.close();
  }
  const level = await openLevel(path);
  const before = tablesIn(path);
  const visited: string[] = [];
  let compaction: Promise<void> | null = null;
  const isRead = await level.readTables?.(RESERVED_KEYS, (key, keyLength) => {
    visited.push(textOf(key.subarray(0, keyLength)));
    if (compaction !== null) return;
    compaction = level.compactRange("", "z");
    waitUntil(() => tablesIn(path).some((name) => !before.includes(name)));
  });
  expect([isRead, visited]).toEqual([true, ["a", "b", "c", "d", "e"]]);
  await compaction;
  await level.close();
});

test("a table that is gone is no table without records: LevelDB has to be asked", async () => {
  const path = await temporaryDirectory();
  await usedDatabase(path, seededPrng(4), 3);
  const level = await openLevel(path);
  await rm(join(path, tablesIn(path)[0] ?? ""));
  expect(await readPastLevel(level)).toBeNull();
  await level.close();
});

test("compressed tables are left to LevelDB", async () => {
  const path = await temporaryDirectory();
  for (const key of ["a", "b"]) {
    const packed = new Level<string, string>(path, { compression: true });
    await packed.put(key, "value ".repeat(1000));
    await packed.close();
  }
  const level = await openLevel(path);
  expect(await readPastLevel(level)).toBeNull();
  expect(await readByLevel(level)).toHaveLength(2);
  await level.close();
});

test("what a visitor throws is its own, and leaves nothing open", async () => {
  const path = await temporaryDirectory();
  await usedDatabase(path, seededPrng(5), 3);
  const level = await openLevel(path);
  const reading = level.readTables?.(RESERVED_KEYS, () => {
    throw new Error("not mine");
  });
  await expect(reading).rejects.toThrow("not mine");
  await level.close();
});
