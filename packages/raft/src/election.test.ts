import { InvariantViolation } from "@conclave/base";
import { expect, test } from "vitest";
import { membershipOf } from "./membership.ts";
import type { MemberId, Message, MessageType } from "./message.ts";
import { electionResult, hasQuorum, quorumOf, quorumValue } from "./quorum.ts";
import { Cluster } from "./testing/cluster.ts";
import {
  answerTo,
  append,
  drain,
  elect,
  only,
  solo,
  soloLeader,
  voteRequest,
} from "./testing/solo.ts";

const preVoting = { config: { preVote: true } };

test.each([
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 3],
  [5, 3],
  [7, 4],
])("a quorum of %i voters is %i", (voters, quorum) => {
  expect(quorumOf(voters)).toBe(quorum);
});

test("the value a quorum has reached is the same as counting says, for every cluster of up to 7", () => {
  for (let size = 1; size <= 7; size += 1) {
    const ids = Array.from({ length: size }, (_, n) => BigInt(n + 1));
    for (let code = 0; code < 3 ** size; code += 1) {
      const valueAt = (id: MemberId) => Math.floor(code / 3 ** (Number(id) - 1)) % 3;
      const reached = [0, 1, 2].filter(
        (value) => ids.filter((id) => valueAt(id) >= value).length > size / 2,
      );
      expect(quorumValue(membershipOf(ids, [9n]), valueAt)).toBe(Math.max(...reached));
    }
  }
});

test("learners and strangers are no part of an election or a quorum", () => {
  const membership = membershipOf([1n, 2n, 3n], [4n, 5n]);
  const votes = new Map<MemberId, boolean>([
    [1n, true],
    [4n, true],
    [5n, true],
    [6n, true],
  ]);
  expect(electionResult(membership, votes)).toBe("open");
  expect(hasQuorum(membership, (id) => votes.get(id) === true)).toBe(false);
});

test("a pre-vote changes neither term, vote nor timer of anybody (thesis 9.6)", () => {
  const raft = solo({ term: 3, vote: 3n, log: [1] });
  for (let n = 0; n < 10; n += 1) raft.tick();
  const before = { ...raft.inner };
  const answers = answerTo(raft, voteRequest(9, [5, 3], 2n, "pre-vote"));
  expect(answers).toMatchObject([{ type: "pre-vote-response", granted: true, term: 9 }]);
  const { term, vote, electionElapsed, electionTimeout, role } = before;
  expect(raft.inner).toMatchObject({ term, vote, electionElapsed, electionTimeout, role });
});

test("a pre-candidate asks in its next term without entering it, and enters it when a quorum agrees", () => {
  const raft = solo({ log: [1], ...preVoting });
  raft.campaign();
  const asked = only(drain(raft).messages, "pre-vote");
  expect(asked).toMatchObject([{ term: 2 }, { term: 2 }]);
  expect(raft).toMatchObject({ role: "pre-candidate", term: 1 });
  raft.step({ type: "pre-vote-response", from: 3n, to: 1n, term: 2, granted: true });
  expect(raft).toMatchObject({ role: "candidate", term: 2 });
});

test("a pre-vote granted to an earlier question counts for nothing", () => {
  const raft = solo({ log: [1], ...preVoting });
  raft.campaign();
  drain(raft);
  // The answer to what was asked in the term before.
  raft.step({ type: "pre-vote-response", from: 3n, to: 1n, term: 1, granted: true });
  expect(raft).toMatchObject({ role: "pre-candidate", term: 1 });
});

test("a candidate counts no vote that it was granted in an earlier term (Raft 5.1)", () => {
  const raft = solo({ log: [1] });
  raft.campaign();
  drain(raft);
  raft.campaign();
  drain(raft);
  raft.step({ type: "vote-response", from: 3n, to: 1n, term: 2, granted: true });
  expect(raft).toMatchObject({ role: "candidate", term: 3 });
  raft.step({ type: "vote-response", from: 3n, to: 1n, term: 3, granted: true });
  expect(raft).toMatchObject({ role: "leader", term: 3 });
});

