import { seededPrng } from "@conclave/base";
import { expect, test } from "vitest";
import type { MemberId } from "./message.ts";
import type { Raft } from "./raft.ts";
import { ForwardedReads } from "./read-index.ts";
import type { Ready } from "./ready.ts";
import { acknowledge, append, drain, elect, only, solo, soloLeader } from "./testing/solo.ts";

const readsOf = (readies: readonly Ready[]) => readies.flatMap((ready) => ready.reads);
const refusedOf = (readies: readonly Ready[]) => readies.flatMap((ready) => ready.refusedReads);

function answerRound(raft: Raft, from: MemberId, readSequence: number): void {
  raft.step({ type: "heartbeat-response", from, to: 1n, term: raft.term, readSequence });
}

test("one round serves all reads of a turn", () => {
  const raft = soloLeader();
  for (const readId of [1, 2, 3]) raft.readIndex(readId);
  const beats = only(drain(raft).messages, "heartbeat");
  expect(beats.map(({ to, readSequence }) => [to, readSequence])).toEqual([
    [2n, 1],
    [3n, 1],
  ]);
  answerRound(raft, 2n, 1);
  expect(readsOf(drain(raft).readies).map(({ readId }) => readId)).toEqual([1, 2, 3]);
});

test("each read takes the commit index of its own arrival (TiKV #7971)", () => {
  const raft = soloLeader();
  raft.readIndex(1);
  raft.propose(Uint8Array.of(1));
  drain(raft);
  acknowledge(raft, 2n);
  raft.readIndex(2);
  drain(raft);
  answerRound(raft, 2n, 2);
  expect(readsOf(drain(raft).readies)).toEqual([
    { readId: 1, index: 1 },
    { readId: 2, index: 2 },
  ]);
});

test("an answer to an older round does not prove a newer read (etcd #20418)", () => {
  const raft = soloLeader();
  raft.readIndex(1);
  drain(raft);
  raft.readIndex(2);
  drain(raft);
  answerRound(raft, 2n, 1);
  expect(readsOf(drain(raft).readies)).toEqual([{ readId: 1, index: 1 }]);
  answerRound(raft, 3n, 1);
  expect(readsOf(drain(raft).readies)).toEqual([]);
  answerRound(raft, 3n, 2);
  expect(readsOf(drain(raft).readies)).toEqual([{ readId: 2, index: 1 }]);
});

test("an answer to a round of an earlier term proves nothing: rounds are counted anew in each", () => {
  const raft = soloLeader({ log: [1] });
  raft.readIndex(1);
  drain(raft);
  raft.step({ type: "heartbeat-response", from: 2n, to: 1n, term: 1, readSequence: 1 });
  expect(readsOf(drain(raft).readies)).toEqual([]);
  answerRound(raft, 2n, 1);
  expect(readsOf(drain(raft).readies)).toEqual([{ readId: 1, index: 2 }]);
});

test("the next heartbeat repeats a round whose messages were lost", () => {
  const raft = soloLeader();
  raft.readIndex(1);
  drain(raft);
  raft.tick();
  expect(only(drain(raft).messages, "heartbeat")).toMatchObject([
    { readSequence: 1 },
    { readSequence: 1 },
  ]);
});

test("a new leader holds reads until an entry of its term is committed (etcd #7331)", () => {
  const raft = solo({ log: [1, 1], commit: 1 });
  elect(raft);
  raft.readIndex(1);
  raft.step({ type: "read-index", from: 2n, to: 1n, term: 2, readId: 5 });
  expect(only(drain(raft).messages, "heartbeat")).toEqual([]);
  acknowledge(raft, 2n);
  expect(only(drain(raft).messages, "heartbeat")).toMatchObject([{ to: 2n }, { to: 3n }]);
  answerRound(raft, 3n, 1);
  const { readies, messages } = drain(raft);
  expect(readsOf(readies)).toEqual([{ readId: 1, index: 3 }]);
  expect(only(messages, "read-index-response")).toMatchObject([{ to: 2n, readId: 5, index: 3 }]);
});

test("a sole voter answers at once, learners or not, but not before its own entry is committed", () => {
  const raft = solo({ voters: [1n], learners: [2n] });
  raft.tick();
  raft.onDurable(raft.takeReady()!.sequence);
  raft.readIndex(1);
  const write = raft.takeReady()!;
  expect(write.reads).toEqual([]);
  raft.onDurable(write.sequence);
  expect(readsOf(drain(raft).readies)).toEqual([{ readId: 1, index: 1 }]);
  raft.readIndex(2);
  expect(raft.takeReady()?.reads).toEqual([{ readId: 2, index: 1 }]);
});

