import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@conclave/base";
import { describe, expect, test } from "vitest";
import { identityOf } from "./data-directory.ts";
import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk } from "./disk.ts";
import type { MemberStorage } from "./member-storage.ts";
import { nodeDisk } from "./node-disk.ts";
import { openStorage, openVolatileStorage } from "./recovery.ts";
import { withChecksum } from "./small-file.ts";
import { type StorageFailure, WalCorruption } from "./storage-error.ts";
import type { StorageOptions } from "./storage-options.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";
import { appendDurably, entries, FOUNDING, mark } from "./testing/wal-fixture.ts";

const IDENTITY = {
  clusterId: 0xc1n,
  memberId: 0xa1n,
  name: "one",
  members: [{ id: 0xa1n, name: "one", peerUrls: ["http://127.0.0.1:2380"] }],
};

function options(overrides: Partial<StorageOptions> = {}): StorageOptions {
  return {
    identity: IDENTITY,
    clock: systemClock(),
    onFatal: (error) => {
      throw error;
    },
    segmentBytes: 16 * 1024,
    ...overrides,
  };
}

/** A member that applied up to `appliedIndex` of a log up to `lastIndex`, and stopped. */
async function usedDirectory(lastIndex: number, appliedIndex: number): Promise<string> {
  const path = await temporaryDirectory();
  const storage = await openStorage(path, options());
  await appendDurably(storage.wal, { reset: FOUNDING, entries: entries(1, lastIndex) });
  await applyAll(storage, appliedIndex);
  await storage.close();
  return path;
}

async function applyAll({ store }: MemberStorage, upTo: number): Promise<void> {
  for (let index = store.appliedIndex + 1; index <= upTo; index += 1) {
    store.put(`entry ${index}`, Buffer.from(`${index}`));
    store.seal(index);
  }
  await store.sync();
}

async function allFiles(path: string): Promise<string[]> {
  return (await readdir(path, { recursive: true })).sort();
}

describe("log and state come back together", () => {
  test("a new directory is made, for its owner only, and is found again", async () => {
    const path = join(await temporaryDirectory(), "made", "data");
    const storage = await openStorage(path, options());
    expect(storage.recovered).toEqual({
      hardState: null,
      floor: null,
      entries: [],
      appliedIndex: 0,
      lostTail: null,
      tornBytes: 0,
    });
    await appendDurably(storage.wal, { reset: FOUNDING });
    expect((await stat(join(path, "member"))).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, "member", "identity"))).mode & 0o777).toBe(0o600);
    for (const name of await readdir(join(path, "member", "wal"))) {
      expect((await stat(join(path, "member", "wal", name))).mode & 0o777).toBe(0o600);
    }
    await storage.close();
    expect(await identityOf(nodeDisk, path)).toEqual(IDENTITY);
    const again = await openStorage(path, options());
    expect(again.recovered.floor).toEqual(FOUNDING);
    await again.close();
  });

  test("the entries from the floor on, and how far the state is", async () => {
    const path = await usedDirectory(30, 20);
    const storage = await openStorage(path, options());
    expect(storage.recovered).toMatchObject({
      floor: FOUNDING,
      appliedIndex: 20,
      entries: entries(1, 30),
    });
    await storage.wal.release(mark(storage.store.durableIndex));
    await storage.close();
    const again = await openStorage(path, options());
    expect(again.recovered).toMatchObject({
      floor: mark(20),
      appliedIndex: 20,
      entries: entries(21, 30),
    });
    await again.close();
  });

  test("a state that is ahead of the log is damage: acknowledged entries are gone (F15)", async () => {
    const path = await usedDirectory(30, 20);
    const wal = join(path, "member", "wal");
    for (const name of await readdir(wal)) {
      const bytes = await readFile(join(wal, name));
      await writeFile(join(wal, name), bytes.fill(0, 64));
    }
    await expect(openStorage(path, options())).rejects.toThrow(WalCorruption);
  });

  test("a log whose floor is above the state is damage: its entries are gone", async () => {
    const path = await usedDirectory(30, 20);
    const storage = await openStorage(path, options());
    await storage.wal.release(mark(25));
    await storage.close();
    await expectRefusal(path, "DAMAGED", /begins after index 25, but the state holds only 20/);
  });

  test("in memory the same parts work without a file", async () => {
    const storage = await openVolatileStorage(options({ segmentBytes: 4096 }));
    await appendDurably(storage.wal, { reset: FOUNDING, entries: entries(1, 500) });
    await applyAll(storage, 400);
    await storage.wal.release(mark(400));
    const install = await storage.beginInstall(mark(900, 2));
    install.put("other", Buffer.of(1));
    await install.commit();
    expect(storage.store.get("other")).toEqual(Buffer.of(1));
    expect(storage.store.get("entry 1")).toBeUndefined();
    expect(storage.store.appliedIndex).toBe(900);
    await storage.close();
  });
});

