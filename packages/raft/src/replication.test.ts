import { expect, test } from "vitest";
import type { MemberId } from "./message.ts";
import { Inflight, Progress } from "./progress.ts";
import type { Raft } from "./raft.ts";
import {
  acknowledge,
  answerTo,
  append,
  drain,
  elect,
  only,
  solo,
  soloLeader,
} from "./testing/solo.ts";

const limits = { inflightMessagesMax: 3, inflightBytesMax: 100 };
const twoMembers = { voters: [1n, 2n] } as const;

function appendsTo(raft: Raft, to: MemberId) {
  return only(drain(raft).messages, "append").filter((message) => message.to === to);
}

function beat(raft: Raft, from: MemberId): void {
  raft.step({ type: "heartbeat-response", from, to: 1n, term: raft.term, readSequence: 0 });
}

function refuse(raft: Raft, from: MemberId, index: number, hint: readonly [number, number]): void {
  const [hintIndex, hintTerm] = hint;
  const { term } = raft;
  raft.step({
    type: "append-response",
    from,
    to: 1n,
    term,
    index,
    rejected: true,
    hintIndex,
    hintTerm,
  });
}

test("a window is full by messages or by bytes, and frees in order", () => {
  const window = new Inflight(limits);
  for (let n = 1; n <= 3; n += 1) window.push(n, 10);
  expect(window.isFull).toBe(true);
  expect(() => window.push(4, 1)).toThrow(/window/);
  window.onMatch(2);
  expect(window.count).toBe(1);
  window.push(4, 90);
  expect(window.isFull).toBe(true);
  window.onMatch(3);
  expect(window.isFull).toBe(false);
  window.push(5, 10);
  expect(window.isFull).toBe(true);
  window.clear();
  expect(window.count).toBe(0);
  // Round and round: the ring keeps its count.
  for (let n = 6; n < 50; n += 1) {
    window.push(n, 1);
    window.onMatch(n);
    expect(window.count).toBe(0);
  }
});

test("a refusal that is not of the last probe, or below what matched, does not count", () => {
  const progress = new Progress(10, true, limits);
  expect(progress.onRejected(5, 4)).toBe(false);
  expect(progress.onRejected(9, 4)).toBe(true);
  expect(progress.next).toBe(5);
  progress.onAccepted(4);
  progress.becomeReplicate();
  expect(progress.onRejected(4, 0)).toBe(false);
  expect(progress.state).toBe("replicate");
  progress.onSent(8, 10);
  expect(progress.onRejected(8, 0)).toBe(true);
  expect(progress).toMatchObject({ state: "probe", next: 5, match: 4 });
});

test("a match index never falls, whatever order the answers come in", () => {
  const progress = new Progress(1, true, limits);
  expect(progress.onAccepted(7)).toBe(true);
  expect(progress.onAccepted(3)).toBe(false);
  expect(progress).toMatchObject({ match: 7, next: 8 });
});

test("a probe never goes below what matched, however low the hint", () => {
  const progress = new Progress(10, true, limits);
  progress.match = 6;
  expect(progress.onRejected(9, 0)).toBe(true);
  expect(progress.next).toBe(7);
});

test("probing sends one append at a time; an answer or a heartbeat's frees the next", () => {
  const raft = solo({ log: [1, 1, 1], ...twoMembers });
  elect(raft);
  raft.propose(Uint8Array.of(1));
  expect(appendsTo(raft, 2n)).toEqual([]);
  beat(raft, 2n);
  expect(appendsTo(raft, 2n)).toHaveLength(1);
  raft.propose(Uint8Array.of(1));
  expect(appendsTo(raft, 2n)).toEqual([]);
  refuse(raft, 2n, 3, [1, 1]);
  expect(appendsTo(raft, 2n)).toMatchObject([{ previousIndex: 1 }]);
});

test("once logs agree appends are pipelined, each going on where the one before ended", () => {
  const raft = soloLeader({ ...twoMembers, config: { appendBytesMax: 1 } });
  const previous: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    raft.propose(Uint8Array.of(n));
    previous.push(...appendsTo(raft, 2n).map(({ previousIndex }) => previousIndex));
  }
  expect(previous).toEqual([1, 2, 3, 4, 5]);
});

test("an append is bounded in bytes, but one entry always fits", () => {
  const raft = soloLeader({ ...twoMembers, config: { appendBytesMax: 200, smallAppendsMax: 4 } });
  for (const size of [50, 50, 50, 500, 50]) raft.propose(new Uint8Array(size));
  const sizes = appendsTo(raft, 2n).map(({ entries }) => entries.map(({ data }) => data.length));
  expect(sizes).toEqual([[50, 50], [50], [500], [50]]);
});

