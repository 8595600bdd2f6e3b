import { cp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { MemberProcess } from "../support/member-process.ts";
import { conclaveServer } from "../support/tools.ts";
import { DiskCluster } from "./disk-cluster.ts";

async function put(cluster: DiskCluster, by: MemberProcess, count: number, round: string) {
  for (let nth = 0; nth < count; nth += 1) {
    await cluster
      .client(by)
      .call("KV.Put", { key: `${round} ${nth}`, value: `${round}.`.repeat(40) });
  }
}

const directoryOf = (cluster: DiskCluster, { name }: MemberProcess): string =>
  join(cluster.directory, name);

/** Starts a member that has to end by itself, with one line that says why. */
async function expectRefusal(cluster: DiskCluster, member: MemberProcess, why: RegExp) {
  const before = (await cluster.log(member)).length;
  member.start();
  await eventually(() => expect(member.running).toBe(false), 30_000);
  expect(await member.terminate()).not.toBe(0);
  const lines = (await cluster.log(member)).slice(before).split("\n");
  expect(
    lines.filter((line) => why.test(line)),
    lines.join("\n"),
  ).toHaveLength(1);
}

async function threeMembers() {
  const cluster = await DiskCluster.start({ size: 3 });
  const leader = await cluster.leader();
  const [victim, other] = cluster.members.filter((member) => member !== leader);
  if (victim === undefined || other === undefined) throw new Error("three members");
  await put(cluster, leader, 20, "before");
  return { cluster, leader, victim, other };
}

/** All members answer, and hold the same. */
async function expectSame(cluster: DiskCluster): Promise<void> {
  await eventually(async () => {
    const hashes = await Promise.all(
      cluster.members.map((member) => cluster.client(member).call("Maintenance.HashKV", {})),
    );
    expect(new Set(hashes.map(({ hash, header }) => `${hash} at ${header.revision}`)).size).toBe(1);
  }, 30_000);
}

describe.skipIf(!conclaveServer.present)("a data directory that is not the member's own", () => {
  test("or is gone: the member is refused by name, the others serve; with its directory it is welcome again (F14)", async () => {
    const { cluster, leader, victim } = await threeMembers();
    await using _ = cluster;
    await victim.terminate();
    const directory = directoryOf(cluster, victim);
    await rename(directory, `${directory}.aside`);
    await expectRefusal(cluster, victim, /cannot go on.*not the one that it had.*add it anew/);
    await put(cluster, leader, 5, "meanwhile");
    await rm(directory, { recursive: true });
    await rename(`${directory}.aside`, directory);
    await victim.restart();
    await expectSame(cluster);
  }, 120_000);

  test("but an old copy of it, of before its last start or of within it, is refused by name (F15)", async () => {
    const { cluster, leader, victim } = await threeMembers();
    await using _ = cluster;
    const directory = directoryOf(cluster, victim);
    await victim.kill();
    await cp(directory, `${directory}.copy`, { recursive: true });
    await victim.restart();
    await put(cluster, leader, 20, "after the copy");
    await victim.terminate();
    await rename(directory, `${directory}.aside`);
    await cp(`${directory}.copy`, directory, { recursive: true });
    await expectRefusal(
      cluster,
      victim,
      /cannot go on.*an old copy: this is its start 2, and another start 2/,
    );
    await rm(directory, { recursive: true });
    await rename(`${directory}.aside`, directory);
    // A snapshot of the volume while the member ran: the next start is one that nobody has seen.
    await victim.restart();
    await victim.signal("SIGSTOP");
    await rm(`${directory}.copy`, { recursive: true });
    await cp(directory, `${directory}.copy`, { recursive: true });
    await victim.signal("SIGCONT");
    await put(cluster, leader, 20, "after the snapshot");
    await expectSame(cluster);
    await victim.kill();
    await rm(directory, { recursive: true });
    await rename(`${directory}.copy`, directory);
    await expectRefusal(cluster, victim, /cannot go on.*an old copy: it ends at index/);
  }, 180_000);

  test("but another member's, or another cluster's, is refused by name", async () => {
    const { cluster, leader, victim, other } = await threeMembers();
    await using _ = cluster;
    await Promise.all([victim.terminate(), other.terminate()]);
    const [mine, theirs] = [directoryOf(cluster, victim), directoryOf(cluster, other)];
    await rename(mine, `${mine}.aside`);
    await rename(theirs, mine);
    await rename(`${mine}.aside`, theirs);
    await expectRefusal(cluster, victim, /holds data of member [0-9a-f]+ \(m\d\), not of/);
    await expectRefusal(cluster, other, /holds data of member [0-9a-f]+ \(m\d\), not of/);
    await using stranger = await DiskCluster.start({ size: 1 });
    await stranger.members[0]?.terminate();
    await rename(mine, `${mine}.aside`);
    await cp(directoryOf(stranger, stranger.members[0]!), mine, { recursive: true });
    await expectRefusal(cluster, victim, /holds data of cluster [0-9a-f]+, not of/);
    await rm(mine, { recursive: true });
    await rename(theirs, mine);
    await rename(`${mine}.aside`, theirs);
    victim.start();
    other.start();
    await Promise.all([victim.waitHealthy(60_000), other.waitHealthy(60_000)]);
    await expectSame(cluster);
    expect(leader.running).toBe(true);
  }, 180_000);
});

describe.skipIf(!conclaveServer.present)("a member whose disk rotted while it was stopped", () => {
  test.each([
    { what: "LevelDB's files", folder: "state", file: /^MANIFEST/, offset: 10, told: /made anew/ },
    {
      what: "its log",
      folder: "wal",
      file: /\.wal$/,
      offset: 80,
      told: /what is certain is kept/,
    },
    { what: "its identity", folder: "", file: /^identity$/, offset: 30, told: /peer link open/ },
  ])(
    "in $what repairs itself: all answer, and hold the same (F10)",
    async ({ folder, file, offset, told }) => {
      const { cluster, leader, victim } = await threeMembers();
      await using _ = cluster;
      await victim.terminate();
      const logged = (await cluster.log(victim)).length;
      const damaged = await flipIn(
        join(directoryOf(cluster, victim), "member", folder),
        file,
        offset,
      );
      await put(cluster, leader, 20, "meanwhile");
      await victim.restart();
      await expectSame(cluster);
      expect(damaged).toBeGreaterThan(0);
      expect((await cluster.log(victim)).slice(logged)).toMatch(told);
      const { kvs } = await cluster.client(victim).call("KV.Range", { key: "a", range_end: "z" });
      expect(kvs).toHaveLength(40);
    },
    120_000,
  );
});

/** Turns a bit in each file of a kind. @returns how many */
async function flipIn(directory: string, kind: RegExp, offset: number): Promise<number> {
  let count = 0;
  for (const name of await readdir(directory, { recursive: true })) {
    if (!kind.test(name.slice(name.lastIndexOf("/") + 1))) continue;
    const bytes = await readFile(join(directory, name));
    bytes[offset] = (bytes[offset] ?? 0) ^ 8;
    await writeFile(join(directory, name), bytes);
    count += 1;
  }
  return count;
}
