import { VirtualClock } from "@conclave/base";
import type { Entry } from "@conclave/raft";
import { describe, expect, test } from "vitest";
import type { DiskOperation } from "./disk-image.ts";
import { systemError } from "./memory-disk.ts";
import { StorageFailure, WalMismatch } from "./storage-error.ts";
import {
  appendDurably,
  diskForWal,
  entries,
  entry,
  FOUNDING,
  mark,
  openWal,
  WAL_DIRECTORY,
} from "./testing/wal-fixture.ts";

describe("what was appended is read back", () => {
  test("hard state, entries, floor and membership survive a restart", async () => {
    const disk = await diskForWal();
    const { wal, recovered } = await openWal(disk);
    expect(recovered).toMatchObject({
      hardState: null,
      floor: null,
      lostTail: null,
      entries: [],
      tornBytes: 0,
    });
    await appendDurably(wal, { reset: FOUNDING });
    const hardState = { term: 2, vote: 0xa2n, commit: 1 };
    const membership: Entry = { index: 2, term: 2, kind: "membership", data: Buffer.of(1, 2) };
    await appendDurably(wal, { hardState, entries: [entry(1), membership] });
    await wal.close();
    const again = await openWal(disk);
    const found = [entry(1), membership];
    expect(again.recovered).toMatchObject({
      hardState,
      floor: FOUNDING,
      entries: found,
      tornBytes: 0,
    });
  });

  test("entries written again at a lower index void the old tail", async () => {
    const disk = await diskForWal();
    const { wal } = await openWal(disk);
    await appendDurably(wal, { reset: FOUNDING, entries: entries(1, 40) });
    await appendDurably(wal, { entries: entries(3, 3, 2) });
    await wal.close();
    const { recovered } = await openWal(disk);
    expect(recovered.entries).toEqual([...entries(1, 2), entry(3, 2)]);
  });

  test("a reset voids everything before it: the log continues after the installed snapshot", async () => {
    const disk = await diskForWal();
    const { wal } = await openWal(disk);
    await appendDurably(wal, { reset: FOUNDING, entries: entries(1, 40) });
    await appendDurably(wal, { reset: mark(100, 7), entries: entries(101, 102, 7) });
    await wal.close();
    const { recovered } = await openWal(disk);
    expect(recovered).toMatchObject({ floor: mark(100, 7), entries: entries(101, 102, 7) });
  });

  test("a log of many segments reads back whole, and goes on after each restart", async () => {
    const disk = await diskForWal();
    for (let round = 0; round < 5; round += 1) {
      const { wal, recovered } = await openWal(disk);
      expect(recovered.entries).toEqual(entries(1, round * 100));
      if (round === 0) await appendDurably(wal, { reset: FOUNDING });
      for (let index = round * 100 + 1; index <= (round + 1) * 100; index += 1) {
        await appendDurably(wal, { entries: [entry(index)] });
      }
      await wal.close();
    }
    const { wal } = await openWal(disk);
    expect(wal.segmentNames.length).toBeGreaterThan(5);
  });

  test("a batch larger than a segment gets a segment of its own", async () => {
    const disk = await diskForWal();
    const { wal } = await openWal(disk);
    const large = { ...entry(2), data: Buffer.alloc(20_000, 5) };
    await appendDurably(wal, { reset: FOUNDING, entries: [entry(1)] });
    await appendDurably(wal, { entries: [large] });
    await appendDurably(wal, { entries: [entry(3)] });
    await wal.close();
    const { recovered } = await openWal(disk);
    expect(recovered.entries).toEqual([entry(1), large, entry(3)]);
  });
});

