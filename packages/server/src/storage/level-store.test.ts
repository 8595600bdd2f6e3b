import { nextBelow, nextChance, seededPrng, systemClock, VirtualClock } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import type { DurableStateStore, StateSnapshot } from "./durable-state-store.ts";
import { type LevelBatch, openLevel } from "./level-database.ts";
import { LevelStore, type LevelStoreOptions } from "./level-store.ts";
import { StateCorruption, StorageFailure } from "./storage-error.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";
import { VolatileStore } from "./volatile-store.ts";

function openStore(directory: string, overrides: Partial<LevelStoreOptions> = {}) {
  return LevelStore.open(directory, {
    clock: systemClock(),
    onFatal: (error) => {
      throw error;
    },
    ...overrides,
  });
}

async function recordsOf(snapshot: StateSnapshot, from?: string, to?: string) {
  const records: [string, string][] = [];
  for await (const chunk of snapshot.scan(from, to)) {
    for (const [key, value] of chunk) records.push([key, Buffer.from(value).toString("latin1")]);
  }
  return records;
}

const implementations = [
  { kind: "level", open: async () => openStore(await temporaryDirectory(), { flushBytes: 2000 }) },
  { kind: "volatile", open: async () => new VolatileStore() },
];

describe.each(implementations)("the $kind store", ({ open }) => {
  test("reads what was written, before and after it is on disk", async () => {
    const prng = seededPrng(testSeed(7));
    const store: DurableStateStore = await open();
    const model = new Map<string, string>();
    let snapshot: { readonly taken: StateSnapshot; readonly expected: [string, string][] } | null =
      null;
    for (let index = 1; index <= 600; index += 1) {
      for (let nth = nextBelow(prng, 5); nth >= 0; nth -= 1) {
        const key = String.fromCharCode(nextBelow(prng, 250), nextBelow(prng, 4));
        if (nextChance(prng, 0.3)) {
          model.delete(key);
          store.delete(key);
        } else {
          const text = `${index}.${nth}`.repeat(nextBelow(prng, 20));
          model.set(key, text);
          store.put(key, Buffer.from(text, "latin1"));
        }
        const probe = String.fromCharCode(nextBelow(prng, 250), nextBelow(prng, 4));
        const found = store.get(probe);
        expect(found && Buffer.from(found).toString("latin1")).toBe(model.get(probe));
      }
      store.seal(index);
      if (nextChance(prng, 0.05)) expect(await store.sync()).toBe(index);
      if (nextChance(prng, 0.2)) await new Promise((resolve) => setImmediate(resolve));
      if (snapshot === null && nextChance(prng, 0.05)) {
        const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
        const taken = await store.snapshot();
        expect(taken.appliedIndex).toBe(index);
        snapshot = { taken, expected };
      } else if (snapshot !== null && nextChance(prng, 0.1)) {
        const { taken, expected } = snapshot;
        expect(await recordsOf(taken)).toEqual(expected);
        const inside = expected.filter(([key]) => key >= "\x20" && key < "\x80");
        expect(await recordsOf(taken, "\x20", "\x80")).toEqual(inside);
        const [first] = expected;
        if (first) expect(Buffer.from(taken.get(first[0]) ?? "").toString("latin1")).toBe(first[1]);
        await taken.close();
        snapshot = null;
      }
    }
    await snapshot?.taken.close();
    await store.close();
  });

  test("keeps the applied index with its effects, and refuses keys of its own", async () => {
    const store: DurableStateStore = await open();
    store.put("a", Buffer.of(1));
    store.seal(3);
    expect(store.appliedIndex).toBe(3);
    expect(await store.sync()).toBe(3);
    expect(store.durableIndex).toBe(3);
    expect(() => store.put("\xffa", Buffer.of(1))).toThrow(/reserved/);
    await store.close();
  });
});