test("reads in excess of the limit are refused, one's own and a follower's", () => {
  const raft = soloLeader({ config: { pendingReadsMax: 1 } });
  raft.readIndex(1);
  raft.readIndex(2);
  raft.step({ type: "read-index", from: 2n, to: 1n, term: 1, readId: 9 });
  const { readies, messages } = drain(raft);
  expect(refusedOf(readies)).toEqual([2]);
  expect(only(messages, "read-index-response")).toMatchObject([{ readId: 9, index: -1 }]);

  const follower = solo({ config: { pendingReadsMax: 1 } });
  follower.step(append(1, [0, 0]));
  follower.readIndex(1);
  follower.readIndex(2);
  expect(refusedOf(drain(follower).readies)).toEqual([2]);
});

test("a leader that steps down refuses every read, its own and the followers'", () => {
  const raft = soloLeader();
  raft.readIndex(1);
  raft.step({ type: "read-index", from: 2n, to: 1n, term: 1, readId: 7 });
  drain(raft);
  raft.step(append(2, [0, 0]));
  const { readies, messages } = drain(raft);
  expect(refusedOf(readies)).toEqual([1]);
  expect(only(messages, "read-index-response")).toMatchObject([{ to: 2n, readId: 7, index: -1 }]);
});

test("who knows no leader refuses at once", () => {
  const raft = solo();
  raft.readIndex(1);
  expect(raft.takeReady()?.refusedReads).toEqual([1]);
  raft.campaign();
  raft.readIndex(2);
  expect(raft.takeReady()?.refusedReads).toEqual([2]);
});

function followerWithReads(): { raft: Raft; requestId: number } {
  const raft = solo();
  raft.step(append(1, [0, 0]));
  drain(raft);
  for (const readId of [1, 2]) raft.readIndex(readId);
  const [request] = only(drain(raft).messages, "read-index");
  return { raft, requestId: request!.readId };
}

test("the reads of one turn travel to the leader under one request, and its answer serves them all", () => {
  const { raft, requestId } = followerWithReads();
  const answer = {
    type: "read-index-response",
    from: 2n,
    to: 1n,
    term: 1,
    readId: requestId,
    index: 4,
  } as const;
  raft.step(answer);
  const { readies } = drain(raft);
  expect(readsOf(readies)).toEqual([
    { readId: 1, index: 4 },
    { readId: 2, index: 4 },
  ]);
  // A repeated answer serves nobody.
  raft.step(answer);
  expect(raft.hasReady()).toBe(false);
});

test.each([
  {
    why: "another leader appears",
    change: (raft: Raft) => raft.step({ ...append(2, [0, 0]), from: 3n }),
  },
  {
    why: "the leader of a newer term is the same",
    change: (raft: Raft) => raft.step(append(2, [0, 0])),
  },
  { why: "the follower starts an election", change: (raft: Raft) => raft.campaign() },
  {
    why: "the leader says no",
    change: (raft: Raft, readId: number) =>
      raft.step({ type: "read-index-response", from: 2n, to: 1n, term: 1, readId, index: -1 }),
  },
])("forwarded reads are refused at once when $why", ({ change }) => {
  const { raft, requestId } = followerWithReads();
  change(raft, requestId);
  expect(refusedOf(drain(raft).readies)).toEqual([1, 2]);
});

test("forwarded reads whose answer is lost are refused after an election timeout", () => {
  const { raft } = followerWithReads();
  for (let ticks = 0; ticks < 9; ticks += 1) raft.tick();
  expect(refusedOf(drain(raft).readies)).toEqual([]);
  raft.tick();
  expect(refusedOf(drain(raft).readies)).toEqual([1, 2]);
});

test("requests are named anew after a restart: an answer to the life before serves nobody", () => {
  const names = [1, 2, 3, 4].map((seed) => {
    const reads = new ForwardedReads(seededPrng(seed));
    reads.add(1);
    return reads.startRequest();
  });
  expect(new Set(names).size).toBe(4);
  for (const name of names) expect(name).toSatisfy(Number.isSafeInteger);
});

test("a member that does not lead, or leads a newer term, says no to a forwarded read at once", () => {
  const request = { type: "read-index", from: 2n, to: 1n, term: 1, readId: 3 } as const;
  for (const raft of [solo({ term: 1 }), soloLeader({ log: [4] })]) {
    raft.step(request);
    expect(only(drain(raft).messages, "read-index-response")).toMatchObject([
      { to: 2n, readId: 3, index: -1 },
    ]);
  }
});