describe("group commit", () => {
  test("what arrives while a group is written is one next group, and completions keep the order", async () => {
    const writes: number[] = [];
    const disk = await diskForWal({
      afterOperation: (operation) => {
        if (operation.type === "write") writes.push(operation.bytes.length);
      },
    });
    const { wal } = await openWal(disk, { segmentBytes: 65536 });
    await appendDurably(wal, { reset: FOUNDING });
    writes.length = 0;
    const done: number[] = [];
    const all = [];
    for (let index = 1; index <= 100; index += 1) {
      all.push(
        new Promise<void>((resolve) =>
          wal.append({ entries: [entry(index)] }, () => {
            done.push(index);
            resolve();
          }),
        ),
      );
      // The first is on its way to the disk when the others come.
      if (index === 1) await Promise.resolve();
    }
    expect(done).toEqual([]);
    await Promise.all(all);
    expect(writes.length).toBe(2);
    expect(done).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
    await wal.close();
  });

  test("a group takes batches up to its limit, and at least one", async () => {
    const groups: number[] = [];
    const disk = await diskForWal({
      afterOperation: (operation) => {
        if (operation.type === "write") groups.push(operation.bytes.length);
      },
    });
    const { wal } = await openWal(disk, { segmentBytes: 1 << 20, groupBytesMax: 1000 });
    await appendDurably(wal, { reset: FOUNDING });
    groups.length = 0;
    const all = [];
    for (let index = 1; index <= 6; index += 1) {
      const large = { ...entry(index), data: Buffer.alloc(index === 6 ? 3000 : 400) };
      all.push(appendDurably(wal, { entries: [large] }));
    }
    await Promise.all(all);
    expect(groups.map((bytes) => Math.round(bytes / 400))).toEqual([2, 2, 1, 8]);
    await wal.close();
  });

  test("it tells for how long the disk has been at it", async () => {
    const clock = new VirtualClock();
    const disk = await diskForWal();
    const { wal } = await openWal(disk, { clock });
    const durable = appendDurably(wal, { reset: FOUNDING });
    expect(wal.stalledMs).toBe(0);
    await Promise.resolve();
    clock.advance(700);
    expect(wal.stalledMs).toBe(700);
    await durable;
    expect(wal.stalledMs).toBe(0);
    await wal.close();
  });

  test("it says that it is full while more than its limit waits for the disk", async () => {
    const disk = await diskForWal();
    const { wal } = await openWal(disk, { pendingBytesMax: 1000 });
    const first = appendDurably(wal, { reset: FOUNDING, entries: entries(1, 5) });
    expect(wal.isFull).toBe(false);
    const second = appendDurably(wal, { entries: entries(6, 40) });
    expect(wal.isFull).toBe(true);
    await Promise.all([first, second]);
    expect(wal.isFull).toBe(false);
    await wal.close();
  });

  test("nothing is reported durable before a sync followed its write", async () => {
    const operations: DiskOperation["type"][] = [];
    const disk = await diskForWal({ afterOperation: ({ type }) => operations.push(type) });
    const { wal } = await openWal(disk);
    await appendDurably(wal, { reset: FOUNDING });
    // The last two are the vote file's, which knows of each segment.
    const order = ["write", "sync", "rename", "sync-directory", "write", "sync"];
    expect(operations.slice(-6)).toEqual(order);
    operations.length = 0;
    await appendDurably(wal, { entries: [entry(1)] });
    expect(operations).toEqual(["write", "sync"]);
    await wal.close();
  });
});

describe("the disk fails", () => {
  const failures = [
    { why: "a sync fails once and would succeed after (F7)", type: "sync", code: "EIO" },
    { why: "a write finds the disk full (F8)", type: "write", code: "ENOSPC" },
  ] as const;

  test.each(failures)("final: $why", async ({ type, code }) => {
    let isBroken = false;
    const disk = await diskForWal({
      beforeOperation: (operation) => {
        if (!isBroken || operation.type !== type) return undefined;
        isBroken = false;
        throw systemError(code, "disk");
      },
    });
    const fatal: StorageFailure[] = [];
    const { wal } = await openWal(disk, { onFatal: (error) => fatal.push(error) });
    await appendDurably(wal, { reset: FOUNDING, entries: [entry(1)] });
    isBroken = true;
    const durable: number[] = [];
    wal.append({ entries: [entry(2)] }, () => durable.push(2));
    wal.append({ entries: [entry(3)] }, () => durable.push(3));
    await settled();
    wal.append({ entries: [entry(4)] }, () => durable.push(4));
    await settled();
    expect(durable).toEqual([]);
    expect(fatal).toHaveLength(1);
    expect(fatal[0]).toBeInstanceOf(StorageFailure);
    expect(fatal[0]?.cause).toMatchObject({ code });
    const { recovered } = await openWal(disk);
    expect(recovered.entries[0]).toEqual(entry(1));
  });

  test("a write that took only a part of its bytes acknowledges nothing, and the part is cut at the next start", async () => {
    let isBroken = false;
    const disk = await diskForWal({
      beforeOperation: (operation) => {
        if (!isBroken || operation.type !== "write") return undefined;
        return { ...operation, bytes: operation.bytes.subarray(0, 60) };
      },
    });
    const fatal: StorageFailure[] = [];
    const { wal } = await openWal(disk, { onFatal: (error) => fatal.push(error) });
    await appendDurably(wal, { reset: FOUNDING, entries: [entry(1)] });
    isBroken = true;
    wal.append({ entries: [entry(2)] }, () => expect.fail("was not durable"));
    await settled();
    expect(fatal).toHaveLength(1);
    isBroken = false;
    const { recovered } = await openWal(disk);
    expect(recovered).toMatchObject({ entries: [entry(1)] });
    expect(recovered.tornBytes).toBeGreaterThan(0);
  });

  test("the last group and the last vote are written again at the next start: their sync may have failed unseen (F7)", async () => {
    const disk = await diskForWal();
    const { wal } = await openWal(disk);
    await appendDurably(wal, { reset: FOUNDING });
    await appendDurably(wal, { entries: [entry(1)] });
    const writes: Uint8Array[] = [];
    const watched = await diskForWal({
      image: disk.image,
      afterOperation: (operation) => {
        if (operation.type === "write") writes.push(operation.bytes);
      },
    });
    const { recovered } = await openWal(watched);
    expect(recovered.entries).toEqual([entry(1)]);
    expect(writes).toHaveLength(2);
    expect(Buffer.from(writes[0]!).includes("command 1 of 1")).toBe(true);
    const votes = await watched.open(`${WAL_DIRECTORY}/vote`, { create: false });
    const vote = Buffer.from(await votes.read(0, await votes.size()));
    expect(vote.includes(Buffer.from(writes[1]!))).toBe(true);
  });
});

