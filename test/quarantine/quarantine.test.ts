import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import type { SimulatedMember } from "@conclave/testing/cluster";
import { describe, expect, test } from "vitest";
import { loseARecord, SmallCluster } from "./small-cluster.ts";

/** How long clients may not be served by the others because of it. Virtual ms. */
const HEALED_WITHIN_MS = 30_000;

async function started(size: number, seed: number, snapshotCount?: number): Promise<SmallCluster> {
  printReplayOnFailure(seed);
  const small = new SmallCluster(size, seed, snapshotCount);
  await small.until("a leader", () => small.leader?.node?.member.machine.revision === 1);
  await small.work(60);
  return small;
}

function follower(small: SmallCluster): SimulatedMember {
  const found = small.cluster.running.find(({ node }) => node?.member.raft.role === "follower");
  if (found === undefined) throw new Error("no follower");
  return found;
}

async function untilHealed(small: SmallCluster): Promise<void> {
  await small.until("all members agree again", () => small.isSound, HEALED_WITHIN_MS);
}

describe.each(testSeeds(1, 4))("a member whose state was changed on its disk (seed %i)", (seed) => {
  test("is found, named in an alarm that all see, put in quarantine and healed, while the others go on", async () => {
    const small = await started(3, seed);
    const victim = follower(small);
    await small.damage(victim);
    await small.until("a quarantine", () => small.isQuarantined(victim));
    expect(small.corrupt(small.leader)).toEqual([victim.id]);
    expect(victim.node?.member.stateGuard.quarantine.refusal?.message).toContain("quarantine");
    expect(small.leader?.node?.member.stateGuard.quarantine.refusal).toBeNull();
    expect(await small.put("during", "the quarantine")).toBe(true);
    await untilHealed(small);
    expect(small.isQuarantined(victim)).toBe(false);
    expect(victim.node?.member.stateGuard.repairs).toBe(1);
    await small.work(120);
    await small.pass(20_000);
    expect(small.isSound).toBe(true);
  });

  test("that lost a record is healed under load, with the log being cut and compacted meanwhile", async () => {
    const small = await started(3, seed, 10);
    const victim = follower(small);
    await small.damage(victim, loseARecord);
    for (let round = 0; round < 40 && victim.node?.member.stateGuard.repairs !== 1; round += 1) {
      await small.work(10);
      await small.pass(500);
    }
    expect(victim.node?.member.stateGuard.repairs).toBe(1);
    await untilHealed(small);
  });

  test("gives leadership away if it leads, and is healed by its successor", async () => {
    const small = await started(3, seed);
    const victim = follower(small);
    await small.damage(victim);
    await small.until("it follows", () => victim.node?.member.raft.leader === small.leader?.id);
    small.leader?.node?.member.raft.transferLeadership(victim.id);
    await small.until("the damaged member leads", () => small.leader === victim);
    await small.until("a quarantine", () => small.isQuarantined(victim));
    await small.until("another leader", () => ![undefined, victim].includes(small.leader));
    await untilHealed(small);
    expect(victim.node?.member.stateGuard.repairs).toBe(1);
  });

  test("is healed though it loses power in the middle of it", async () => {
    const small = await started(3, seed);
    const victim = follower(small);
    await small.damage(victim);
    await small.until("a repair under way", () => small.hasLogged("receiving a snapshot"));
    await small.pass(seed * 2);
    victim.crash();
    victim.start();
    await small.until("the victim is back", () => victim.node !== null);
    await untilHealed(small);
  });
});

describe("if no state has a majority", () => {
  test("of three members with one down, nobody answers until the third decides", async () => {
    const small = await started(3, 7);
    const [victim, absent] = small.cluster.running.filter((member) => member !== small.leader);
    if (victim === undefined || absent === undefined) throw new Error("three members");
    await small.pass(100);
    absent.crash();
    await small.damage(victim);
    await small.until("an alarm", () => small.corrupt(victim).length > 0);
    expect(small.corrupt(victim)).toEqual([0n]);
    for (const member of [victim, small.leader]) {
      const refusal = member?.node?.member.stateGuard.quarantine.refusal;
      expect(refusal?.message).toBe("etcdserver: corrupt cluster");
    }
    expect(await small.put("a", "b")).toBe(false);
    absent.start();
    await small.until("a verdict", () => small.isQuarantined(victim));
    await untilHealed(small);
    expect(await small.put("a", "b")).toBe(true);
  });

  test("of two members, the alarm is for the cluster and stays, for a human to decide", async () => {
    const small = await started(2, 8);
    const victim = follower(small);
    await small.damage(victim);
    await small.until("an alarm", () => small.corrupt(victim).length > 0);
    await small.pass(60_000);
    expect(small.corrupt(small.leader)).toEqual([0n]);
    expect(small.cluster.running.some((member) => small.isQuarantined(member))).toBe(false);
  });
});

test("members that agree are compared again and again, and no alarm is raised", async () => {
  const small = await started(3, 9);
  for (let round = 0; round < 10; round += 1) {
    await small.work(120);
    await small.pass(5_000);
  }
  const { comparison } = small.leader?.node?.member.stateGuard ?? {};
  expect(comparison?.rounds).toBeGreaterThan(8);
  expect(comparison?.differences).toBe(0);
});
