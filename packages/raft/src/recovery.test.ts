import { describe, expect, test } from "vitest";
import type { LogIndex, Message, MessageOf } from "./message.ts";
import {
  acknowledge,
  answerTo,
  append,
  drain,
  only,
  solo,
  soloLeader,
  voteRequest,
} from "./testing/solo.ts";

const ALL = Number.MAX_SAFE_INTEGER;

function heartbeat(term: number, commit: LogIndex): Message {
  return { type: "heartbeat", from: 2n, to: 1n, term, commit, readSequence: 0 };
}

function lost(term: number, recoveryId: number, verifiedIndex: LogIndex, lastIndex: LogIndex) {
  const [from, to] = [2n, 1n];
  return { type: "log-lost", from, to, term, recoveryId, verifiedIndex, lastIndex } as const;
}

describe("a member whose disk lost entries that it had acknowledged (docs/repair.md)", () => {
  test.each([
    { why: "a candidate that ends where its log ended", last: [5, 2], granted: true },
    { why: "one that is longer in the same term", last: [6, 2], granted: true },
    { why: "one of a later term, however short", last: [1, 3], granted: true },
    { why: "one that has what is left here, but not what is lost", last: [4, 2], granted: false },
    { why: "one of an earlier term, however long", last: [99, 1], granted: false },
  ] as const)("votes by what it acknowledged: $why", ({ last, granted }) => {
    for (const type of ["vote", "pre-vote"] as const) {
      const raft = solo({ term: 7, log: [1, 1], lostTail: { term: 2, index: 5 } });
      const [answer] = answerTo(raft, voteRequest(8, last, 3n, type));
      expect(answer).toMatchObject({ type: `${type}-response`, granted });
    }
  });

  test("that knows no end of its log votes for nobody without an entry of a later term", () => {
    const granted = (last: readonly [number, number]) => {
      const raft = solo({ term: 7, log: [1, 1], lostTail: { term: 7, index: ALL } });
      return only(answerTo(raft, voteRequest(9, last)), "vote-response")[0]?.granted;
    };
    expect(granted([1_000_000, 7])).toBe(false);
    expect(granted([3, 8])).toBe(true);
  });

  test("starts no election, whatever time passes and whoever asks for one", () => {
    const raft = solo({ log: [1, 1], lostTail: { term: 1, index: 5 } });
    for (let tick = 0; tick < 100; tick += 1) raft.tick();
    raft.campaign();
    raft.step({ type: "timeout-now", from: 2n, to: 1n, term: 1 });
    expect(raft.role).toBe("learner");
    expect(raft.term).toBe(1);
  });

  test("keeps the vote that it gave", () => {
    const raft = solo({ term: 4, vote: 3n, log: [1], lostTail: { term: 2, index: 5 } });
    const [answer] = answerTo(raft, voteRequest(4, [9, 3], 2n));
    expect(answer).toMatchObject({ type: "vote-response", granted: false });
  });

  test("does not believe a commit that rests on what it acknowledged before", () => {
    // What is left may be an older version of the log: entries 3 and 4 here were overwritten later, and that is lost.
    const raft = solo({ term: 2, log: [1, 1, 1, 1], commit: 2, lostTail: { term: 2, index: 4 } });
    drain(raft);
    raft.step(heartbeat(2, 4));
    expect(raft.commitIndex).toBe(2);
    raft.step(append(2, [2, 1], [2, 2], 4));
    expect(raft.commitIndex).toBe(4);
    expect(raft.isRecovering).toBe(false);
  });

  test("tells each leader that speaks, until it holds everything again, and then the disk", () => {
    const raft = solo({ log: [1, 1], lostTail: { term: 1, index: 4 } });
    const [told] = only(answerTo(raft, heartbeat(1, 0)), "log-lost");
    expect(told).toMatchObject({ to: 2n, term: 1, verifiedIndex: 0, lastIndex: 2 });
    answerTo(raft, append(1, [2, 1], [1]));
    const again = only(answerTo(raft, heartbeat(1, 0)), "log-lost");
    expect(again).toMatchObject([{ verifiedIndex: 3, lastIndex: 3 }]);
    raft.step(append(1, [3, 1], [1]));
    expect(drain(raft).readies.map(({ isRecovered }) => isRecovered)).toContain(true);
    expect(raft.role).toBe("follower");
    expect(only(answerTo(raft, heartbeat(1, 0)), "log-lost")).toEqual([]);
  });

  test("is not whole by what is left, however long: it may be an older version of the log", () => {
    const raft = solo({ term: 6, log: [1, 5, 5, 5], lostTail: { term: 4, index: 3 } });
    drain(raft);
    raft.step(heartbeat(6, 0));
    raft.step(append(6, [1, 1]));
    expect(raft.isRecovering).toBe(true);
    raft.step(append(6, [1, 1], [4, 4, 6]));
    expect(raft.isRecovering).toBe(false);
  });

  test("learns from the leader of that term how far it ever was sent", () => {
    const raft = solo({ log: [1, 1], lostTail: { term: 1, index: ALL } });
    const [told] = only(answerTo(raft, heartbeat(1, 0)), "log-lost");
    const { recoveryId } = told as MessageOf<"log-lost">;
    raft.step(append(1, [2, 1], [1]));
    expect(raft.isRecovering).toBe(true);
    const answer = { type: "log-lost-response", from: 2n, to: 1n, term: 1 } as const;
    raft.step({ ...answer, recoveryId: recoveryId + 1, lastIndex: 3 });
    expect(raft.isRecovering, "an answer to an earlier loss").toBe(true);
    raft.step({ ...answer, recoveryId, lastIndex: 3 });
    expect(raft.isRecovering).toBe(false);
  });

  test("takes no word of a later term's leader for the end of an earlier term", () => {
    const raft = solo({ log: [1, 1], lostTail: { term: 1, index: ALL } });
    const [told] = only(answerTo(raft, heartbeat(2, 0)), "log-lost");
    const { recoveryId } = told as MessageOf<"log-lost">;
    const [from, to] = [2n, 1n];
    raft.step({ type: "log-lost-response", from, to, term: 2, recoveryId, lastIndex: 2 });
    raft.step(append(2, [2, 1]));
    expect(raft.isRecovering).toBe(true);
    raft.step(append(2, [2, 1], [2]));
    expect(raft.isRecovering).toBe(false);
  });

  test("takes a snapshot for the whole", () => {
    const raft = solo({ lostTail: { term: 3, index: 9 }, term: 3 });
    const { membership } = raft;
    const snapshot = { index: 12, term: 3, membership };
    raft.step({ type: "install-snapshot", from: 2n, to: 1n, term: 3, snapshot });
    expect(drain(raft).readies).toMatchObject([{ snapshot, isRecovered: true }]);
    expect(raft.isRecovering).toBe(false);
  });
});

