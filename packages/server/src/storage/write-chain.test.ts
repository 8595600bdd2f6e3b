import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { nextBelow, nextChance, type Prng, seededPrng, systemClock } from "@conclave/base";
import { testSeeds } from "@conclave/base/testing";
import { META } from "@conclave/state-machine";
import { describe, expect, test } from "vitest";
import { type DatabaseHost, type LevelBatch, openLevel } from "./level-database.ts";
import { LevelStore, type LevelStoreOptions } from "./level-store.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { StateCorruption } from "./storage-error.ts";
import { memoryDatabases } from "./testing/memory-databases.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";
import { MILESTONES_MAX } from "./write-chain.ts";

type OpenDatabase = DatabaseHost["open"];

const KIB = 1024;

function openStore(path: string, overrides: Partial<LevelStoreOptions>): Promise<LevelStore> {
  const onFatal = (error: Error): never => {
    throw error;
  };
  return LevelStore.open(path, { clock: systemClock(), onFatal, ...overrides });
}

/** As the state machine names a revision's record. */
function revisionKey(revision: number): string {
  const bytes = Buffer.alloc(13, "k");
  bytes.writeBigUInt64BE(BigInt(revision), 1);
  bytes.writeUInt32BE(0, 9);
  return bytes.toString("latin1");
}

function appliedRecord(index: number): Uint8Array {
  return Buffer.from(`applied ${index}`);
}

