import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { MemberProcess } from "../support/member-process.ts";
import { conclaveServer } from "../support/tools.ts";
import { DiskCluster } from "./disk-cluster.ts";
import { SmallFileSystem } from "./small-file-system.ts";

const NO_SPACE = "etcdserver: mvcc: database space exceeded";

const probe = process.platform === "linux" ? SmallFileSystem.mount(16) : null;
probe?.[Symbol.dispose]();
const canRun = probe !== null && conclaveServer.present;

const put = (cluster: DiskCluster, member: MemberProcess, key: string) =>
  cluster.client(member).call("KV.Put", { key, value: "v" });

describe.skipIf(!canRun)("a disk about to be full (a loop mount; needs root)", () => {
  test("raises NOSPACE while there is room to work in: reads, deletes and compaction go on, and room again takes it back", async () => {
    using disk = SmallFileSystem.mount(256)!;
    await using cluster = await DiskCluster.start({ size: 1, dataDir: () => disk.path });
    const [member] = cluster.members as [MemberProcess];
    const client = cluster.client(member);
    await put(cluster, member, "kept");
    const { header } = await put(cluster, member, "deleted");
    disk.fill(12);
    await eventually(async () => {
      await expect(put(cluster, member, "~")).rejects.toMatchObject({ text: NO_SPACE });
    }, 20_000);
    const { alarms } = await client.call("Maintenance.Alarm", { action: "GET" });
    expect(alarms).toMatchObject([{ memberID: header.member_id, alarm: "NOSPACE" }]);
    expect(await cluster.log(member)).toContain(
      "the disk is almost full; raising the NOSPACE alarm",
    );
    expect((await client.call("KV.Range", { key: "kept" })).kvs).toHaveLength(1);
    expect((await client.call("KV.DeleteRange", { key: "deleted" })).deleted).toBe(1);
    await client.call("KV.Compact", { revision: header.revision, physical: true });
    disk.makeRoom();
    await eventually(() => put(cluster, member, "served again"), 20_000);
    await member.kill();
    await member.restart();
    const { kvs } = await client.call("KV.Range", { key: "a", range_end: "z" });
    expect(kvs.map(({ key }) => key.toString())).toEqual(["kept", "served again"]);
  }, 120_000);

  test("on one member only is an alarm that names it, and all members serve reads", async () => {
    using disk = SmallFileSystem.mount(256)!;
    await using cluster = await DiskCluster.start({
      size: 3,
      dataDir: (name) => (name === "m2" ? disk.path : undefined),
    });
    const [first, second] = cluster.members as [MemberProcess, MemberProcess, MemberProcess];
    const { header } = await put(cluster, second, "kept");
    disk.fill(12);
    await eventually(async () => {
      const { alarms } = await cluster.client(first).call("Maintenance.Alarm", { action: "GET" });
      expect(alarms).toMatchObject([{ memberID: header.member_id, alarm: "NOSPACE" }]);
    }, 20_000);
    for (const member of cluster.members) {
      expect((await cluster.client(member).call("KV.Range", { key: "kept" })).kvs).toHaveLength(1);
    }
    await cluster.client(first).call("KV.DeleteRange", { key: "kept" });
    disk.makeRoom();
    await eventually(() => put(cluster, first, "served again"), 20_000);
  }, 120_000);
});

test.skipIf(!canRun)(
  "a file system that turned read-only ends the member at once, and it serves again once that is mended",
  async () => {
    using disk = SmallFileSystem.mount(256)!;
    await using cluster = await DiskCluster.start({ size: 1, dataDir: () => disk.path });
    const [member] = cluster.members as [MemberProcess];
    await put(cluster, member, "kept");
    expect(disk.turnReadOnly()).toBe(true);
    // The kernel gives up the journal first and remounts a little later: until then a write may still pass.
    await eventually(() => expect(put(cluster, member, "lost")).rejects.toThrow(), 20_000);
    await eventually(() => expect(member.running).toBe(false), 20_000);
    expect(await member.terminate()).toBe(1);
    const fatal = (await cluster.log(member)).split("\n").filter((line) => /fatal/i.test(line));
    expect(fatal).toHaveLength(1);
    // Whoever wrote first says why: the log with the system's code, LevelDB in the system's words.
    expect(fatal[0]).toMatch(/EROFS|EIO|Read-only file system|Input\/output error/);
    expect(disk.mend()).toBe(true);
    await member.restart();
    const { kvs } = await cluster.client(member).call("KV.Range", { key: "kept" });
    expect(kvs).toHaveLength(1);
  },
  120_000,
);
