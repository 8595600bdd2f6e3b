import type { Cluster, SimulatedMember } from "@conclave/testing/cluster";
import { expect, test } from "vitest";
import { type ProbeName, Probes } from "../probes.ts";
import { ClusterShapes } from "./cluster-shapes.ts";
import { RaftChecks } from "./raft.ts";
import { threeMembers } from "./three-members.ts";

/** Longer than an election takes. Virtual ms. */
const CALM_MS = 3_000;

/** A cluster that is looked at after every event. */
class Looked {
  readonly #probes = new Probes();
  readonly cluster: Cluster;
  readonly shapes: ClusterShapes;

  constructor() {
    this.cluster = threeMembers({
      onBooted: (member, node) => checks.onBooted(member, node.member.raft),
    });
    const checks = new RaftChecks();
    this.shapes = new ClusterShapes(this.#probes, checks);
    for (const member of this.cluster.members) member.start();
  }

  get reached(): readonly ProbeName[] {
    return this.#probes.reached;
  }

  get leader(): SimulatedMember {
    const { running } = this.cluster;
    const leader = running.find(({ node }) => node?.member.raft.role === "leader");
    if (leader === undefined) throw new Error("nobody leads");
    return leader;
  }

  advance(ms: number = CALM_MS): Promise<boolean> {
    const onEvent = (): void => this.shapes.look(this.cluster);
    return this.cluster.run(this.cluster.clock.nowMs() + ms, { onEvent });
  }
}

test("a cluster at rest has had one leader and goes through the same few shapes", async () => {
  const looked = new Looked();
  await looked.advance();
  const { hashes } = looked.shapes;
  expect(looked.shapes.leaderCount).toBe(1);
  await looked.advance();
  const more = looked.shapes.hashes.length - hashes.length;
  expect(more).toBeLessThan(hashes.length);
  expect(looked.reached).not.toContain("a second member leads");
});

test("how many are down is seen: one, a quorum, all", async () => {
  const looked = new Looked();
  await looked.advance();
  const begun = new Set(looked.reached);
  for (const member of looked.cluster.members) {
    expect(looked.shapes.isMemberCountNew(looked.cluster)).toBe(false);
    member.crash();
    expect(looked.shapes.isMemberCountNew(looked.cluster)).toBe(true);
    looked.shapes.look(looked.cluster);
  }
  // They were all down before the first of them had read its disk.
  expect(begun).toContain("a quorum is down");
  expect(looked.reached).toContain("every member is down");
});

test("a leader that ends is followed by a second one", async () => {
  const looked = new Looked();
  await looked.advance();
  looked.leader.crash();
  await looked.advance();
  expect(looked.shapes.leaderCount).toBe(2);
  expect(looked.reached).toContain("a second member leads");
});

test("a hand-over is seen while it is under way, and the leader that it deposes", async () => {
  const looked = new Looked();
  await looked.advance();
  void looked.leader.node?.handOver();
  await looked.advance();
  expect(looked.reached).toContain("a hand-over is under way");
  expect(looked.reached).toContain("a leader is deposed by its hand-over");
});

test("a leader that nobody hears believes that it leads when another does", async () => {
  const looked = new Looked();
  await looked.advance();
  const { leader, cluster } = looked;
  leader.pause(2_000);
  await looked.advance();
  expect(looked.reached).toContain("two members believe that they lead");
  expect(cluster.running).toHaveLength(3);
});

test("whoever ends before the kept log of the last leader begins is behind it", async () => {
  const looked = new Looked();
  await looked.advance();
  const raft = looked.leader.node?.member.raft;
  if (raft === undefined) throw new Error("the leader runs");
  expect(looked.shapes.isBehindKeptLogs(raft)).toBe(false);
  Object.defineProperty(raft, "firstIndex", { get: () => 50 });
  looked.shapes.look(looked.cluster);
  expect(looked.shapes.isBehindKeptLogs(raft)).toBe(true);
});
