import { expect, test } from "vitest";
import { changedMembership, MEMBERS_MAX, MembershipHistory, membershipOf } from "./membership.ts";
import { Cluster } from "./testing/cluster.ts";
import { acknowledge, append, drain, elect, only, solo, soloLeader } from "./testing/solo.ts";

const base = membershipOf([1n, 2n, 3n], [4n]);

test.each([
  { change: { type: "add-voter", id: 5n }, result: membershipOf([1n, 2n, 3n, 5n], [4n]) },
  { change: { type: "add-learner", id: 5n }, result: membershipOf([1n, 2n, 3n], [4n, 5n]) },
  { change: { type: "promote", id: 4n }, result: membershipOf([1n, 2n, 3n, 4n]) },
  { change: { type: "remove", id: 4n }, result: membershipOf([1n, 2n, 3n]) },
  { change: { type: "remove", id: 2n }, result: membershipOf([1n, 3n], [4n]) },
  { change: { type: "add-voter", id: 4n }, result: "ALREADY_MEMBER" },
  { change: { type: "add-learner", id: 1n }, result: "ALREADY_MEMBER" },
  { change: { type: "update", id: 1n }, result: membershipOf([1n, 2n, 3n], [4n]) },
  { change: { type: "update", id: 9n }, result: "NOT_A_MEMBER" },
  { change: { type: "promote", id: 1n }, result: "NOT_A_LEARNER" },
  { change: { type: "promote", id: 9n }, result: "NOT_A_MEMBER" },
  { change: { type: "remove", id: 9n }, result: "NOT_A_MEMBER" },
] as const)("$change.type $change.id", ({ change, result }) => {
  expect(changedMembership(base, change)).toEqual(result);
});

test("the last voter stays, and a membership has a limit", () => {
  expect(changedMembership(membershipOf([1n], [2n]), { type: "remove", id: 1n })).toBe(
    "LAST_VOTER",
  );
  const full = membershipOf(Array.from({ length: MEMBERS_MAX }, (_, n) => BigInt(n + 1)));
  expect(changedMembership(full, { type: "add-learner", id: 999n })).toBe("TOO_MANY_MEMBERS");
});

test("the history of memberships follows append, truncation and compaction", () => {
  const history = new MembershipHistory(0, membershipOf([1n]));
  history.push(3, membershipOf([1n, 2n]));
  history.push(7, membershipOf([1n, 2n, 3n]));
  expect(history.at(6)).toEqual(membershipOf([1n, 2n]));
  expect(history.previous).toEqual(membershipOf([1n, 2n]));
  history.compact(5);
  expect(history.at(5)).toEqual(membershipOf([1n, 2n]));
  expect(() => history.at(4)).toThrow(/below the compaction point/);
  history.truncate(7);
  expect(history.current).toEqual(membershipOf([1n, 2n]));
  expect(history.currentIndex).toBe(5);
});

test("no change before an entry of the leader's own term is committed (Ongaro 2015)", () => {
  const raft = solo({ log: [1, 1], commit: 2 });
  elect(raft);
  const change = { type: "add-voter", id: 4n } as const;
  expect(raft.proposeMembership(change)).toEqual({ ok: false, code: "NO_COMMIT_IN_TERM" });
  acknowledge(raft, 2n);
  expect(raft.proposeMembership(change)).toMatchObject({ ok: true, index: 4 });
});

test("one change at a time", () => {
  const raft = soloLeader();
  expect(raft.proposeMembership({ type: "add-learner", id: 4n }).ok).toBe(true);
  const next = { type: "add-learner", id: 5n } as const;
  expect(raft.proposeMembership(next)).toEqual({ ok: false, code: "CHANGE_PENDING" });
  drain(raft);
  acknowledge(raft, 2n);
  expect(raft.proposeMembership(next).ok).toBe(true);
});

test("who does not lead, or hands over, changes no membership", () => {
  const change = { type: "add-voter", id: 4n } as const;
  expect(solo().proposeMembership(change)).toEqual({ ok: false, code: "NOT_LEADER" });
  const raft = soloLeader();
  raft.transferLeadership(2n);
  expect(raft.proposeMembership(change)).toEqual({ ok: false, code: "TRANSFERRING" });
});