/** Proposes commands of so many bytes, one a turn. @returns how many entries each append held that they led to */
function sentFor(raft: Raft, ...sizes: readonly number[]): number[] {
  return sizes.flatMap((size) => {
    raft.propose(new Uint8Array(size));
    return appendsTo(raft, 2n).map(({ entries }) => entries.length);
  });
}

test("small appends gather while two are on their way, and go as one when these are acknowledged", () => {
  const raft = soloLeader(twoMembers);
  expect(sentFor(raft, 1, 1, 1, 1, 1)).toEqual([1, 1]);
  expect(raft.hasReady()).toBe(false);
  acknowledge(raft, 2n, 2);
  expect(appendsTo(raft, 2n)).toMatchObject([
    { previousIndex: 3, entries: [{ index: 4 }, { index: 5 }, { index: 6 }], commit: 2 },
  ]);
});

test("what fills an append does not wait for others on their way", () => {
  const raft = soloLeader({ ...twoMembers, config: { appendBytesMax: 200 } });
  expect(sentFor(raft, 1, 1, 100, 100)).toEqual([1, 1, 1]);
  expect(sentFor(raft, 300)).toEqual([1, 1]);
});

test("entries that gather wait no longer than a tick: where the way is long, nothing waits for answers", () => {
  const raft = soloLeader(twoMembers);
  expect(sentFor(raft, 1, 1, 1, 1)).toEqual([1, 1]);
  raft.tick();
  expect(appendsTo(raft, 2n)).toMatchObject([{ previousIndex: 3, entries: { length: 2 } }]);
  expect(sentFor(raft, 1, 1, 1)).toEqual([1]);
});

test("what gathered and was compacted away meanwhile is not waited for: a snapshot goes", () => {
  const raft = soloLeader({ voters: [1n, 2n, 3n] });
  expect(sentFor(raft, 1, 1, 1, 1)).toEqual([1, 1]);
  acknowledge(raft, 3n, 5);
  drain(raft);
  raft.compactLog(5);
  acknowledge(raft, 2n, 2);
  expect(drain(raft).messages.filter(({ to }) => to === 2n)).toMatchObject([
    { type: "install-snapshot", snapshot: { index: 5 } },
  ]);
});

test("the news of a commit waits for appends on their way, and comes with the next entries or when they are acknowledged", () => {
  const raft = soloLeader({ voters: [1n, 2n, 3n] });
  expect(sentFor(raft, 1, 1, 1)).toEqual([1, 1]);
  acknowledge(raft, 3n, 3);
  raft.tick();
  expect(appendsTo(raft, 2n)).toMatchObject([{ entries: [{ index: 4 }], commit: 3 }]);
  acknowledge(raft, 3n, 4);
  expect(appendsTo(raft, 2n)).toEqual([]);
  acknowledge(raft, 2n, 3);
  expect(appendsTo(raft, 2n)).toMatchObject([{ entries: [], commit: 4 }]);
});

test("a full window stops appends until something is acknowledged", () => {
  const config = { appendBytesMax: 1, inflightMessagesMax: 2 };
  const raft = soloLeader({ ...twoMembers, config });
  for (let n = 0; n < 5; n += 1) raft.propose(Uint8Array.of(n));
  expect(appendsTo(raft, 2n)).toHaveLength(2);
  expect(raft.hasReady()).toBe(false);
  acknowledge(raft, 2n, 2);
  expect(appendsTo(raft, 2n)).toMatchObject([{ previousIndex: 3, commit: 2 }]);
});

test("a window full by bytes stops appends, too", () => {
  const config = { appendBytesMax: 1, inflightBytesMax: 100 };
  const raft = soloLeader({ ...twoMembers, config });
  for (let n = 0; n < 5; n += 1) raft.propose(new Uint8Array(50));
  expect(appendsTo(raft, 2n)).toHaveLength(2);
});

test("a window whose messages were all lost is found out by an empty append after the next heartbeat", () => {
  const config = { appendBytesMax: 1, inflightMessagesMax: 2 };
  const raft = soloLeader({ ...twoMembers, config });
  for (let n = 0; n < 3; n += 1) raft.propose(Uint8Array.of(n));
  drain(raft);
  beat(raft, 2n);
  expect(appendsTo(raft, 2n)).toMatchObject([{ previousIndex: 3, entries: [] }]);
  refuse(raft, 2n, 3, [1, 1]);
  expect(raft.progress).toMatchObject([{ state: "probe", next: 2 }]);
  expect(appendsTo(raft, 2n)).toMatchObject([{ previousIndex: 1, entries: [{ index: 2 }] }]);
});

test("a follower that cannot be reached is probed, one append at a time", () => {
  const raft = soloLeader(twoMembers);
  raft.reportUnreachable(2n);
  raft.reportUnreachable(9n);
  expect(raft.progress).toMatchObject([{ state: "probe" }]);
  for (let n = 0; n < 3; n += 1) raft.propose(Uint8Array.of(n));
  expect(appendsTo(raft, 2n)).toHaveLength(1);
});