test("a pre-candidate that is refused by a quorum follows again, its term untouched", () => {
  const raft = solo({ log: [1], ...preVoting });
  raft.campaign();
  drain(raft);
  for (const from of [2n, 3n]) {
    raft.step({ type: "pre-vote-response", from, to: 1n, term: 1, granted: false });
  }
  expect(raft).toMatchObject({ role: "follower", term: 1 });
});

test("a refusal of a newer term brings a pre-candidate up to it", () => {
  const raft = solo({ log: [1], ...preVoting });
  raft.campaign();
  raft.step({ type: "pre-vote-response", from: 2n, to: 1n, term: 7, granted: false });
  expect(raft).toMatchObject({ role: "follower", term: 7 });
});

test("exactly a quorum alive elects a leader (hashicorp/raft #605)", () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const cluster = new Cluster({ seed, voters: [1n, 2n, 3n] });
    const runUntilLeader = (): number => {
      for (let ticks = 1; ticks <= 100; ticks += 1) {
        for (const { id } of cluster.running) {
          cluster.act(id, (raft) => raft.tick());
          cluster.settle();
        }
        if (cluster.leader !== null) return ticks;
      }
      throw new Error(`seed ${seed}: no leader`);
    };
    runUntilLeader();
    const old = cluster.leader!.id;
    cluster.crash(old);
    // V1: within five election timeouts.
    expect(runUntilLeader()).toBeLessThanOrEqual(50);
    expect(cluster.leader!.id).not.toBe(old);
  }
});

test("an isolated or one-way deaf member that comes and goes never changes the leader (R14)", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const cluster = new Cluster({ seed, voters: [1n, 2n, 3n] });
    cluster.act(1n, (raft) => raft.campaign());
    cluster.settle();
    for (let ticks = 0; ticks < 120; ticks += 1) {
      if (ticks % 40 === 10) {
        if (seed % 2 === 0) cluster.partition([3n], [1n, 2n]);
        else for (const from of [1n, 2n]) cluster.block(from, 3n);
      }
      if (ticks % 40 === 35) cluster.heal();
      for (const { id } of cluster.running) cluster.act(id, (raft) => raft.tick());
      cluster.settle();
      expect(cluster.raft(1n)).toMatchObject({ role: "leader", term: 1 });
    }
  }
});

test("a leader that hears no quorum for an election timeout steps down; without check-quorum it stays", () => {
  for (const checkQuorum of [true, false]) {
    const raft = soloLeader({ config: { checkQuorum } });
    for (let n = 0; n < 20; n += 1) raft.tick();
    expect(raft.role).toBe(checkQuorum ? "follower" : "leader");
  }
});

test("learners that answer do not keep a leader in office", () => {
  const raft = soloLeader({ learners: [4n, 5n] });
  for (let n = 0; n < 40 && raft.role === "leader"; n += 1) {
    raft.tick();
    for (const from of [4n, 5n]) {
      if (raft.role !== "leader") break;
      raft.step({ type: "heartbeat-response", from, to: 1n, term: 1, readSequence: 0 });
    }
  }
  expect(raft.role).toBe("follower");
});

test("a learner answers a request for its vote: the candidate may know better (thesis 4.2.1)", () => {
  const raft = solo({ voters: [2n, 3n], learners: [1n] });
  expect(raft.role).toBe("learner");
  expect(answerTo(raft, voteRequest(1))).toMatchObject([{ type: "vote-response", granted: true }]);
});

test("who has no vote never stands for election", () => {
  for (const voters of [[2n, 3n], [2n]]) {
    const raft = solo({ voters, learners: [1n] });
    for (let n = 0; n < 100; n += 1) raft.tick();
    raft.campaign();
    raft.step({ type: "timeout-now", from: 2n, to: 1n, term: 0 });
    expect(raft).toMatchObject({ role: "learner", term: 0 });
  }
});