describe("release", () => {
  async function longLog() {
    const disk = await diskForWal();
    const { wal } = await openWal(disk);
    await appendDurably(wal, { reset: FOUNDING });
    const hardState = { term: 1, vote: 0xa3n, commit: 0 };
    await appendDurably(wal, { hardState });
    for (let index = 1; index <= 300; index += 1)
      await appendDurably(wal, { entries: [entry(index)] });
    return { disk, wal, hardState };
  }

  test("removes the segments below the floor and nothing that is still needed (E25)", async () => {
    const { disk, wal, hardState } = await longLog();
    const before = wal.segmentNames.length;
    await wal.release(mark(200));
    expect(wal.segmentNames.length).toBeLessThan(before - 3);
    await wal.close();
    const { recovered } = await openWal(disk);
    expect(recovered).toMatchObject({
      hardState,
      floor: mark(200),
      entries: entries(201, 300),
      tornBytes: 0,
    });
  });

  test("the head may be purged again and again, with restarts between", async () => {
    const { disk, wal } = await longLog();
    await wal.close();
    let last = 300;
    for (const floor of [120, 121, 250, 300, 390]) {
      const { wal } = await openWal(disk);
      for (; last < floor + 50; last += 1) await appendDurably(wal, { entries: [entry(last + 1)] });
      await Promise.all([wal.release(mark(floor)), wal.release(mark(floor))]);
      await wal.close();
      const { recovered } = await openWal(disk);
      expect(recovered).toMatchObject({ floor: mark(floor), entries: entries(floor + 1, last) });
    }
  });

  test("entries that were overwritten keep their segment only as long as they would if they counted", async () => {
    const { disk, wal } = await longLog();
    for (let index = 100; index <= 140; index += 1) {
      await appendDurably(wal, { entries: entries(index, index, 2) });
    }
    await wal.release(mark(139, 2));
    await wal.close();
    const { recovered } = await openWal(disk);
    expect(recovered.entries).toEqual([entry(140, 2)]);
  });
});

describe("the seal", () => {
  test("is written once after the log fell quiet, not while it is busy", async () => {
    const clock = new VirtualClock();
    const writes: number[] = [];
    const disk = await diskForWal({
      afterOperation: (operation) => {
        if (operation.type === "write") writes.push(operation.bytes.length);
      },
    });
    const { wal } = await openWal(disk, { clock, segmentBytes: 65536 });
    await appendDurably(wal, { reset: FOUNDING });
    writes.length = 0;
    for (let index = 1; index <= 10; index += 1) {
      await appendDurably(wal, { entries: [entry(index)] });
      clock.advance(30);
      await settled();
    }
    expect(writes).toHaveLength(10);
    clock.advance(1000);
    await settled();
    clock.advance(1000);
    await settled();
    expect(writes.slice(10)).toEqual([40]);
    await wal.close();
    expect(writes).toHaveLength(11);
  });
});

describe("a log that is not ours is left alone", () => {
  test("of another cluster or member", async () => {
    const disk = await diskForWal();
    const { wal } = await openWal(disk);
    await appendDurably(wal, { reset: FOUNDING });
    await wal.close();
    await expect(openWal(disk, { clusterId: 1n })).rejects.toThrow(WalMismatch);
    await expect(openWal(disk, { memberId: 1n })).rejects.toThrow(
      /belongs to member a1 of cluster c1/,
    );
  });
});

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
