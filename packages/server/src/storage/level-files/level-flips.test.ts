import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nextBelow, seededPrng, systemClock } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { expect, test } from "vitest";
import { DiskImage } from "../disk-image.ts";
import { LevelStore } from "../level-store.ts";
import { MemoryDisk } from "../memory-disk.ts";
import { printCounts } from "../testing/flip-counts.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { findLevelDamage } from "./find-damage.ts";

/** Flips; CONCLAVE_FLIPS raises it. */
const FLIPS = Number(process.env.CONCLAVE_FLIPS) || 3000;
const DIRECTORY = "/state";
/** LevelDB's own diary and its lock: nobody reads what is in them. */
const WITHOUT_CONTENT = ["LOG", "LOG.old", "LOCK"];

const textAt = (index: number): Buffer => Buffer.from(`${index}.`.repeat(1 + (index % 50)));

function open(path: string): Promise<LevelStore> {
  const onFatal = (error: Error): never => {
    throw error;
  };
  return LevelStore.open(path, { clock: systemClock(), onFatal });
}

/** A database with tables on two levels, and a log of several writes. */
async function usedDatabase(): Promise<string> {
  const path = join(await temporaryDirectory(), "state-1");
  for (let session = 1; session <= 7; session += 1) {
    const store = await open(path);
    const from = store.appliedIndex;
    for (let index = from + 1; index <= from + 60; index += 1) {
      store.put(`entry ${index}`, textAt(index));
      if (index % 3 === 0) store.delete(`entry ${index - 2}`);
      store.seal(index);
      if (index % 10 === 0) await store.sync();
    }
    if (session === 5) await store.compactRange("", "z");
    await store.close();
  }
  return path;
}

/** The state is that of one index: its own. */
async function checkIsOfOneIndex(path: string, where: string): Promise<void> {
  const store = await open(path);
  const applied = store.appliedIndex;
  for (let index = 1; index <= applied; index += 1) {
    const isDeleted = (index + 2) % 3 === 0 && index + 2 <= applied;
    const value = store.get(`entry ${index}`);
    if (isDeleted ? value === undefined : value !== undefined && textAt(index).equals(value))
      continue;
    expect.fail(`${where}: the state at ${applied} is wrong about entry ${index}`);
  }
  expect(store.get(`entry ${applied + 1}`), where).toBeUndefined();
  await store.close();
}

test(`every bit flipped in a database is found before it is opened, or ends it at an earlier write (${FLIPS} flips)`, async () => {
  const prng = seededPrng(testSeed(3));
  const path = await usedDatabase();
  const image = new DiskImage({ tracksDurability: false });
  const disk = new MemoryDisk({ image });
  await disk.makeDirectory(DIRECTORY);
  const files: { readonly name: string; readonly bytes: Buffer }[] = [];
  for (const name of await readdir(path)) {
    const bytes = await readFile(join(path, name));
    const file = await disk.open(`${DIRECTORY}/${name}`, { create: true });
    await file.write(0, [bytes]);
    if (bytes.length > 0 && !WITHOUT_CONTENT.includes(name)) files.push({ name, bytes });
  }
  expect(await findLevelDamage(disk, DIRECTORY)).toBeNull();
  expect(files.filter(({ name }) => name.endsWith(".ldb")).length).toBeGreaterThan(1);
  const found = new Map<string, number>();
  let torn = 0;
  for (let nth = 0; nth < FLIPS; nth += 1) {
    const { name, bytes } = files[nth % files.length]!;
    const [offset, bit] = [nextBelow(prng, bytes.length), nextBelow(prng, 8)];
    const where = `${name}, offset ${offset}, bit ${bit}`;
    const file = image.fileAt(`${DIRECTORY}/${name}`)!;
    const flipped = Uint8Array.of(bytes[offset]! ^ (1 << bit));
    image.apply({ type: "write", file, offset, bytes: flipped });
    const damage = await findLevelDamage(disk, DIRECTORY);
    image.apply({ type: "write", file, offset, bytes: bytes.subarray(offset, offset + 1) });
    if (damage !== null) {
      expect(damage.file, where).toBe(name);
      const kind = name.replace(/\d+/, "");
      found.set(kind, (found.get(kind) ?? 0) + 1);
      continue;
    }
    // Only the last write of the log cannot be told from one that was cut short.
    expect(name, where).toMatch(/\.log$/);
    torn += 1;
    const copy = join(await temporaryDirectory(), "state-1");
    await cp(path, copy, { recursive: true });
    const changed = Buffer.from(bytes);
    changed[offset] = flipped[0]!;
    await writeFile(join(copy, name), changed);
    await checkIsOfOneIndex(copy, where);
  }
  for (const kind of [".ldb", ".log", "MANIFEST-", "CURRENT"]) {
    expect(found.get(kind) ?? 0, kind).toBeGreaterThan(FLIPS / 20);
  }
  expect(await findLevelDamage(disk, DIRECTORY)).toBeNull();
  const detected = [...found.values()].reduce((sum, count) => sum + count, 0);
  printCounts("flips", "LevelDB's files", { detected, "as a write cut short": torn });
}, 120_000);

test("a table or a MANIFEST that is missing, short or of another time is found", async () => {
  const path = await usedDatabase();
  const disk = new MemoryDisk();
  await disk.makeDirectory(DIRECTORY);
  for (const name of await readdir(path)) {
    const file = await disk.open(`${DIRECTORY}/${name}`, { create: true });
    await file.write(0, [await readFile(join(path, name))]);
  }
  const table = (await disk.list(DIRECTORY)).find((name) => name.endsWith(".ldb"))!;
  const file = await disk.open(`${DIRECTORY}/${table}`, { create: false });
  const size = await file.size();
  await file.truncate(size - 1);
  expect(await findLevelDamage(disk, DIRECTORY)).toEqual({ file: table, offset: size - 1 });
  await disk.remove(`${DIRECTORY}/${table}`);
  expect(await findLevelDamage(disk, DIRECTORY)).toEqual({ file: table, offset: 0 });
  await disk.remove(`${DIRECTORY}/CURRENT`);
  expect(await findLevelDamage(disk, DIRECTORY)).toEqual({ file: "CURRENT", offset: 0 });
});
