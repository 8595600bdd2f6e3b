import { VirtualClock } from "@conclave/base";
import { expect, test } from "vitest";
import type { DiskFile } from "./disk.ts";
import { DurableWriter } from "./durable-writer.ts";
import { MemoryDisk } from "./memory-disk.ts";

/** A file that notes on which way it was written, and takes as long as it is told. */
async function watchedFile(clock: VirtualClock) {
  const ways: string[] = [];
  const disk = new MemoryDisk();
  const file: DiskFile = await disk.open("/log", { create: true });
  const watched = {
    ways,
    latencyMs: 0.1,
    file: Object.assign(file, {
      writeDurablyNow: () => {
        ways.push("now");
        clock.advance(watched.latencyMs);
      },
      writeDurably: async () => {
        ways.push("pool");
        clock.advance(watched.latencyMs);
      },
    }),
  };
  return watched;
}

function write(writer: DurableWriter, file: DiskFile, bytes: number) {
  return new Promise<unknown>((resolve) => writer.write(file, 0, new Uint8Array(bytes), resolve));
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("small writes are made at once, large ones beside the loop", async () => {
  const clock = new VirtualClock();
  const watched = await watchedFile(clock);
  const writer = new DurableWriter(clock);
  await write(writer, watched.file, 100);
  await nextTurn();
  await write(writer, watched.file, 100_000);
  await write(writer, watched.file, 100);
  expect(watched.ways).toEqual(["now", "pool", "now"]);
});

test("one write in a turn of the loop is made at once: what else comes in it shall gather", async () => {
  const clock = new VirtualClock();
  const watched = await watchedFile(clock);
  const writer = new DurableWriter(clock);
  for (let nth = 0; nth < 3; nth += 1) await write(writer, watched.file, 100);
  await nextTurn();
  await write(writer, watched.file, 100);
  expect(watched.ways).toEqual(["now", "pool", "pool", "now"]);
});

/** Writes one by one, each in a turn of its own. @returns how many stalled the loop */
async function stallsOf(
  writer: DurableWriter,
  watched: Awaited<ReturnType<typeof watchedFile>>,
  writes: number,
): Promise<number> {
  watched.ways.length = 0;
  for (let nth = 0; nth < writes; nth += 1) {
    await write(writer, watched.file, 100);
    await nextTurn();
  }
  return watched.ways.filter((way) => way === "now").length;
}

test("a disk that is slow stalls the loop ever less often (F12)", async () => {
  const clock = new VirtualClock();
  const watched = await watchedFile(clock);
  const writer = new DurableWriter(clock);
  watched.latencyMs = 500;
  expect(await stallsOf(writer, watched, 1 + 64)).toBe(1);
  expect(await stallsOf(writer, watched, 1 + 128)).toBe(1);
  expect(await stallsOf(writer, watched, 1 + 256)).toBe(1);
});

// Threads of the pool wait for a processor: their writes say little of the disk.
test("a disk that was slow once is written at once again after 64 writes, however long those took", async () => {
  const clock = new VirtualClock();
  const watched = await watchedFile(clock);
  const writer = new DurableWriter(clock);
  watched.latencyMs = 5;
  await write(writer, watched.file, 100);
  watched.file.writeDurablyNow = () => {
    watched.ways.push("now");
    clock.advance(0.1);
  };
  expect(await stallsOf(writer, watched, 64)).toBe(0);
  expect(await stallsOf(writer, watched, 64)).toBe(64);
  watched.file.writeDurablyNow = () => clock.advance(5);
  await write(writer, watched.file, 100);
  expect(await stallsOf(writer, watched, 64)).toBe(0);
});

test("a disk that is quick but for its outliers is written at once", async () => {
  const clock = new VirtualClock();
  const watched = await watchedFile(clock);
  const writer = new DurableWriter(clock);
  watched.latencyMs = 3;
  expect(await stallsOf(writer, watched, 10)).toBe(10);
});

test("a failure is reported on either way", async () => {
  const clock = new VirtualClock();
  const { file } = await watchedFile(clock);
  const writer = new DurableWriter(clock);
  const cause = new Error("EIO");
  file.writeDurablyNow = () => {
    throw cause;
  };
  file.writeDurably = () => Promise.reject(cause);
  expect(await write(writer, file, 100)).toEqual({ cause });
  expect(await write(writer, file, 100_000)).toEqual({ cause });
});