test("a refusal names the last place where the logs may agree, skipping whole terms (thesis 3.3)", () => {
  const raft = solo({ log: [1, 1, 2, 2, 5, 5, 5], term: 6 });
  // Entry 7 of the leader is of term 4: nothing of term 5 here can be in its log.
  expect(answerTo(raft, append(6, [7, 4]))).toMatchObject([
    { rejected: true, index: 7, hintIndex: 4, hintTerm: 2 },
  ]);
  expect(answerTo(raft, append(6, [99, 6]))).toMatchObject([{ hintIndex: 7, hintTerm: 5 }]);
});

test("the leader skips its own terms above the hint's", () => {
  const raft = solo({ log: [1, 1, 3, 3, 3, 3], ...twoMembers });
  elect(raft);
  beat(raft, 2n);
  drain(raft);
  refuse(raft, 2n, 6, [5, 2]);
  expect(appendsTo(raft, 2n)).toMatchObject([{ previousIndex: 2, previousTerm: 1 }]);
});

test("entries out of order or with a gap stop the receiver (LogCabin #160)", () => {
  const good = append(1, [0, 0], [1, 1, 1]);
  const gap = { ...good, entries: [good.entries[0]!, good.entries[2]!] };
  expect(() => solo().step(gap)).toThrow(/follow each other/);
  const future = append(1, [0, 0], [2]);
  expect(() => solo().step(future)).toThrow(/later terms/);
});

test("proposals beyond the limit of uncommitted bytes are refused, until some commit", () => {
  const raft = soloLeader({ ...twoMembers, config: { uncommittedBytesMax: 300 } });
  const codes = [100, 100, 100, 10].map((size) => raft.propose(new Uint8Array(size)));
  expect(codes.map((result) => (result.ok ? "ok" : result.code))).toEqual([
    "ok",
    "ok",
    "TOO_MUCH_UNCOMMITTED",
    "ok",
  ]);
  drain(raft);
  acknowledge(raft, 2n);
  expect(raft.propose(new Uint8Array(200)).ok).toBe(true);
});

test("one entry always fits, however large", () => {
  const raft = soloLeader({ ...twoMembers, config: { uncommittedBytesMax: 10 } });
  expect(raft.propose(new Uint8Array(5000)).ok).toBe(true);
  expect(raft.propose(new Uint8Array(0))).toMatchObject({ code: "TOO_MUCH_UNCOMMITTED" });
});

test("who does not lead refuses proposals, and nothing has happened", () => {
  const raft = solo();
  expect(raft.propose(Uint8Array.of(1))).toEqual({ ok: false, code: "NOT_LEADER" });
  expect(raft.hasReady()).toBe(false);
});

test("a failed snapshot waits for a sign of life, a delivered one for its acknowledgement", () => {
  const raft = soloLeader();
  for (let n = 0; n < 5; n += 1) raft.propose(Uint8Array.of(n));
  drain(raft);
  acknowledge(raft, 2n);
  drain(raft);
  raft.compactLog(6);
  refuse(raft, 3n, 6, [0, 0]);
  expect(only(drain(raft).messages, "install-snapshot")).toHaveLength(1);
  beat(raft, 3n);
  expect(drain(raft).messages).toEqual([]);

  raft.reportSnapshot(3n, false);
  expect(drain(raft).messages).toEqual([]);
  beat(raft, 3n);
  expect(only(drain(raft).messages, "install-snapshot")).toHaveLength(1);

  raft.reportSnapshot(3n, true);
  expect(raft.progress[1]).toMatchObject({ state: "probe", next: 7 });
  raft.propose(Uint8Array.of(9));
  expect(appendsTo(raft, 3n)).toEqual([]);
  acknowledge(raft, 3n, 6);
  expect(raft.progress[1]).toMatchObject({ state: "replicate", match: 6 });
  expect(appendsTo(raft, 3n)).toMatchObject([{ previousIndex: 6, entries: [{ index: 7 }] }]);
});

test("compaction keeps the term and the membership at its point, and refuses what is not applied", () => {
  const raft = soloLeader({ voters: [1n] });
  raft.proposeMembership({ type: "add-learner", id: 5n });
  raft.propose(Uint8Array.of(1));
  raft.propose(Uint8Array.of(2));
  drain(raft);
  raft.compactLog(3);
  expect(raft).toMatchObject({ firstIndex: 4, lastIndex: 4 });
  expect(raft.snapshotMark(3)).toEqual({ index: 3, term: 1, membership: raft.membership });
  expect(raft.membership.learners).toEqual([5n]);
  raft.compactLog(1);
  expect(raft.firstIndex).toBe(4);
  expect(() => raft.compactLog(5)).toThrow(/applied/);
  expect(() => raft.snapshotMark(2)).toThrow(/compaction point|outside the log/);
});