test("a learner is promoted only when it has nearly all of the log", () => {
  const raft = soloLeader({ learners: [4n] });
  for (let n = 0; n < 99; n += 1) raft.propose(Uint8Array.of(n));
  drain(raft);
  acknowledge(raft, 2n);
  acknowledge(raft, 4n, 80);
  expect(raft.proposeMembership({ type: "promote", id: 4n })).toMatchObject({
    code: "LEARNER_BEHIND",
  });
  acknowledge(raft, 4n, 90);
  expect(raft.proposeMembership({ type: "promote", id: 4n })).toMatchObject({ ok: true });
});

test("the context of a change reaches the state machine unchanged", () => {
  const raft = soloLeader({ voters: [1n] });
  const context = Uint8Array.of(9, 8, 7);
  raft.proposeMembership({ type: "add-learner", id: 4n, context });
  const [entry] = drain(raft).committed;
  expect(entry?.kind).toBe("membership");
  expect(entry?.data.subarray(-3)).toEqual(context);
  const tooLong = new Uint8Array((1 << 20) + 1);
  expect(() => raft.proposeMembership({ type: "add-learner", id: 5n, context: tooLong })).toThrow(
    RangeError,
  );
});

test("removing a voter may commit at once what the smaller quorum already holds", () => {
  const raft = soloLeader({ voters: [1n, 2n] });
  raft.proposeMembership({ type: "remove", id: 2n });
  const { committed } = drain(raft);
  expect(committed).toMatchObject([{ index: 2, kind: "membership" }]);
  expect(raft.progress).toEqual([]);
});

test("a removed leader spreads the commit and hands over to the voter that is furthest", () => {
  const raft = soloLeader({ voters: [1n, 2n, 3n, 4n] });
  raft.proposeMembership({ type: "remove", id: 1n });
  drain(raft);
  acknowledge(raft, 3n);
  acknowledge(raft, 4n);
  const { messages } = drain(raft);
  expect(only(messages, "append").filter(({ commit }) => commit === 2).length).toBeGreaterThan(0);
  expect(only(messages, "timeout-now")).toMatchObject([{ to: 3n }]);
  expect(raft.role).toBe("learner");
});

test("a truncated change gives the membership back, and says so", () => {
  const raft = soloLeader();
  raft.proposeMembership({ type: "add-voter", id: 4n });
  expect(raft.takeReady()?.membership?.voters).toEqual([1n, 2n, 3n, 4n]);
  raft.step(append(2, [1, 1], [2]));
  expect(raft.takeReady()?.membership?.voters).toEqual([1n, 2n, 3n]);
});

test("a member that was removed and knows it stands for no election", () => {
  const raft = soloLeader({ voters: [1n, 2n] });
  raft.proposeMembership({ type: "remove", id: 1n });
  drain(raft);
  acknowledge(raft, 2n);
  drain(raft);
  for (let n = 0; n < 100; n += 1) raft.tick();
  expect(raft).toMatchObject({ role: "learner", term: 1 });
});

test("a cluster grows from one member to five and shrinks back, losing nothing", () => {
  const cluster = new Cluster({ seed: 1, voters: [1n] });
  const settle = () => {
    for (let ticks = 0; ticks < 3; ticks += 1) {
      for (const { id } of cluster.running) cluster.act(id, (raft) => raft.tick());
      cluster.settle();
    }
  };
  settle();
  for (const id of [2n, 3n, 4n, 5n]) {
    cluster.join(id);
    for (const type of ["add-learner", "promote"] as const) {
      const leader = cluster.leader!;
      const result = cluster.act(leader.id, (raft) => raft.proposeMembership({ type, id }));
      expect(result).toMatchObject({ ok: true });
      settle();
    }
  }
  expect(cluster.raft(5n).membership.voters).toEqual([1n, 2n, 3n, 4n, 5n]);
  for (const id of [1n, 2n, 3n, 4n]) {
    const leader = cluster.leader!;
    cluster.act(leader.id, (raft) => raft.propose(Uint8Array.of(Number(id))));
    const result = cluster.act(leader.id, (raft) => raft.proposeMembership({ type: "remove", id }));
    expect(result).toMatchObject({ ok: true });
    for (let rounds = 0; rounds < 10; rounds += 1) settle();
    cluster.crash(id);
  }
  expect(cluster.leader?.id).toBe(5n);
  expect(cluster.raft(5n).commitIndex).toBe(cluster.invariants.committedIndex);
});
