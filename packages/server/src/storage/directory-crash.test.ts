import { nextBelow, nextChance, type Prng, seededPrng } from "@conclave/base";
import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import { afterAll, describe, expect, test } from "vitest";
import { type CrashMode, DiskImage } from "./disk-image.ts";
import type { MemberStorage } from "./member-storage.ts";
import { systemError } from "./memory-disk.ts";
import {
  DirectoryRun,
  type DirectoryTrace,
  openDirectory,
  stateKey,
  stateValue,
} from "./testing/directory-run.ts";
import { printCounts } from "./testing/flip-counts.ts";
import type { LogContent } from "./testing/wal-model.ts";

const MODES: readonly CrashMode[] = ["nothing", "everything", "some", "torn-sectors", "no-names"];
const SEEDS = 5;
/** Crash images of all seeds together. */
let images = 0;

/** Where in a trace the power was cut, and how. */
interface Cut {
  readonly trace: DirectoryTrace;
  readonly at: number;
  readonly where: string;
}

function lastIndexOf({ entries, floor }: Pick<LogContent, "entries" | "floor">): number {
  return entries.at(-1)?.index ?? floor?.index ?? 0;
}

/** Whether a log that was found is that of the model, but for what its state holds anyway. */
function isSameLog(found: LogContent, wanted: LogContent): boolean {
  if (lastIndexOf(found) !== lastIndexOf(wanted)) return false;
  const above = Math.max(found.floor?.index ?? 0, wanted.floor?.index ?? 0);
  const textOf = ({ entries }: LogContent): string =>
    entries
      .filter(({ index }) => index > above)
      .map(({ term, index, data }) => `${term} ${index} ${data}`)
      .join("\n");
  return textOf(found) === textOf(wanted);
}

/** What is promised: the log as some batch since the last acknowledged one left it, and no term or vote forgotten. */
function checkPromises(storage: MemberStorage, { trace, at, where }: Cut): void {
  const { recovered, store } = storage;
  const { hardState, floor, entries, appliedIndex, lostTail } = recovered;
  expect(lostTail, where).toBeNull();
  const least = trace.acknowledged[at] ?? 0;
  const most = trace.appended[at] ?? 0;
  const candidates = trace.model.contents.slice(least, most + 1);
  const content = candidates.find((each) => isSameLog(recovered, each));
  expect(content, `${where}: not what was appended up to ${least}..${most}`).toBeDefined();
  const term = hardState?.term ?? 0;
  expect(term, `${where}: a term is forgotten`).toBeGreaterThanOrEqual(
    candidates[0]?.hardState?.term ?? 0,
  );
  // The fixture votes once a term, for a member of the term's number.
  expect(hardState?.vote ?? 0n, `${where}: a vote is forgotten`).toBe(BigInt(term));
  expect(entries[0]?.index ?? (floor?.index ?? 0) + 1, where).toBe((floor?.index ?? 0) + 1);
  expect(hardState?.commit ?? 0, where).toBeLessThanOrEqual(lastIndexOf(recovered));
  expect(store.appliedIndex, where).toBe(appliedIndex);
  expect(appliedIndex, where).toBeGreaterThanOrEqual(floor?.index ?? 0);
  for (let index = 1; index <= appliedIndex; index += 1) {
    const value = store.get(stateKey(index));
    if (value !== undefined && stateValue(index).equals(value)) continue;
    expect.fail(`${where}: the state at ${appliedIndex} lacks what ${index} did`);
  }
  expect(store.get(stateKey(appliedIndex + 1)), where).toBeUndefined();
}

async function boot(image: DiskImage, where: string): Promise<MemberStorage> {
  try {
    return await openDirectory(image);
  } catch (error) {
    throw new Error(`${where}: does not boot`, { cause: error });
  }
}

/** The power goes again while the member comes up. */
async function cutWhileBooting(image: DiskImage, cut: Cut, prng: Prng): Promise<void> {
  let left = 1 + nextBelow(prng, 12);
  await openDirectory(image, {
    beforeOperation: () => {
      left -= 1;
      if (left < 0) throw systemError("EIO", "the power is gone");
      return undefined;
    },
  }).catch(() => null);
  const where = `${cut.where}, and again while booting`;
  for (const mode of MODES) {
    checkPromises(await boot(image.afterCrash(mode, prng), `${where}, ${mode}`), { ...cut, where });
    images += 1;
  }
}

describe("after a power cut at any moment a data directory boots with all that it promised (F3 to F6)", () => {
  test.each(testSeeds(1, SEEDS))(
    "CONCLAVE_SEED=%i",
    async (seed) => {
      printReplayOnFailure(seed);
      const trace = await new DirectoryRun(seed).record(110);
      const prng = seededPrng(seed + 1000);
      const image = new DiskImage({ tracksDurability: true });
      for (const [at, operation] of trace.operations.entries()) {
        image.apply(operation);
        for (const mode of MODES) {
          const where = `seed ${seed}, operation ${at} (${operation.type}), ${mode}`;
          const cut = { trace, at, where };
          const crashed = image.afterCrash(mode, prng);
          if (nextChance(prng, 0.02)) {
            const copy = crashed.afterCrash("everything", prng);
            await cutWhileBooting(copy, cut, prng);
          }
          checkPromises(await boot(crashed, where), cut);
          images += 1;
        }
      }
    },
    120_000,
  );

  afterAll(() => {
    printCounts("images", "whole data directories", { booted: images });
  });
});

test("the runs whose crashes are tried do all that a member does to its directory", async () => {
  const steps = new Set<string>();
  const types = new Set<string>();
  const names = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const trace = await new DirectoryRun(seed).record(110);
    for (const name of trace.steps.keys()) steps.add(name);
    for (const operation of trace.operations) {
      types.add(operation.type);
      if (operation.type === "rename") names.add(kindOf(operation.to));
      if (operation.type === "remove") names.add(`${kindOf(operation.path)}, removed`);
    }
  }
  const all = ["append", "apply", "pass", "cut", "install", "repair", "abandon", "restart"];
  expect([...steps].sort()).toEqual(all.sort());
  const parts = ["current", "identity", "segment", "vote", "segment, removed", "state, removed"];
  expect([...names]).toEqual(expect.arrayContaining(parts));
  expect([...types]).toEqual(expect.arrayContaining(["create", "write", "sync", "sync-directory"]));
});

function kindOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.endsWith(".wal") ? "segment" : name.replace(/-\d+$/, "");
}
