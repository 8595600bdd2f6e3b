import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { conclaveServer } from "../support/tools.ts";
import { DiskCluster } from "./disk-cluster.ts";
import { compileFaultyIo, FaultyIo } from "./faulty-io.ts";

const library = process.platform === "linux" ? compileFaultyIo() : null;
const canRun = library !== null && conclaveServer.present;

/** Members whose logs' disks can be made to fail. Not started. */
async function faultyMembers(size: 1 | 3) {
  const disks = new Map<string, FaultyIo>();
  const cluster = await DiskCluster.create({
    size,
    env: (directory, name) => {
      const disk = new FaultyIo(library ?? "", join(directory, `${name}.fault`));
      disks.set(name, disk);
      return disk.env;
    },
  });
  return { cluster, diskOf: (name: string): FaultyIo => disks.get(name)! };
}

async function faultyCluster() {
  const faulty = await faultyMembers(3);
  for (const member of faulty.cluster.members) member.start();
  await Promise.all(faulty.cluster.members.map((member) => member.waitHealthy(60_000)));
  return faulty;
}

describe.skipIf(!canRun)("a leader's disk (a preloaded library; needs gcc)", () => {
  test("that fails ends the member at once, with one line and its code; the others serve, and nothing acknowledged is lost", async () => {
    const { cluster, diskOf } = await faultyCluster();
    await using _ = cluster;
    const leader = await cluster.leader();
    const others = cluster.members.filter((member) => member !== leader);
    await cluster.client(leader).call("KV.Put", { key: "before", value: "1" });
    diskOf(leader.name).fail();
    // Acknowledged or not: the entry may still reach a quorum that has good disks.
    const fate = await cluster
      .client(leader)
      .call("KV.Put", { key: "doubtful", value: "2" })
      .then(
        () => "acknowledged",
        () => "unknown",
      );
    await eventually(() => expect(leader.running).toBe(false), 20_000);
    expect(await leader.terminate()).toBe(1);
    const fatal = (await cluster.log(leader)).split("\n").filter((line) => /fatal/i.test(line));
    expect(fatal).toHaveLength(1);
    expect(fatal[0]).toContain("the write-ahead log cannot be written");
    expect(fatal[0]).toContain("EIO");
    const successor = await cluster.leader(others);
    await cluster.client(successor).call("KV.Put", { key: "after", value: "3" });
    diskOf(leader.name).heal();
    leader.start();
    await leader.waitHealthy(60_000);
    const { kvs } = await cluster.client(leader).call("KV.Range", { key: "a", range_end: "z" });
    const keys = kvs.map(({ key }) => key.toString());
    expect(keys).toEqual(expect.arrayContaining(["after", "before"]));
    if (fate === "acknowledged") expect(keys).toContain("doubtful");
  }, 120_000);

  test("that hangs costs it its leadership within seconds; leases of live clients outlive that, and it comes back", async () => {
    const { cluster, diskOf } = await faultyCluster();
    await using _ = cluster;
    const leader = await cluster.leader();
    const others = cluster.members.filter((member) => member !== leader);
    const { ID } = await cluster.client(leader).call("Lease.LeaseGrant", { TTL: 10 });
    await cluster.client(leader).call("KV.Put", { key: "leased", lease: ID });
    // A slow write sends the next ones to the thread pool: the loop goes on, and with it the heartbeats.
    diskOf(leader.name).delay(50);
    await cluster.client(leader).call("KV.Put", { key: "slow" });
    diskOf(leader.name).delay(8_000);
    const hungAt = performance.now();
    // Clients keep writing: that is what the disk hangs on.
    const writes = ["a", "b", "c"].map((key) =>
      cluster
        .client(leader)
        .call("KV.Put", { key }, { timeoutMs: 20_000 })
        .catch(() => null),
    );
    const successor = await cluster.leader(others);
    const successionMs = performance.now() - hungAt;
    expect(await cluster.log(leader)).toContain("the disk does not answer");
    // A second of patience, an election, and a machine that is busy with other tests.
    expect(successionMs).toBeLessThan(15_000);
    await cluster.client(successor).call("KV.Put", { key: "served", value: "on" });
    const renewal = cluster.client(successor).stream("Lease.LeaseKeepAlive");
    renewal.send({ ID });
    expect((await renewal.next(10_000)).TTL).toBe(10);
    renewal[Symbol.dispose]();
    diskOf(leader.name).heal();
    await Promise.all(writes);
    await leader.waitHealthy(60_000);
    await eventually(async () => {
      const { kvs } = await cluster.client(leader).call("KV.Range", { key: "leased" });
      expect(kvs).toHaveLength(1);
    });
  }, 120_000);
});

describe.skipIf(!canRun)(
  "a disk that fails while a member starts (a preloaded library; needs gcc)",
  () => {
    test("ends the start with one line and a code, on an empty directory as on one with data, and costs nothing once it is mended", async () => {
      const { cluster, diskOf } = await faultyMembers(1);
      await using _ = cluster;
      const [member] = cluster.members;
      if (member === undefined) throw new Error("a cluster has members");
      const failsToStart = async (): Promise<void> => {
        const before = (await cluster.log(member).catch(() => "")).length;
        diskOf(member.name).fail();
        member.start();
        // Not 15 s of silence and then nothing: whoever watches over it is told at once.
        expect(await member.ended(30_000)).toBe(1);
        const lines = (await cluster.log(member)).slice(before).trim().split("\n");
        expect(lines.filter((line) => line.includes("EIO"))).toHaveLength(1);
        diskOf(member.name).heal();
      };
      await failsToStart();
      member.start();
      await member.waitHealthy(60_000);
      await cluster.client(member).call("KV.Put", { key: "kept", value: "1" });
      await member.kill();
      await failsToStart();
      member.start();
      await member.waitHealthy(60_000);
      const { kvs } = await cluster.client(member).call("KV.Range", { key: "kept" });
      expect(kvs.map(({ value }) => value)).toEqual(["1"]);
    }, 120_000);
  },
);