describe("the leader of such a member", () => {
  const progressOf = (raft: ReturnType<typeof soloLeader>) =>
    raft.progress.find((p) => p.id === 2n);

  test("takes back what it believes of that log, and searches from where it ends", () => {
    const raft = soloLeader({ log: [1, 1, 1, 1, 1] });
    expect(progressOf(raft)).toMatchObject({ match: 6, state: "replicate" });
    raft.step(lost(raft.term, 77, 0, 3));
    expect(progressOf(raft)).toMatchObject({ match: 0, next: 4, state: "probe" });
    const { messages } = drain(raft);
    expect(only(messages, "log-lost-response")).toMatchObject([{ recoveryId: 77, lastIndex: 6 }]);
    expect(only(messages, "append")).toMatchObject([{ to: 2n, previousIndex: 3 }]);
    expect(raft.commitIndex).toBe(6);
  });

  test("does so again if an acknowledgement from before the loss comes late", () => {
    const raft = soloLeader({ log: [1, 1, 1] });
    raft.step(lost(raft.term, 77, 0, 1));
    acknowledge(raft, 2n, 2);
    acknowledge(raft, 2n, 4);
    raft.step(lost(raft.term, 77, 2, 2));
    expect(progressOf(raft)).toMatchObject({ match: 2, next: 3 });
  });

  test("keeps to the end of its log at the first word of a loss: later entries were never acknowledged before it", () => {
    const raft = soloLeader();
    raft.step(lost(raft.term, 77, 0, 0));
    raft.propose(Uint8Array.of(1));
    drain(raft);
    const [again] = only(answerTo(raft, lost(raft.term, 77, 0, 0)), "log-lost-response");
    expect(again).toMatchObject({ lastIndex: 1 });
    const [other] = only(answerTo(raft, lost(raft.term, 78, 0, 0)), "log-lost-response");
    expect(other).toMatchObject({ lastIndex: 2 });
  });

  test("lets a snapshot on its way arrive", () => {
    const raft = soloLeader({ log: [1, 1, 1] });
    raft.compactLog(3);
    raft.step(lost(raft.term, 77, 0, 0));
    expect(only(drain(raft).messages, "install-snapshot")).toHaveLength(1);
    raft.step(lost(raft.term, 78, 0, 0));
    expect(only(drain(raft).messages, "install-snapshot")).toHaveLength(0);
    raft.reportSnapshot(2n, true);
    acknowledge(raft, 2n);
    expect(progressOf(raft)).toMatchObject({ match: 4, state: "replicate" });
  });
});