describe("on disk", () => {
  test("what was sealed is there after a restart, with its applied index; the open batch is not", async () => {
    const directory = await temporaryDirectory();
    const store = await openStore(directory);
    store.put("sealed", Buffer.from("yes"));
    store.seal(41);
    await store.sync();
    store.put("open", Buffer.from("no"));
    await store.close();
    const again = await openStore(directory);
    expect([again.appliedIndex, again.durableIndex]).toEqual([41, 41]);
    expect(Buffer.from(again.get("sealed")!).toString()).toBe("yes");
    expect(again.get("open")).toBeUndefined();
    await again.close();
  });

  test("an applied index without effects becomes durable all the same", async () => {
    const directory = await temporaryDirectory();
    const store = await openStore(directory);
    store.seal(5);
    expect(await store.sync()).toBe(5);
    await store.close();
    const again = await openStore(directory);
    expect(again.durableIndex).toBe(5);
    await again.close();
  });

  test("every write to LevelDB is synced, few, and no more than one at a time", async () => {
    const writes: { readonly sync: boolean }[] = [];
    let underWay = 0;
    const watch = (batch: LevelBatch): LevelBatch => ({
      put: (key, value) => batch.put(key, value),
      del: (key) => batch.del(key),
      close: () => batch.close(),
      write: async (options) => {
        writes.push(options);
        underWay += 1;
        expect(underWay).toBe(1);
        await batch.write(options);
        underWay -= 1;
      },
    });
    const store = await openWatched(watch, { flushBytes: 10_000 });
    for (let index = 1; index <= 1000; index += 1) {
      store.put(`key ${index}`, Buffer.alloc(100));
      store.seal(index);
    }
    await store.sync();
    expect(writes.length).toBeLessThanOrEqual(3);
    expect(writes.every(({ sync }) => sync)).toBe(true);
    await store.close();
  });

  test("a small write goes to disk when its time has come", async () => {
    const clock = new VirtualClock();
    const directory = await temporaryDirectory();
    const store = await openStore(directory, { clock, flushAfterMs: 100 });
    store.put("a", Buffer.of(1));
    store.seal(1);
    clock.advance(99);
    expect(store.overlayBytes).toBeGreaterThan(0);
    clock.advance(1);
    await expect.poll(() => store.durableIndex).toBe(1);
    expect(store.overlayBytes).toBe(0);
    await store.close();
  });

  test("beyond its limit it says so, and calls back when it is below again", async () => {
    const store = await openStore(await temporaryDirectory(), { overlayBytesMax: 50_000 });
    let index = 0;
    while (!store.isOverlayFull) {
      index += 1;
      store.put(`key ${index}`, Buffer.alloc(1000));
      store.seal(index);
      expect(index).toBeLessThan(100);
    }
    const relieved = new Promise<void>((resolve) => store.whenBelowLimit(resolve));
    await store.sync();
    await relieved;
    expect(store.isOverlayFull).toBe(false);
    await store.close();
  });

  test("a failed write is final: told once, and nothing is durable any more", async () => {
    const fatal: StorageFailure[] = [];
    let isBroken = false;
    const fail = (batch: LevelBatch): LevelBatch => ({
      put: (key, value) => batch.put(key, value),
      del: (key) => batch.del(key),
      close: () => batch.close(),
      write: (options) => (isBroken ? Promise.reject(new Error("EIO")) : batch.write(options)),
    });
    const store = await openWatched(fail, { onFatal: (error) => fatal.push(error) });
    store.put("a", Buffer.of(1));
    store.seal(1);
    await store.sync();
    isBroken = true;
    store.put("b", Buffer.of(1));
    store.seal(2);
    await expect(store.sync()).rejects.toThrow(StorageFailure);
    isBroken = false;
    store.seal(3);
    await expect(store.sync()).rejects.toThrow(StorageFailure);
    expect(fatal).toHaveLength(1);
    expect(store.durableIndex).toBe(1);
    await store.close();
  });

  test("a write that is gone from the middle is noticed: its applied index would cover lost effects (E1)", async () => {
    const directory = await temporaryDirectory();
    let write = 0;
    const loseThird = (batch: LevelBatch): LevelBatch => ({
      put: (key, value) => batch.put(key, value),
      del: (key) => batch.del(key),
      close: () => batch.close(),
      write: (options) => {
        write += 1;
        return write === 3 ? batch.close() : batch.write(options);
      },
    });
    const store = await openWatched(loseThird, {}, directory);
    for (let index = 1; index <= 4; index += 1) {
      store.put(`key ${index}`, Buffer.of(index));
      store.seal(index);
      await store.sync();
    }
    await store.close();
    await expect(openStore(directory)).rejects.toThrow(StateCorruption);
  });

  test("compaction gives back the space of what was deleted", async () => {
    const store = await openStore(await temporaryDirectory());
    for (let index = 1; index <= 2000; index += 1) store.put(`key ${index}`, noise(1000, index));
    store.seal(1);
    await store.sync();
    await store.compactRange("", "\xff");
    expect(await store.sizeBytes()).toBeGreaterThan(1_000_000);
    for (let index = 1; index <= 2000; index += 1) store.delete(`key ${index}`);
    store.seal(2);
    await store.sync();
    await store.compactRange("", "\xff");
    expect(await store.sizeBytes()).toBeLessThan(100_000);
    await store.close();
  });
});

function noise(length: number, seed: number): Uint8Array {
  const prng = seededPrng(seed);
  return Uint8Array.from({ length }, () => nextBelow(prng, 256));
}

/** A store whose batches pass through `wrap` on their way to LevelDB. */
async function openWatched(
  wrap: (batch: LevelBatch) => LevelBatch,
  overrides: Partial<LevelStoreOptions>,
  directory?: string,
) {
  return openStore(directory ?? (await temporaryDirectory()), {
    ...overrides,
    openDatabase: async (path) => {
      const level = await openLevel(path);
      const batch = level.batch.bind(level);
      level.batch = () => wrap(batch());
      return level;
    },
  });
}