test("timeout-now starts the election at once, without pre-vote, in a term of its own", () => {
  const raft = solo({ log: [1], ...preVoting });
  answerTo(raft, append(1, [1, 1]));
  raft.step({ type: "timeout-now", from: 2n, to: 1n, term: 1 });
  expect(raft).toMatchObject({ role: "candidate", term: 2 });
  expect(only(drain(raft).messages, "vote")).toMatchObject([
    { isTransfer: true },
    { isTransfer: true },
  ]);
});

test.each(["append", "heartbeat", "install-snapshot"] as const)(
  "a member ahead of its leader's term tells it by refusing its %s, or it would be lost",
  (type) => {
    const raft = solo({ term: 5, log: [1] });
    const snapshot = { index: 1, term: 1, membership: raft.membership };
    const from = { from: 2n, to: 1n, term: 3 } as const;
    const messages: Record<typeof type, Message> = {
      append: append(3, [0, 0]),
      heartbeat: { type: "heartbeat", ...from, commit: 0, readSequence: 0 },
      "install-snapshot": { type: "install-snapshot", ...from, snapshot },
    };
    expect(answerTo(raft, messages[type])).toMatchObject([
      { type: "append-response", term: 5, rejected: true },
    ]);
    expect(raft.leader).toBe(0n);
  },
);

// The negative space of the handler table.

const own = { from: 2n, to: 1n, term: 1 } as const;
const forbiddenToLeaders: Partial<Record<MessageType, Message>> = {
  append: append(1, [0, 0]),
  heartbeat: { type: "heartbeat", ...own, commit: 0, readSequence: 0 },
  "timeout-now": { type: "timeout-now", ...own },
  "install-snapshot": {
    type: "install-snapshot",
    ...own,
    snapshot: { index: 1, term: 1, membership: membershipOf([1n]) },
  },
};

test.each(Object.entries(forbiddenToLeaders))(
  "two leaders in a term: a leader that gets %s of its own term stops",
  (_type, message) => {
    const raft = soloLeader();
    expect(() => raft.step(message)).toThrow(InvariantViolation);
  },
);

test("a follower that hears two leaders in one term stops", () => {
  const raft = solo();
  raft.step(append(1, [0, 0]));
  expect(() => raft.step({ ...append(1, [0, 0]), from: 3n })).toThrow(/one leader/);
});

test("an append that would replace a committed entry stops the member", () => {
  const raft = solo({ log: [1, 1], commit: 2 });
  expect(() => raft.step(append(2, [2, 1], [2], 9))).not.toThrow();
  expect(() => raft.step({ ...append(3, [2, 1], [3]) })).toThrow(/committed entry/);
});

test("a heartbeat that commits beyond the log stops the member: its disk lost what it acknowledged", () => {
  const raft = solo({ log: [1] });
  expect(() => raft.step({ type: "heartbeat", ...own, commit: 5, readSequence: 0 })).toThrow(
    /lost entries/,
  );
});

test("late answers of an election, of replication and of reads move nobody who is past them", () => {
  const late: Message[] = [
    { type: "vote-response", ...own, granted: true },
    { type: "pre-vote-response", ...own, granted: true },
    { type: "read-index-response", ...own, readId: 77, index: 1 },
  ];
  const leader = soloLeader();
  for (const message of late) expect(answerTo(leader, message)).toEqual([]);
  const follower = solo({ term: 1 });
  const toLeaders: Message[] = [
    ...late,
    { type: "heartbeat-response", ...own, readSequence: 5 },
    {
      type: "append-response",
      ...own,
      index: 3,
      rejected: false,
      hintIndex: 0,
      hintTerm: 0,
    },
  ];
  for (const message of toLeaders) expect(answerTo(follower, message)).toEqual([]);
  expect(follower).toMatchObject({ role: "follower", term: 1 });
});

test("a message for somebody else, or from oneself, is a bug of the caller", () => {
  const raft = solo();
  expect(() => raft.step({ ...append(1, [0, 0]), to: 3n })).toThrow(InvariantViolation);
  expect(() => raft.step({ ...append(1, [0, 0]), from: 1n })).toThrow(InvariantViolation);
});