async function expectRefusal(
  path: string,
  code: DataDirectoryError["code"],
  text: RegExp,
  overrides: Partial<StorageOptions> = {},
): Promise<void> {
  const error: unknown = await openStorage(path, options(overrides)).then(
    () => null,
    (refusal: unknown) => refusal,
  );
  expect(error).toBeInstanceOf(DataDirectoryError);
  expect(error).toMatchObject({ code });
  expect((error as Error).message).toMatch(text);
  expect((error as Error).message).not.toContain("\n");
}

describe("a directory that is not ours to use is refused in one line, and left as it was", () => {
  test("somebody else's files", async () => {
    const path = await temporaryDirectory();
    await writeFile(join(path, "thesis.tex"), "years of work");
    await expectRefusal(path, "FOREIGN", /is not empty and holds no data of Conclave/);
    expect(await allFiles(path)).toEqual(["thesis.tex"]);
  });

  test("etcd's data, by name", async () => {
    const path = await temporaryDirectory();
    await mkdir(join(path, "member", "snap"), { recursive: true });
    await mkdir(join(path, "member", "wal"));
    await writeFile(join(path, "member", "snap", "db"), "bolt");
    const before = await allFiles(path);
    await expectRefusal(path, "ETCD_DATA", /holds data of etcd/);
    expect(await allFiles(path)).toEqual(before);
  });

  test("another cluster's, another member's", async () => {
    const path = await usedDirectory(3, 2);
    const clusterId = 0xc2n;
    const memberId = 0xa2n;
    await expectRefusal(path, "OTHER_CLUSTER", /of cluster c1, not of c2/, {
      identity: { ...IDENTITY, clusterId },
    });
    await expectRefusal(path, "OTHER_MEMBER", /of member a1 \(one\), not of a2/, {
      identity: { ...IDENTITY, memberId },
    });
    const storage = await openStorage(path, options());
    expect(storage.recovered.entries).toEqual(entries(1, 3));
    await storage.close();
  });

  test("a newer version's", async () => {
    const path = await usedDirectory(3, 2);
    const identity = join(path, "member", "identity");
    const [text = ""] = (await readFile(identity, "utf8")).split(/^crc32/m);
    await writeFile(identity, withChecksum(text.replace('"format": 1', '"format": 2')));
    await expectRefusal(path, "NEWER_FORMAT", /written by a newer version \(format 2/);
  });

  test("one whose identity cannot be read, and whose vote file does not name us", async () => {
    const path = await usedDirectory(3, 2);
    await writeFile(join(path, "member", "identity"), "{");
    await rm(join(path, "member", "wal", "vote"));
    await expectRefusal(path, "DAMAGED", /identity is damaged: its checksum is wrong/);
  });

  test("but one whose identity cannot be read is, if its vote file names us: it is written anew", async () => {
    const path = await usedDirectory(3, 2);
    await writeFile(join(path, "member", "identity"), "{");
    const another = { ...IDENTITY, memberId: 0xa2n };
    const foreign = openStorage(path, options({ identity: another }));
    await expect(foreign).rejects.toMatchObject({ code: "DAMAGED" });
    const storage = await openStorage(path, options());
    expect(storage.recovered.entries).toEqual(entries(1, 3));
    await storage.close();
    expect(await identityOf(nodeDisk, path)).toEqual(IDENTITY);
  });

  test("one that is in use", async () => {
    const path = await temporaryDirectory();
    const storage = await openStorage(path, options());
    await expectRefusal(path, "LOCKED", /is in use by another process/);
    await storage.close();
    const again = await openStorage(path, options());
    await again.close();
  });

  test("one that cannot be written, or is no directory", async () => {
    const path = await temporaryDirectory();
    const file = join(path, "file");
    await writeFile(file, "");
    await expectRefusal(file, "UNWRITABLE", /cannot be used: ENOTDIR/);
    await expectRefusal(join(file, "below"), "UNWRITABLE", /ENOTDIR/);
    await expectRefusal("/proc/none", "UNWRITABLE", /ENOENT|EACCES|EPERM/);
  });

  test("but one whose first start was cut short is", async () => {
    const path = await temporaryDirectory();
    await mkdir(join(path, "member", "lock"), { recursive: true });
    await writeFile(join(path, "member", "identity.tmp"), "{");
    await mkdir(join(path, "lost+found"));
    const storage = await openStorage(path, options());
    await storage.close();
  });
});

describe("installing a snapshot", () => {
  const NEW = mark(100, 5);

  async function behind(disk?: Disk) {
    const path = await usedDirectory(30, 20);
    const fatal: StorageFailure[] = [];
    const onFatal = (error: StorageFailure) => void fatal.push(error);
    const storage = await openStorage(path, options(disk ? { disk, onFatal } : {}));
    return { path, storage, fatal };
  }

  async function receive(storage: MemberStorage) {
    const install = await storage.beginInstall(NEW);
    for (let nth = 1; nth <= 2500; nth += 1) install.put(`new ${nth}`, Buffer.from(`${nth}`));
    return install;
  }

  test("the state is the new one at once, and the log continues after it", async () => {
    const { path, storage } = await behind();
    const install = await receive(storage);
    expect(storage.store.get("new 1")).toBeUndefined();
    await install.commit();
    expect(storage.store.get("entry 1")).toBeUndefined();
    expect(Buffer.from(storage.store.get("new 2500")!).toString()).toBe("2500");
    await appendDurably(storage.wal, { reset: NEW, entries: entries(101, 103, 5) });
    await applyAll(storage, 102);
    await storage.close();
    const again = await openStorage(path, options());
    expect(again.recovered).toMatchObject({
      floor: NEW,
      appliedIndex: 102,
      entries: entries(101, 103, 5),
    });
    expect(await readdir(join(path, "member", "state"))).toEqual(["current", "state-2"]);
    await again.close();
  });

  test("one that is begun anew drops what was received before (H2, E22)", async () => {
    const { storage } = await behind();
    await receive(storage);
    const second = await storage.beginInstall(NEW);
    second.put("second", Buffer.of(2));
    await second.commit();
    expect(storage.store.get("new 1")).toBeUndefined();
    expect(storage.store.get("second")).toEqual(Buffer.of(2));
    await storage.close();
  });

  test("one that comes while another is put in place waits for that, and is not swept away by it (E22)", async () => {
    const { path, storage } = await behind();
    const committed = (await receive(storage)).commit();
    const begun = storage.beginInstall(mark(200, 6));
    const repeated = storage.beginInstall(NEW);
    await committed;
    const second = await begun;
    await expect(repeated).rejects.toThrow("the snapshot is old");
    second.put("second", Buffer.of(2));
    await second.commit();
    await storage.close();
    const again = await openStorage(path, options());
    expect(again.recovered.appliedIndex).toBe(200);
    expect(again.store.get("second")).toEqual(Buffer.of(2));
    expect(again.store.get("new 1")).toBeUndefined();
    await again.close();
  });

  test("a process that dies before the log's reset finds the new state, and resets the log itself", async () => {
    const { path, storage } = await behind();
    await (await receive(storage)).commit();
    await storage.close();
    for (let boot = 0; boot < 2; boot += 1) {
      const again = await openStorage(path, options());
      expect(again.recovered).toMatchObject({
        floor: NEW,
        entries: [],
        appliedIndex: 100,
        hardState: { term: 5, vote: 0n, commit: 100 },
      });
      await again.close();
    }
  });

  test("a log that holds the snapshot's last entry keeps what follows it (H6)", async () => {
    const { path, storage } = await behind();
    const install = await storage.beginInstall(mark(25));
    install.put("new", Buffer.of(1));
    await install.commit();
    await storage.close();
    const again = await openStorage(path, options());
    expect(again.recovered).toMatchObject({
      floor: mark(25),
      entries: entries(26, 30),
      appliedIndex: 25,
    });
    await again.close();
  });

  test("stopped at any step of the commit, the directory boots to the old state or the new, never a mix", async () => {
    const outcomes = new Set<string>();
    for (let step = 0; ; step += 1) {
      const failing = stopAfter(Number.POSITIVE_INFINITY);
      const { path, storage, fatal } = await behind(failing.disk);
      const install = await receive(storage);
      failing.stopAfter(step);
      const finished = await install.commit().then(
        () => true,
        () => false,
      );
      failing.stopAfter(Number.POSITIVE_INFINITY);
      expect(fatal).toHaveLength(finished ? 0 : 1);
      await storage.close();
      const again = await openStorage(path, options());
      const isNew = again.store.get("new 1") !== undefined;
      outcomes.add(isNew ? "new" : "old");
      expect(again.store.get("new 2500") !== undefined).toBe(isNew);
      expect(again.store.get("entry 20") !== undefined).toBe(!isNew);
      expect(again.recovered.appliedIndex).toBe(isNew ? 100 : 20);
      expect(again.recovered.floor).toEqual(isNew ? NEW : FOUNDING);
      await again.close();
      if (finished) break;
    }
    expect([...outcomes]).toEqual(["old", "new"]);
  });
});

/** A real disk on which, from some step on, nothing works any more. */
function stopAfter(steps: number) {
  let left = steps;
  const counted = <A extends unknown[], R>(act: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (left <= 0) throw new Error("stopped");
      left -= 1;
      return act(...args);
    };
  };
  const disk: Disk = {
    list: counted(nodeDisk.list),
    open: counted(async (path, openOptions) => {
      const file = await nodeDisk.open(path, openOptions);
      const write = file.write.bind(file);
      const sync = file.sync.bind(file);
      return Object.assign(file, { write: counted(write), sync: counted(sync) });
    }),
    makeDirectory: counted(nodeDisk.makeDirectory),
    rename: counted(nodeDisk.rename),
    remove: counted(nodeDisk.remove),
    syncDirectory: counted(nodeDisk.syncDirectory),
  };
  return {
    disk,
    stopAfter: (more: number) => {
      left = more;
    },
  };
}
