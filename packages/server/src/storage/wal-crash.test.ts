import { nextBelow, nextChance, seededPrng } from "@conclave/base";
import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import { type CrashMode, DiskImage, type DiskOperation } from "./disk-image.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { printCounts } from "./testing/flip-counts.ts";
import { FOUNDING, openWal, WAL_DIRECTORY } from "./testing/wal-fixture.ts";
import { type LogContent, randomBatch, WalModel } from "./testing/wal-model.ts";
import type { WalRecovery } from "./wal.ts";
import type { WalBatch } from "./wal-group.ts";

const MODES: readonly CrashMode[] = ["nothing", "everything", "some", "torn-sectors", "no-names"];

interface Recording {
  readonly operations: readonly DiskOperation[];
  readonly model: WalModel;
  /** How many batches had been appended, and acknowledged, when the disk had done so many operations. */
  readonly appended: readonly number[];
  readonly acknowledged: readonly number[];
}

/** Lets a log work under random load, several appends at a time, and records what the disk was asked to do. */
async function record(seed: number, batchCount: number): Promise<Recording> {
  const prng = seededPrng(seed);
  const operations: DiskOperation[] = [];
  const appended: number[] = [];
  const acknowledged: number[] = [];
  const model = new WalModel();
  let acknowledgedCount = 0;
  const disk = new MemoryDisk({
    tracksDurability: true,
    afterOperation: (operation) => {
      operations.push(operation);
      appended.push(model.contents.length - 1);
      acknowledged.push(acknowledgedCount);
    },
  });
  await disk.makeDirectory(WAL_DIRECTORY);
  let { wal } = await openWal(disk, { segmentBytes: 2048 });
  const append = (batch: WalBatch): Promise<void> => {
    model.append(batch);
    const count = model.contents.length - 1;
    const { floor } = batch;
    const durable = floor
      ? wal.release(floor)
      : new Promise<void>((resolve) => wal.append(batch, resolve));
    return durable.then(() => {
      acknowledgedCount = Math.max(acknowledgedCount, count);
      acknowledged[operations.length - 1] = acknowledgedCount;
    });
  };
  await append({ reset: FOUNDING });
  let waiting: Promise<void>[] = [];
  for (let nth = 0; nth < batchCount; nth += 1) {
    waiting.push(append(randomBatch(model, prng)));
    if (nextChance(prng, 0.4)) await Promise.resolve();
    if (nextChance(prng, 0.2)) {
      await Promise.all(waiting);
      waiting = [];
    }
    if (nextChance(prng, 0.03)) {
      await Promise.all(waiting);
      await wal.close();
      ({ wal } = await openWal(disk, { segmentBytes: 2048 }));
    }
  }
  await Promise.all(waiting);
  return { operations, model, appended, acknowledged };
}

function textOf({ hardState, floor, entries }: LogContent): string {
  const state = `${hardState?.commit ?? 0}`;
  const mark = floor && `${floor.index} ${floor.term} ${floor.membership.voters.join()}`;
  const log = entries.map(({ term, index, kind, data }) => `${term} ${index} ${kind} ${data}`);
  return [state, mark, ...log].join("\n");
}

/**
 * Which of the model's contents the log came back with; null if none in [least, most]. The vote may be of a later one: its other
 * copy can get to the disk before the group does.
 */
function find(model: WalModel, recovered: WalRecovery, least: number, most: number): number | null {
  const text = textOf(recovered);
  const vote = voteOf(recovered);
  let isVoteKnown = false;
  for (let count = most; count >= least; count -= 1) {
    const content = model.contents[count];
    if (content === undefined) continue;
    isVoteKnown ||= voteOf(content) === vote;
    if (isVoteKnown && cachedTextOf(content) === text) return count;
  }
  return null;
}

function voteOf({ hardState }: LogContent): string {
  return `${hardState?.term ?? 0} ${hardState?.vote ?? 0n}`;
}

const texts = new WeakMap<LogContent, string>();

function cachedTextOf(content: LogContent): string {
  const text = texts.get(content) ?? textOf(content);
  texts.set(content, text);
  return text;
}

describe("after a power cut at any moment the log boots with everything it acknowledged (F3 to F6)", () => {
  test.each(testSeeds(20, 4))(
    "CONCLAVE_SEED=%i",
    async (seed) => {
      printReplayOnFailure(seed);
      const { operations, model, appended, acknowledged } = await record(seed, 250);
      const prng = seededPrng(seed + 1000);
      const image = new DiskImage({ tracksDurability: true });
      let images = 0;
      for (const [at, operation] of operations.entries()) {
        image.apply(operation);
        if (!image.hasDirectory(WAL_DIRECTORY)) continue;
        for (const mode of MODES) {
          const crashed = image.afterCrash(mode, prng);
          const where = `seed ${seed}, operation ${at} (${operation.type}), ${mode}`;
          const found = await boot(crashed, where);
          const least = acknowledged[at] ?? 0;
          const most = appended[at] ?? 0;
          const count = find(model, found.recovered, least, most);
          expect(count, `${where}: not what was appended up to ${least}..${most}`).not.toBeNull();
          images += 1;
          if (nextChance(prng, 0.1)) await crashAgain(crashed, found.recovered, where, seed + at);
          await found.wal.close();
        }
      }
      expect(images).toBeGreaterThan(1500);
      printCounts("images", "the log", { booted: images });
    },
    60_000,
  );
});

async function boot(image: DiskImage, where: string) {
  try {
    return await openWal(new MemoryDisk({ image }), { segmentBytes: 2048 });
  } catch (error) {
    throw new Error(`${where}: does not boot`, { cause: error });
  }
}

/** Goes on with a recovered log, cuts the power again in the middle of that, and boots once more. */
async function crashAgain(image: DiskImage, first: WalRecovery, where: string, seed: number) {
  const prng = seededPrng(seed);
  const crashed = image.afterCrash("everything", prng);
  const { wal } = await boot(crashed, where);
  const model = new WalModel();
  model.contents[0] = { hardState: first.hardState, floor: first.floor, entries: first.entries };
  let acknowledged = 0;
  const rounds = 1 + nextBelow(prng, 5);
  for (let nth = 1; nth <= rounds; nth += 1) {
    const batch = randomBatch(model, prng);
    model.append(batch);
    const durable = new Promise<void>((resolve) =>
      wal.append(batch, () => {
        acknowledged = nth;
        resolve();
      }),
    );
    if (nth < rounds) await durable;
    else await Promise.resolve();
  }
  // What is acknowledged later, the copy of the disk cannot know.
  const least = acknowledged;
  const again = await boot(crashed.afterCrash("torn-sectors", prng), `${where}, twice`);
  const count = find(model, again.recovered, least, rounds);
  expect(count, `${where}, twice: lost what was acknowledged`).not.toBeNull();
}
