import { seededPrng } from "@conclave/base";
import { expect, test } from "vitest";
import { DiskImage } from "./disk-image.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { VoteFile } from "./vote-file.ts";

const ids = { clusterId: 1n, memberId: 2n };
const PATH = "/wal/vote";
const record = (term: number) => ({ term, vote: 2n, commit: 0, segment: 1 });

async function diskWith(...terms: readonly number[]): Promise<DiskImage> {
  const image = new DiskImage({ tracksDurability: true });
  const disk = new MemoryDisk({ image });
  await disk.makeDirectory("/wal");
  const file = await VoteFile.open(disk, "/wal", ids);
  for (const term of terms) await file.settle(record(term));
  await file.close();
  return image;
}

async function bytesOf(image: DiskImage): Promise<Uint8Array> {
  const file = await new MemoryDisk({ image }).open(PATH, { create: false });
  return file.read(0, await file.size());
}

test("a vote that was read back at boot is durable before anybody relies on it", async () => {
  const image = await diskWith(1);
  const disk = new MemoryDisk({ image });
  // The process died after it had written the vote of term 2, before it had synced it.
  const file = await disk.open(PATH, { create: false });
  await file.write(0, [await bytesOf(await diskWith(1, 2))]);
  const votes = await VoteFile.open(disk, "/wal", ids);
  expect(votes.reading).toMatchObject({ record: { term: 2 }, isProven: true });
  await votes.settle(record(2));
  const left = image.afterCrash("nothing", seededPrng(1));
  const again = await VoteFile.open(new MemoryDisk({ image: left }), "/wal", ids);
  expect(again.reading).toMatchObject({ record: { term: 2 }, isProven: true });
});
