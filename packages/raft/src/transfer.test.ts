import { expect, test } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import { acknowledge, drain, only, soloLeader } from "./testing/solo.ts";

// Thesis 3.10.

test("the target is told to start once it has the whole log, not before, and once", () => {
  const raft = soloLeader();
  raft.propose(Uint8Array.of(1));
  expect(raft.transferLeadership(2n)).toEqual({ ok: true });
  expect(raft.transferTarget).toBe(2n);
  expect(only(drain(raft).messages, "timeout-now")).toEqual([]);
  acknowledge(raft, 3n);
  expect(only(drain(raft).messages, "timeout-now")).toEqual([]);
  acknowledge(raft, 2n);
  expect(only(drain(raft).messages, "timeout-now")).toMatchObject([{ to: 2n }]);
  acknowledge(raft, 2n);
  expect(raft.transferLeadership(2n)).toEqual({ ok: true });
  expect(only(drain(raft).messages, "timeout-now")).toEqual([]);
});

test("another target takes the place of the first", () => {
  const raft = soloLeader();
  raft.transferLeadership(2n);
  raft.transferLeadership(3n);
  expect(raft.transferTarget).toBe(3n);
  expect(only(drain(raft).messages, "timeout-now")).toMatchObject([{ to: 2n }, { to: 3n }]);
});

test("proposals are refused while it lasts, and it lasts an election timeout at most", () => {
  const raft = soloLeader({ config: { checkQuorum: false } });
  raft.transferLeadership(2n);
  for (let ticks = 0; ticks < 10; ticks += 1) {
    expect(raft.propose(Uint8Array.of(1))).toEqual({ ok: false, code: "TRANSFERRING" });
    raft.tick();
  }
  expect(raft.transferTarget).toBe(0n);
  expect(raft.propose(Uint8Array.of(1)).ok).toBe(true);
});

test("learners, strangers and the leader itself are no targets", () => {
  const raft = soloLeader({ learners: [4n] });
  expect(raft.transferLeadership(4n)).toEqual({ ok: false, code: "NOT_A_VOTER" });
  expect(raft.transferLeadership(9n)).toEqual({ ok: false, code: "NOT_A_VOTER" });
  expect(raft.transferLeadership(1n)).toEqual({ ok: false, code: "ALREADY_LEADER" });
});

test("a transfer in a healthy cluster needs no tick at all", () => {
  const cluster = new Cluster({ seed: 1, voters: [1n, 2n, 3n] });
  cluster.act(1n, (raft) => raft.campaign());
  cluster.settle();
  for (const to of [2n, 3n, 1n, 3n]) {
    cluster.act(cluster.leader!.id, (raft) => raft.transferLeadership(to));
    cluster.settle();
    expect(cluster.leader?.id).toBe(to);
  }
});