test("a config that cannot work is refused by the name of its field", () => {
  expect(() => solo({ config: { electionTicks: 1 } })).toThrow(/electionTicks/);
  expect(() => solo({ config: { inflightMessagesMax: 0 } })).toThrow(/inflightMessagesMax/);
  expect(() => solo({ config: { appendBytesMax: 1.5 } })).toThrow(RangeError);
});

test("an election while entries are not committed keeps them", () => {
  const raft = solo({ log: [1, 1, 1], commit: 1 });
  elect(raft);
  expect(raft.lastIndex).toBe(4);
  expect(raft.commitIndex).toBe(1);
});

const LEASE = 10;
const hasty = { config: { preVote: true, electionTicks: LEASE } };

/** A follower in term 3 that has just heard its leader, member 2. */
function followerOf2() {
  const raft = solo({ term: 3, log: [1], ...hasty });
  raft.step({ type: "heartbeat", from: 2n, to: 1n, term: 3, commit: 0, readSequence: 0 });
  drain(raft);
  return raft;
}

test("who is told that its leader is gone gives the others its pre-vote at once, and asks for theirs soon", () => {
  const raft = followerOf2();
  const ask = voteRequest(4, [5, 3], 3n, "pre-vote");
  expect(answerTo(raft, ask)).toMatchObject([{ type: "pre-vote-response", granted: false }]);
  raft.reportGone(2n);
  expect(answerTo(raft, ask)).toMatchObject([{ type: "pre-vote-response", granted: true }]);
  raft.reportGone(2n); // told again, it waits no longer
  for (let ticks = 0; ticks <= LEASE / 5; ticks += 1) raft.tick();
  expect(only(drain(raft).messages, "pre-vote")).toMatchObject([{ term: 4 }, { term: 4 }]);
});

test("a heartbeat ends the suspicion that the leader is gone", () => {
  const raft = followerOf2();
  raft.reportGone(2n);
  raft.step({ type: "heartbeat", from: 2n, to: 1n, term: 3, commit: 0, readSequence: 0 });
  for (let ticks = 0; ticks < LEASE; ticks += 1) raft.tick();
  expect(raft).toMatchObject({ role: "follower", leader: 2n, term: 3 });
});

test("that somebody else is gone, or that a leader is where there is no pre-vote, hastens nothing", () => {
  const raft = followerOf2();
  raft.reportGone(3n);
  const plain = solo({ term: 3, log: [1], config: { preVote: false, electionTicks: LEASE } });
  plain.step({ type: "heartbeat", from: 2n, to: 1n, term: 3, commit: 0, readSequence: 0 });
  plain.reportGone(2n);
  for (const each of [raft, plain]) {
    for (let ticks = 0; ticks < LEASE; ticks += 1) each.tick();
    expect(each).toMatchObject({ role: "follower", leader: 2n, term: 3 });
  }
});

test("one follower alone that is told so, wrongly, changes no leader (R14)", () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const cluster = new Cluster({ seed, voters: [1n, 2n, 3n] });
    cluster.act(1n, (raft) => raft.campaign());
    cluster.settle();
    for (let ticks = 0; ticks < 60; ticks += 1) {
      cluster.act(3n, (raft) => raft.reportGone(1n));
      for (const { id } of cluster.running) cluster.act(id, (raft) => raft.tick());
      cluster.settle();
      expect(cluster.raft(1n)).toMatchObject({ role: "leader", term: 1 });
    }
  }
});

test("all that are told so when it is true elect another long before its silence would tell", () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const cluster = new Cluster({ seed, voters: [1n, 2n, 3n], config: { electionTicks: 100 } });
    cluster.act(1n, (raft) => raft.campaign());
    cluster.settle();
    cluster.crash(1n);
    for (const id of [2n, 3n]) cluster.act(id, (raft) => raft.reportGone(1n));
    for (let ticks = 0; ticks < 25; ticks += 1) {
      for (const { id } of cluster.running) {
        cluster.act(id, (raft) => raft.tick());
        cluster.settle();
      }
    }
    expect(cluster.leader, `seed ${seed}`).not.toBeNull();
  }
});
