import { rm } from "node:fs/promises";
import { describe, expect, onTestFailed, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { conclaveServer, etcdctl } from "../support/tools.ts";
import { GrowingCluster } from "./growing-cluster.ts";

const missing = [conclaveServer, etcdctl].filter((tool) => !tool.present);
const reason = missing.map(({ name }) => ` (${name}: not installed)`).join("");
const TIMEOUT_MS = 240_000;

async function formed(size: number): Promise<GrowingCluster> {
  const cluster = await GrowingCluster.formed(size);
  onTestFailed(() => console.error(cluster.logTail()));
  return cluster;
}

/** Whether all members named see the same members, all of them started and voting. */
async function untilAllAgree(cluster: GrowingCluster, names: readonly string[]): Promise<void> {
  await eventually(async () => {
    for (const by of names) {
      const members = await cluster.members(by);
      expect(members.map(({ name }) => name).sort()).toEqual([...names].sort());
    }
  }, 30_000);
}

describe.skipIf(missing.length > 0)(`members of a running cluster, by etcdctl${reason}`, () => {
  test(
    "one member grows to three and to five, all of which serve everything and come back after all were killed",
    async () => {
      await using cluster = await formed(1);
      await cluster.put("before", "it grew", "m1");
      for (const [name, by] of [
        ["m2", "m1"],
        ["m3", "m2"],
        ["m4", "m2"],
        ["m5", "m1"],
      ] as const) {
        const member = await cluster.grow(name, by);
        expect(await cluster.get("before", name)).toBe("it grew");
        await cluster.put(name, "joined", name);
        expect(member.running).toBe(true);
      }
      const names = ["m1", "m2", "m3", "m4", "m5"];
      await untilAllAgree(cluster, names);
      // With two of five gone the other three are a quorum: all five do vote.
      await Promise.all(["m1", "m2"].map((name) => cluster.member(name).kill()));
      await cluster.put("two", "gone", "m3");
      await Promise.all(["m3", "m4", "m5"].map((name) => cluster.member(name).kill()));
      for (const name of names) cluster.member(name).start();
      await Promise.all(names.map((name) => cluster.member(name).waitHealthy()));
      await untilAllAgree(cluster, names);
      for (const name of names) expect(await cluster.get("two", name)).toBe("gone");
    },
    TIMEOUT_MS,
  );

  test(
    "a removed leader hands over, tells why it stops, ends with 0, and does not start again",
    async () => {
      await using cluster = await formed(3);
      await cluster.put("a", "b", "m1");
      const leader = await cluster.leader("m1");
      const others = ["m1", "m2", "m3"].filter((name) => name !== leader);
      const id = await cluster.idOf(leader, leader);
      const [other = ""] = others;
      // Asked of the one that is to go, of all.
      expect(await cluster.succeed(leader, "member", "remove", id)).toContain(
        `Member ${id} removed`,
      );
      expect(await cluster.member(leader).ended()).toBe(0);
      expect(cluster.member(leader).logTail()).toContain(
        `member ${id} was removed from its cluster`,
      );
      expect(await cluster.get("a", other)).toBe("b");
      await untilAllAgree(cluster, others);
      cluster.member(leader).start();
      const code = await cluster.member(leader).ended();
      expect([0, 2]).toContain(code);
      await untilAllAgree(cluster, others);
      // Down to one, that one decides alone.
      const [last = "", second = ""] = others;
      await cluster.succeed(last, "member", "remove", await cluster.idOf(second, last));
      expect(await cluster.member(second).ended()).toBe(0);
      await cluster.put("alone", "yes", last);
      const own = await cluster.etcdctl(last, "member", "remove", await cluster.idOf(last, last));
      expect(own.output).toContain("re-configuration failed due to not enough started members");
    },
    TIMEOUT_MS,
  );

  test(
    "a member whose data is gone does not come back as if nothing had happened, and is replaced under a new id",
    async () => {
      await using cluster = await formed(3);
      await cluster.put("kept", "by the others", "m1");
      const lost = await cluster.idOf("m3", "m1");
      await cluster.member("m3").kill();
      await rm(cluster.dataDirectoryOf("m3"), { recursive: true });
      await cluster.succeed("m1", "member", "remove", lost);
      const replacement = await cluster.grow("m4", "m1");
      expect(await cluster.get("kept", "m4")).toBe("by the others");
      await untilAllAgree(cluster, ["m1", "m2", "m4"]);
      const found = await cluster.idOf("m4", "m2");
      expect(found).not.toBe(lost);
      // Its data lost as well: the cluster knows that it took part.
      await replacement.kill();
      await rm(cluster.dataDirectoryOf("m4"), { recursive: true });
      replacement.start();
      expect(await replacement.ended(60_000)).toBe(2);
      expect(replacement.logTail()).toContain("which has taken part already");
    },
    TIMEOUT_MS,
  );

  test(
    "a learner follows without a vote until it is promoted, and what etcd refuses is refused in its words",
    async () => {
      await using cluster = await formed(1);
      const learner = await cluster.add("m2", "m1", "--learner");
      const id = await cluster.idOf("m2", "m1");
      const promoted = await cluster.etcdctl("m1", "member", "promote", id);
      expect(promoted.output).toContain(
        "can only promote a learner member which is in sync with leader",
      );
      const again = await cluster.etcdctl(
        "m1",
        "member",
        "add",
        "m3",
        "--peer-urls=http://127.0.0.1:1",
        "--learner",
      );
      expect(again.output).toContain("too many learner members in cluster");
      const { peerPort } = learner.settings;
      const twice = await cluster.etcdctl(
        "m1",
        "member",
        "update",
        await cluster.idOf("m1", "m1"),
        `--peer-urls=http://127.0.0.1:${peerPort}`,
      );
      expect(twice.output).toContain("Peer URLs already exists");
      const nobody = await cluster.etcdctl("m1", "member", "remove", "1234");
      expect(nobody.output).toContain("member not found");
      learner.start();
      await eventually(async () => {
        expect((await cluster.members("m1")).find(({ name }) => name === "m2")?.isLearner).toBe(
          true,
        );
      });
      // It has no vote: without it the other goes on.
      await learner.kill();
      await cluster.put("without", "the learner", "m1");
      learner.start();
      await cluster.succeed("m1", "member", "promote", id);
      await learner.waitHealthy();
      expect((await cluster.members("m2")).map(({ isLearner }) => isLearner)).toEqual([
        false,
        false,
      ]);
      expect(await cluster.get("without", "m2")).toBe("the learner");
      const voter = await cluster.etcdctl("m1", "member", "promote", id);
      expect(voter.output).toContain("can only promote a learner member");
      const few = await cluster.add("m3", "m1");
      expect(few.running).toBe(false);
      const more = await cluster.etcdctl(
        "m1",
        "member",
        "add",
        "m4",
        "--peer-urls=http://127.0.0.1:2",
      );
      expect(more.output).toContain("re-configuration failed due to not enough started members");
      // Added and never started, it costs the two others nothing: it is to vote only once it has caught up.
      await cluster.put("unstarted", "harmless", "m2");
    },
    TIMEOUT_MS,
  );
});
