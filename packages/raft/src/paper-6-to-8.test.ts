import { expect, test } from "vitest";
import { membershipOf } from "./membership.ts";
import type { MemberId, Message } from "./message.ts";
import {
  acknowledge,
  answerTo,
  append,
  drain,
  elect,
  only,
  solo,
  soloLeader,
  termsOf,
  voteRequest,
} from "./testing/solo.ts";

// Sentences of "In Search of an Understandable Consensus Algorithm (Extended Version)", sections 6 to 8; section 5 is
// in paper.test.ts.

// 6, and thesis 4

test("6: a member accepts entries from a leader, and votes for a candidate, that is not in its membership", () => {
  const raft = solo();
  const stranger: Message = { ...append(1, [0, 0], [1]), from: 9n };
  expect(answerTo(raft, stranger)).toMatchObject([{ to: 9n, rejected: false }]);
  const other = solo();
  expect(answerTo(other, voteRequest(1, [0, 0], 9n))).toMatchObject([{ to: 9n, granted: true }]);
});

test("6: a member disregards requests for votes while it hears a leader; its term does not move", () => {
  const raft = solo();
  answerTo(raft, append(1, [0, 0]));
  for (let n = 0; n < 9; n += 1) raft.tick();
  expect(answerTo(raft, voteRequest(7, [9, 6], 3n))).toEqual([]);
  expect(raft.term).toBe(1);
  const preVote = answerTo(raft, voteRequest(7, [9, 6], 3n, "pre-vote"));
  expect(preVote).toMatchObject([{ granted: false, term: 1 }]);
  // Unless its leader asked for the election (thesis 3.10).
  const transfer: Message = { ...voteRequest(7, [9, 6], 3n), isTransfer: true } as Message;
  expect(answerTo(raft, transfer)).toMatchObject([{ type: "vote-response", granted: true }]);
});

test("6: a member uses the latest membership in its log, committed or not", () => {
  const raft = soloLeader();
  expect(raft.proposeMembership({ type: "add-voter", id: 4n })).toMatchObject({
    ok: true,
    index: 2,
  });
  expect(raft.membership).toEqual(membershipOf([1n, 2n, 3n, 4n]));
  drain(raft);
  // Two of three would be a quorum of the old membership, not of the new one.
  acknowledge(raft, 2n);
  expect(raft.commitIndex).toBe(1);
  acknowledge(raft, 4n);
  expect(raft.commitIndex).toBe(2);
});

test("6: new servers join as non-voting members and are not counted until they vote", () => {
  const raft = soloLeader({ voters: [1n, 2n, 3n], learners: [4n, 5n] });
  raft.propose(Uint8Array.of(1));
  drain(raft);
  acknowledge(raft, 4n);
  acknowledge(raft, 5n);
  expect(raft.commitIndex).toBe(1);
});

test("6: a leader that is not in the new membership steps down once that is committed, not before", () => {
  const raft = soloLeader();
  raft.proposeMembership({ type: "remove", id: 1n });
  drain(raft);
  acknowledge(raft, 2n);
  expect(raft).toMatchObject({ role: "leader", commitIndex: 1 });
  acknowledge(raft, 3n);
  expect(raft).toMatchObject({ role: "learner", commitIndex: 2 });
});

// 7

test("7: a snapshot of what the log does not hold replaces the whole log", () => {
  const raft = solo({ log: [1, 1, 1] });
  const snapshot = { index: 7, term: 3, membership: membershipOf([1n, 2n, 3n], [4n]) };
  raft.step({ type: "install-snapshot", from: 2n, to: 1n, term: 4, snapshot });
  const ready = raft.takeReady()!;
  expect(ready).toMatchObject({ snapshot, entries: [], membership: snapshot.membership });
  // It is acknowledged, and counts as applied, when it is installed.
  expect(only(ready.messages, "append-response")).toEqual([]);
  expect(raft.appliedIndex).toBe(0);
  raft.onDurable(ready.sequence);
  expect(only(ready.durableMessages, "append-response")).toMatchObject([{ index: 7 }]);
  expect(raft).toMatchObject({ appliedIndex: 7, firstIndex: 8, lastIndex: 7, commitIndex: 7 });
});

test("7, Figure 13 (6): a snapshot that the log agrees with leaves the entries behind it", () => {
  const raft = solo({ log: [1, 1, 2, 2] });
  const snapshot = { index: 3, term: 2, membership: membershipOf([1n, 2n, 3n]) };
  raft.step({ type: "install-snapshot", from: 2n, to: 1n, term: 2, snapshot });
  const { readies, messages, committed } = drain(raft);
  expect(readies.every((ready) => ready.snapshot === null)).toBe(true);
  expect(messages).toMatchObject([{ type: "append-response", index: 3, rejected: false }]);
  expect(committed.map(({ index }) => index)).toEqual([1, 2, 3]);
  expect(termsOf(raft)).toEqual([1, 1, 2, 2]);
});

test("7: an old snapshot is not installed: the state never goes back", () => {
  const raft = solo({ log: [1, 1, 1], commit: 3 });
  const snapshot = { index: 2, term: 1, membership: membershipOf([1n]) };
  raft.step({ type: "install-snapshot", from: 2n, to: 1n, term: 1, snapshot });
  const { readies, messages } = drain(raft);
  expect(readies.every((ready) => ready.snapshot === null)).toBe(true);
  expect(messages).toMatchObject([{ index: 3, rejected: false }]);
  expect(raft.membership.voters).toEqual([1n, 2n, 3n]);
});

test("7: a follower that needs entries which are gone is sent a snapshot", () => {
  const raft = soloLeader();
  for (let n = 0; n < 5; n += 1) raft.propose(Uint8Array.of(n));
  drain(raft);
  acknowledge(raft, 2n);
  drain(raft);
  raft.compactLog(4);
  raft.step({
    type: "append-response",
    from: 3n,
    to: 1n,
    term: 1,
    index: 6,
    rejected: true,
    hintIndex: 1,
    hintTerm: 1,
  });
  const sent = drain(raft).messages.filter(({ to }) => to === 3n);
  expect(sent).toMatchObject([
    { type: "install-snapshot", snapshot: { index: 6, term: 1, membership: raft.membership } },
  ]);
  expect(raft.progress.find(({ id }) => id === 3n)?.state).toBe("snapshot");
});

// 8

test("8: a leader commits a blank entry at the start of its term", () => {
  const raft = solo({ log: [1, 1] });
  elect(raft);
  expect(raft.inner.log.at(3)).toMatchObject({ term: 2, kind: "command" });
  expect(raft.inner.log.at(3).data.length).toBe(0);
});

test("8: a leader answers no read before it exchanged heartbeats with a majority", () => {
  const raft = soloLeader({ voters: [1n, 2n, 3n, 4n, 5n] });
  raft.readIndex(1);
  const first = drain(raft);
  const [beat] = only(first.messages, "heartbeat");
  expect(first.readies.flatMap((ready) => ready.reads)).toEqual([]);
  const answer = (from: MemberId, readSequence: number): void =>
    raft.step({ type: "heartbeat-response", from, to: 1n, term: 1, readSequence });
  answer(2n, beat!.readSequence);
  // Learners of old rounds and repeated answers are no majority.
  answer(2n, beat!.readSequence);
  answer(3n, beat!.readSequence - 1);
  expect(drain(raft).readies.flatMap((ready) => ready.reads)).toEqual([]);
  answer(3n, beat!.readSequence);
  expect(drain(raft).readies.flatMap((ready) => ready.reads)).toEqual([{ readId: 1, index: 1 }]);
});