/** Puts what an entry may put, in writes of all sizes; a write an entry. */
class Writer {
  readonly #prng: Prng;
  readonly expected = new Map<string, string>();
  #revision = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  async write(store: LevelStore, index: number, kind = nextBelow(this.#prng, 5)): Promise<void> {
    if (kind === 0) this.#put(store, `c lease ${nextBelow(this.#prng, 9)}`, 20);
    if (kind === 1) this.#put(store, `c lease ${nextBelow(this.#prng, 9)}`, 40 * KIB);
    if (kind === 2) this.#put(store, this.#nextRevision(), 100);
    if (kind >= 3) this.#put(store, this.#nextRevision(), 33 * KIB);
    if (this.#revision > 0 && nextChance(this.#prng, 0.2)) {
      const key = revisionKey(1 + nextBelow(this.#prng, this.#revision));
      store.delete(key);
      this.expected.delete(key);
    }
    store.put(META.applied, appliedRecord(index));
    this.expected.set(META.applied, `applied ${index}`);
    store.seal(index);
    await store.sync();
  }

  #nextRevision(): string {
    this.#revision += 1;
    return revisionKey(this.#revision);
  }

  #put(store: LevelStore, key: string, size: number): void {
    const text = String.fromCharCode(97 + nextBelow(this.#prng, 26)).repeat(size);
    store.put(key, Buffer.from(text));
    this.expected.set(key, text);
  }
}

async function checkHolds(store: LevelStore, expected: ReadonlyMap<string, string>): Promise<void> {
  const inOrder = [...expected].sort(([a], [b]) => (a < b ? -1 : 1));
  const snapshot = await store.snapshot();
  const found: [string, string][] = [];
  for await (const chunk of snapshot.scan()) {
    for (const [key, value] of chunk) found.push([key, Buffer.from(value).toString()]);
  }
  expect(found).toEqual(inOrder);
  const visited: [string, string][] = [];
  const isVisited = await snapshot.visitAll?.((key, keyLength, source, start, end) => {
    const name = Buffer.from(key.subarray(0, keyLength)).toString("latin1");
    visited.push([name, Buffer.from(source.subarray(start, end)).toString()]);
  });
  if (isVisited === true) expect(visited).toEqual(inOrder);
  const applied = snapshot.get(META.applied);
  expect(applied && Buffer.from(applied).toString()).toBe(expected.get(META.applied));
  expect(store.get(META.applied)).toEqual(applied);
  await snapshot.close();
}

/** The database of `open`, but the write of this number since now never reaches it. */
function losing(lost: number, open: OpenDatabase): OpenDatabase {
  let write = 0;
  return async (path) => {
    const level = await open(path);
    const batch = level.batch.bind(level);
    level.batch = () => {
      const real = batch();
      const wrapped: LevelBatch = {
        put: (key, value) => real.put(key, value),
        del: (key) => real.del(key),
        close: () => real.close(),
        write: (options) => {
          write += 1;
          return write === lost ? real.close() : real.write(options);
        },
      };
      return wrapped;
    };
    return level;
  };
}

async function emptyMemoryDatabase(): Promise<OpenDatabase> {
  const disk = new MemoryDisk();
  await disk.makeDirectory("/d");
  return memoryDatabases(disk).open;
}

const PATH = "/d/state";

describe.each(testSeeds(1, 20))("writes of all sizes, CONCLAVE_SEED=%i", (seed) => {
  test("are all there after any number of restarts, and the chain itself is not seen", async () => {
    const prng = seededPrng(seed);
    const openDatabase = await emptyMemoryDatabase();
    const writer = new Writer(prng);
    let index = 0;
    for (let session = 0; session < 6; session += 1) {
      const store = await openStore(PATH, { openDatabase });
      expect(store.appliedIndex).toBe(index);
      await checkHolds(store, writer.expected);
      for (let left = nextBelow(prng, 12); left > 0; left -= 1) {
        index += 1;
        await writer.write(store, index);
        if (nextChance(prng, 0.2)) await checkHolds(store, writer.expected);
      }
      await store.close();
    }
  });

  test("any of which is gone are noticed, unless it was the last (E1)", async () => {
    const prng = seededPrng(seed);
    const openDatabase = await emptyMemoryDatabase();
    const writer = new Writer(prng);
    const before = nextBelow(prng, 8);
    const after = 2 + nextBelow(prng, 8);
    let store = await openStore(PATH, { openDatabase });
    for (let index = 1; index <= before; index += 1) await writer.write(store, index);
    await store.close();
    const lost = 1 + nextBelow(prng, after);
    store = await openStore(PATH, { openDatabase: losing(lost, openDatabase) });
    for (let nth = 1; nth <= after; nth += 1) await writer.write(store, before + nth);
    await store.close();
    const again = openStore(PATH, { openDatabase });
    if (lost < after) {
      await expect(again).rejects.toThrow(StateCorruption);
      return;
    }
    expect((await again).appliedIndex).toBe(before + after - 1);
    await (await again).close();
  });
});

describe("milestones", () => {
  test("are deleted once there are many, and a write lost from those after is noticed", async () => {
    const openDatabase = await emptyMemoryDatabase();
    const writer = new Writer(seededPrng(1));
    let store = await openStore(PATH, { openDatabase });
    const many = MILESTONES_MAX + 3;
    for (let index = 1; index <= many; index += 1) await writer.write(store, index, 3);
    await store.close();
    const level = await openDatabase(PATH);
    const records = await level
      .iterator({ gte: "k", fillCache: false, highWaterMarkBytes: 1 })
      .nextv(10_000);
    const milestones = records.filter(([key]) => key.length > 13 && key < "\xff");
    expect(milestones).toHaveLength(many - MILESTONES_MAX);
    await level.close();
    store = await openStore(PATH, { openDatabase: losing(1, openDatabase) });
    await checkHolds(store, writer.expected);
    for (let index = many + 1; index <= many + 2; index += 1) await writer.write(store, index, 3);
    await store.close();
    await expect(openStore(PATH, { openDatabase })).rejects.toThrow(StateCorruption);
  });

  test("a database from before there were any opens, and goes on", async () => {
    const path = join(await temporaryDirectory(), "state");
    const level = await openLevel(path);
    const batch = level.batch();
    batch.put(META.applied, appliedRecord(7));
    batch.put(revisionKey(1), Buffer.from("one"));
    batch.put("\xffwrite-00000000000009", Buffer.of(7, 0, 0, 0, 0, 0, 0, 0));
    await batch.write({ sync: true });
    await level.close();
    const expected = new Map([
      [META.applied, "applied 7"],
      [revisionKey(1), "one"],
    ]);
    let store = await openStore(path, {});
    expect(store.appliedIndex).toBe(7);
    await checkHolds(store, expected);
    store.put(META.applied, appliedRecord(8));
    store.seal(8);
    await store.close();
    store = await openStore(path, {});
    await checkHolds(store, expected.set(META.applied, "applied 8"));
    await store.close();
  });

  test("LevelDB merges none of the tables that a busy server fills, and moves them down", async () => {
    const path = join(await temporaryDirectory(), "state");
    const store = await openStore(path, {});
    for (let revision = 1; revision <= 6_000; revision += 1) {
      store.put(revisionKey(revision), Buffer.alloc(10 * KIB, revision));
      store.put(META.applied, appliedRecord(revision));
      store.seal(revision);
      if (revision % 200 === 0) await store.sync();
    }
    await store.close();
    const diary = await readFile(join(path, "LOG"), "utf8");
    expect(diary.match(/Level-0 table #\d+: \d+ bytes OK/g)?.length).toBeGreaterThan(4);
    expect(diary).not.toMatch(/Compacting/);
  });
});
