import { CommandKind } from "@conclave/state-machine";
import type { Cluster, ClusterOptions, SimulatedMember } from "@conclave/testing/cluster";
import { PutRequest } from "@conclave/wire";
import { expect, test } from "vitest";
import { bytesOfText } from "../workload/client.ts";
import { LiveChecks } from "./live.ts";
import { threeMembers } from "./three-members.ts";

type OnBooted = NonNullable<ClusterOptions["onBooted"]>;

/** Long enough to elect a leader and to apply what members tell of themselves. Virtual ms. */
const CALM_MS = 3_000;

function watched(alter: OnBooted = () => {}): { cluster: Cluster; live: LiveChecks } {
  const cluster: Cluster = threeMembers({
    onBooted: (member, node) => {
      live.onBooted(member, node);
      alter(member, node);
    },
  });
  const live = new LiveChecks(cluster);
  for (const member of cluster.members) member.start();
  return { cluster, live };
}

function advance({ cluster, live }: ReturnType<typeof watched>): Promise<boolean> {
  return cluster.run(cluster.clock.nowMs() + CALM_MS, live);
}

function first({ members }: Cluster): SimulatedMember {
  const [member] = members;
  if (member === undefined) throw new Error("a cluster has members");
  return member;
}

function put({ node }: SimulatedMember, value: string): void {
  const body = PutRequest.encode({ key: bytesOfText("a"), value: bytesOfText(value) });
  node?.member.propose(CommandKind.PUT, body, { onResult: () => {}, onRefused: () => {} });
}

test("a cluster that does what it should keeps every promise, also over an end of each of its members", async () => {
  const run = watched();
  await advance(run);
  for (const member of run.cluster.members) {
    put(member, "1");
    await advance(run);
    member.crash();
    await advance(run);
    member.start();
  }
  await advance(run);
  expect(run.live.leaderCount).toBeGreaterThan(1);
  expect(run.live.states.length).toBeGreaterThan(1);
  expect(run.live.state.ledger.length).toBeGreaterThan(4);
  expect(run.live.probes.reached).toContain("a second member leads");
});

test("R5: a member that applies another command than the log has is found at once", async () => {
  const run = watched((member, { member: { machine } }) => {
    if (member.name !== "m2") return;
    const { apply } = machine;
    machine.apply = (entry, observer) => {
      const data = entry.data.length === 0 ? entry.data : entry.data.slice(0, 1);
      apply(data.length === 0 ? entry : { ...entry, data }, observer);
    };
  });
  await expect(advance(run)).rejects.toThrow(/^R5: m\d applied another entry at \d+/);
});

test("R19: a member whose state is another than that of the others is found when it comes up", async () => {
  const run = watched();
  const { members } = run.cluster;
  await advance(run);
  put(first(run.cluster), "1");
  await advance(run);
  for (const member of members) member.crash();
  first(run.cluster).disk.damageState((records) => {
    const [key = "", pair = Uint8Array.of()] = [...records].at(-1) ?? [];
    records.set(key, Uint8Array.from([...pair.subarray(0, -1), "2".charCodeAt(0)]));
  });
  for (const member of members) member.start();
  await expect(advance(run)).rejects.toThrow(/^R19: the state of m\d at index \d+ differs/);
});

test("R11: a member that comes up without what its disk had is found before it takes part", async () => {
  const run = watched();
  await advance(run);
  const member = first(run.cluster);
  member.crash();
  member.disk.wipe();
  member.start();
  await expect(advance(run)).rejects.toThrow(/^R11: m1 forgot term/);
});

test("R10: a member whose consensus goes back is found with the next event", async () => {
  const run = watched();
  await advance(run);
  const raft = first(run.cluster).node?.member.raft;
  Object.defineProperty(raft, "commitIndex", { get: () => 0 });
  await expect(advance(run)).rejects.toThrow("R10: a commit index fell");
});
