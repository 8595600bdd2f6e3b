import { cp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nextBelow, seededPrng, VirtualClock } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { expect, test } from "vitest";
import { DataDirectoryError } from "./data-directory-error.ts";
import { openStorage } from "./recovery.ts";
import { WalCorruption } from "./storage-error.ts";
import type { StorageOptions } from "./storage-options.ts";
import { printCounts } from "./testing/flip-counts.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";
import { appendDurably, entries, FOUNDING, mark } from "./testing/wal-fixture.ts";

/** Flips of each test; CONCLAVE_DIRECTORY_FLIPS raises it. */
const FLIPS = Number(process.env.CONCLAVE_DIRECTORY_FLIPS) || 60;
const VOTE = { term: 1, vote: 0xa2n };
const LAST_INDEX = 40;
const APPLIED_INDEX = 30;
const PEERS = [0xa1n, 0xa2n, 0xa3n].map((id) => ({ id, name: `${id}`, peerUrls: [] }));
/** LevelDB's diaries and locks: nobody reads what is in them. */
const WITHOUT_CONTENT = /LOG(\.old)?$|LOCK$/;

function options(members: typeof PEERS): StorageOptions {
  return {
    identity: { clusterId: 0xc1n, memberId: 0xa1n, name: "one", members },
    clock: new VirtualClock(),
    onFatal: (error) => {
      throw error;
    },
    segmentBytes: 4096,
  };
}

/** A member that applied 30 of 40 entries, in a state that began as a snapshot, and stopped. */
async function usedDirectory(members: typeof PEERS): Promise<string> {
  const path = await temporaryDirectory();
  const first = await openStorage(path, options(members));
  await appendDurably(first.wal, { reset: FOUNDING, hardState: { ...VOTE, commit: 0 } });
  const install = await first.beginInstall(mark(10));
  for (let index = 1; index <= 10; index += 1) install.put(`entry ${index}`, textAt(index));
  await install.commit();
  await appendDurably(first.wal, { reset: mark(10), hardState: { ...VOTE, commit: 10 } });
  for (let index = 11; index <= LAST_INDEX; index += 1) {
    const commit = Math.min(APPLIED_INDEX, index - 1);
    await appendDurably(first.wal, {
      entries: entries(index, index),
      hardState: { ...VOTE, commit },
    });
  }
  await first.close();
  // Each start makes a table of LevelDB's log before.
  for (const upTo of [20, 25, APPLIED_INDEX]) {
    const { store, wal, close } = await reopened(path, members);
    for (let index = store.appliedIndex + 1; index <= upTo; index += 1) {
      store.put(`entry ${index}`, textAt(index));
      store.seal(index);
    }
    await store.sync();
    if (upTo === 20) await wal.release(mark(15));
    await close();
  }
  return path;
}

async function reopened(path: string, members: typeof PEERS) {
  const storage = await openStorage(path, options(members));
  return { store: storage.store, wal: storage.wal, close: () => storage.close() };
}

const textAt = (index: number): Buffer => Buffer.from(`what ${index} did. `.repeat(8));

interface Flip {
  readonly name: string;
  readonly where: string;
  readonly path: string;
}

/** A copy of a directory with one bit changed, in each file in turn. */
async function* flips(origin: string, seed: number): AsyncGenerator<Flip> {
  const prng = seededPrng(seed);
  const files: string[] = [];
  for (const name of await readdir(join(origin, "member"), { recursive: true })) {
    const { size } = await stat(join(origin, "member", name));
    const isFile = (await stat(join(origin, "member", name))).isFile();
    if (isFile && size > 0 && !WITHOUT_CONTENT.test(name)) files.push(name);
  }
  for (let nth = 0; nth < FLIPS; nth += 1) {
    const name = files[nth % files.length] ?? "";
    const path = `${origin}.flipped`;
    await cp(origin, path, { recursive: true });
    const bytes = await readFile(join(path, "member", name));
    const [offset, bit] = [nextBelow(prng, bytes.length), nextBelow(prng, 8)];
    bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
    await writeFile(join(path, "member", name), bytes);
    yield { name, where: `${name}, offset ${offset}, bit ${bit}`, path };
    await rm(path, { recursive: true });
  }
}

/** @returns whether something has to come from the peers */
async function checkPromises(path: string, members: typeof PEERS, where: string): Promise<boolean> {
  const storage = await openStorage(path, options(members));
  const { hardState, floor, entries: found, appliedIndex, lostTail } = storage.recovered;
  expect(hardState, where).toMatchObject(VOTE);
  for (let index = 1; index <= appliedIndex; index += 1) {
    expect(storage.store.get(`entry ${index}`), where).toEqual(textAt(index));
  }
  expect(storage.store.get(`entry ${appliedIndex + 1}`), where).toBeUndefined();
  await storage.close();
  if (lostTail !== null) {
    expect(lostTail.index, where).toBeGreaterThanOrEqual(LAST_INDEX);
    return true;
  }
  expect(appliedIndex, where).toBeGreaterThanOrEqual(floor?.index ?? 0);
  expect(found, where).toEqual(entries((floor?.index ?? 0) + 1, LAST_INDEX));
  return false;
}

function print(what: string, counts: ReadonlyMap<string, number>): void {
  printCounts("flips", `whole data directories, a member ${what}`, Object.fromEntries(counts));
}

test(`any bit of a data directory flipped: with peers it boots, knows what it voted and what it lacks (${FLIPS} flips)`, async () => {
  const origin = await usedDirectory(PEERS);
  const counts = new Map<string, number>();
  for await (const { path, where } of flips(origin, testSeed(4))) {
    const outcome = (await checkPromises(path, PEERS, where)) ? "repaired by peers" : "whole";
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  print("with peers", counts);
  expect(counts.get("repaired by peers")).toBeGreaterThan(FLIPS / 10);
}, 240_000);

test(`any bit of a data directory flipped: alone it refuses with the file, or nothing is missing (${FLIPS} flips)`, async () => {
  const alone = PEERS.slice(0, 1);
  const origin = await usedDirectory(alone);
  const counts = new Map<string, number>();
  for await (const { path, name, where } of flips(origin, testSeed(5))) {
    const error = await checkPromises(path, alone, where).catch((caught: unknown) => caught);
    const isRefused = error instanceof WalCorruption || error instanceof DataDirectoryError;
    if (error instanceof Error && !isRefused) throw error;
    if (isRefused) {
      expect(error.message, where).toContain(name.slice(name.lastIndexOf("/") + 1));
      if (/\.ldb$|\.wal$/.test(name)) expect(error.message, where).toMatch(/offset \d+/);
    }
    const outcome = isRefused ? "refused" : "whole";
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  print("alone", counts);
  expect(counts.get("refused")).toBeGreaterThan(FLIPS / 10);
}, 240_000);
