import { describe, expect, test } from "vitest";
import { DiskImage } from "./disk-image.ts";
import type { MemberStorage } from "./member-storage.ts";
import { systemError } from "./memory-disk.ts";
import { DirectoryRun, openDirectory } from "./testing/directory-run.ts";
import { printCounts } from "./testing/flip-counts.ts";

/** What an error came of, in the end. */
function rootOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : rootOf(error.cause);
}

/** Opens a directory on a disk that does so many things and then fails for ever. @returns the error, or how many things it took */
async function openFailing(image: DiskImage, operationsLeft: number): Promise<string | number> {
  let done = 0;
  try {
    await openDirectory(image, {
      beforeOperation: () => {
        if (done >= operationsLeft) throw systemError("EIO", "the disk is gone");
        done += 1;
        return undefined;
      },
    });
    return done;
  } catch (error) {
    return rootOf(error);
  }
}

function contentOf({ recovered }: MemberStorage) {
  const { entries, floor, hardState, appliedIndex } = recovered;
  return { entries, floor, hardState, appliedIndex };
}

async function madeBy(seed: number): Promise<DiskImage> {
  const { operations } = await new DirectoryRun(seed).record(60);
  const image = new DiskImage({ tracksDurability: true });
  for (const operation of operations) image.apply(operation);
  return image;
}

// F7. A start on such a disk once waited for ever, for what was written was never reported as durable.
describe("a disk that fails at any moment of a start ends it with the disk's own word, and a start on the mended disk finds everything", () => {
  test.each([
    { what: "an empty directory", make: async () => new DiskImage({ tracksDurability: true }) },
    ...[1, 2, 3].map((seed) => ({ what: `one with data (${seed})`, make: () => madeBy(seed) })),
  ])("$what", async ({ make }) => {
    const undisturbed = await openDirectory(await make());
    const needed = await openFailing(await make(), Number.POSITIVE_INFINITY);
    expect(needed).toBeGreaterThan(0);
    for (let operations = 0; operations < Number(needed); operations += 1) {
      const image = await make();
      const where = `after ${operations} of ${needed} operations`;
      expect(await openFailing(image, operations), where).toContain("EIO");
      expect(contentOf(await openDirectory(image)), where).toEqual(contentOf(undisturbed));
    }
    printCounts("failures", "a start, at every operation", { "told at once": Number(needed) });
  });
});
