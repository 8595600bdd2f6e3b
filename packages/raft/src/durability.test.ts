import { expect, test } from "vitest";
import type { Message } from "./message.ts";
import {
  acknowledge,
  append,
  drain,
  elect,
  only,
  solo,
  soloLeader,
  termsOf,
  voteRequest,
} from "./testing/solo.ts";

// What may leave, count or be applied when: the contract of Ready against a disk that takes its time.

test("a vote leaves only when it is durable", () => {
  const raft = solo();
  raft.step(voteRequest(1));
  const ready = raft.takeReady()!;
  expect(ready.hardState).toMatchObject({ term: 1, vote: 2n });
  expect(ready.messages).toEqual([]);
  expect(ready.durableMessages).toMatchObject([{ type: "vote-response", granted: true }]);
});

test("a candidate asks for votes only when its own is durable: crashed before, it might be elected twice in one term", () => {
  const raft = solo();
  raft.campaign();
  const ready = raft.takeReady()!;
  expect(only(ready.messages, "vote")).toEqual([]);
  expect(only(ready.durableMessages, "vote")).toHaveLength(2);
});

test("a candidate counts its own vote only when it is durable", () => {
  const alone = solo({ voters: [1n] });
  alone.tick();
  const ready = alone.takeReady()!;
  expect(alone.role).toBe("candidate");
  alone.onDurable(ready.sequence);
  expect(alone.role).toBe("leader");

  const raft = solo();
  const other = append(1, [0, 0], [1]);
  raft.step(other);
  const old = raft.takeReady()!;
  raft.campaign();
  raft.takeReady();
  // The report of an earlier write says nothing about the vote.
  raft.onDurable(old.sequence);
  raft.step({ type: "vote-response", from: 3n, to: 1n, term: 2, granted: true });
  expect(raft.role).toBe("candidate");
});

test("a candidate whose disk is slower than its elections waits for it instead of starting over", () => {
  for (const voters of [[1n], [1n, 2n, 3n]]) {
    const raft = solo({ voters });
    raft.campaign();
    const ready = raft.takeReady()!;
    for (let n = 0; n < 100; n += 1) raft.tick();
    expect(raft).toMatchObject({ role: "candidate", term: 1 });
    raft.onDurable(ready.sequence);
    raft.tick();
    expect(raft.term).toBe(voters.length === 1 ? 1 : 2);
  }
});

test("a follower acknowledges an append only when it is durable", () => {
  const raft = solo({ term: 1 });
  raft.step(append(1, [0, 0], [1, 1]));
  const ready = raft.takeReady()!;
  expect(ready.messages).toEqual([]);
  expect(ready.durableMessages).toMatchObject([{ type: "append-response", index: 2 }]);
});

test("what the disk stands behind already leaves at once", () => {
  const raft = solo({ log: [1, 1], term: 1 });
  raft.step(append(1, [2, 1], [], 2));
  const ready = raft.takeReady()!;
  expect(ready.messages).toMatchObject([{ type: "append-response", index: 2 }]);
  expect(ready.durableMessages).toEqual([]);
});

test("a leader sends its entries while its own disk works (thesis 10.2.1)", () => {
  const raft = soloLeader();
  raft.propose(Uint8Array.of(1));
  const ready = raft.takeReady()!;
  expect(only(ready.messages, "append")).toHaveLength(2);
  expect(ready.durableMessages).toEqual([]);
});

test("a leader counts itself only when its own disk reported (etcd #14370)", () => {
  const raft = soloLeader({ voters: [1n, 2n] });
  raft.propose(Uint8Array.of(1));
  const ready = raft.takeReady()!;
  acknowledge(raft, 2n);
  expect(raft.commitIndex).toBe(1);
  raft.onDurable(ready.sequence);
  expect(raft.commitIndex).toBe(2);
});

test("an entry is handed out to be applied only when it is durable here, even if a quorum of others has it", () => {
  const raft = soloLeader();
  raft.propose(Uint8Array.of(1));
  const write = raft.takeReady()!;
  acknowledge(raft, 2n);
  acknowledge(raft, 3n);
  expect(raft.commitIndex).toBe(2);
  expect(raft.takeReady()?.committed).toEqual([]);
  raft.onDurable(write.sequence);
  expect(raft.takeReady()?.committed).toMatchObject([{ index: 2 }]);
});

test("a late report for an entry that was overwritten does not make the new one durable", () => {
  const raft = solo({ term: 1 });
  raft.step(append(1, [0, 0], [1, 1]));
  const first = raft.takeReady()!;
  raft.step(append(2, [0, 0], [2, 2], 2));
  const second = raft.takeReady()!;
  expect(second.entries.map(({ term }) => term)).toEqual([2, 2]);
  raft.onDurable(first.sequence);
  expect(raft.inner.unstable.durableIndex).toBe(0);
  expect(raft.takeReady()?.committed ?? []).toEqual([]);
  raft.onDurable(second.sequence);
  expect(raft.takeReady()?.committed.map(({ term }) => term)).toEqual([2, 2]);
});

test("a snapshot is not acknowledged before it is installed, even where the log was longer", () => {
  const raft = solo({ log: [1, 1, 1, 1, 1, 1], term: 2 });
  const snapshot = { index: 4, term: 2, membership: raft.membership };
  raft.step({ type: "install-snapshot", from: 2n, to: 1n, term: 2, snapshot });
  const install = raft.takeReady()!;
  expect(install.messages).toEqual([]);
  raft.step({ type: "heartbeat", from: 2n, to: 1n, term: 2, commit: 4, readSequence: 0 });
  raft.step(append(2, [4, 2], [2], 5));
  const behind = raft.takeReady()!;
  expect(behind).toMatchObject({ committed: [], entries: [{ index: 5 }] });
  expect(only(behind.messages, "append-response")).toEqual([]);
  raft.onDurable(install.sequence);
  expect(raft.takeReady()?.committed ?? []).toEqual([]);
  raft.onDurable(behind.sequence);
  expect(raft.takeReady()?.committed).toMatchObject([{ index: 5, term: 2 }]);
});

test("a report twice, or out of order, changes nothing", () => {
  const raft = soloLeader({ voters: [1n] });
  raft.propose(Uint8Array.of(1));
  const first = raft.takeReady()!;
  raft.propose(Uint8Array.of(2));
  const second = raft.takeReady()!;
  raft.onDurable(second.sequence);
  const { commitIndex } = raft;
  raft.onDurable(first.sequence);
  raft.onDurable(second.sequence);
  expect(raft.commitIndex).toBe(commitIndex);
  expect(() => raft.onDurable(second.sequence + 9)).toThrow(/before it was handed out/);
});

test("a commit index that moved alone is no reason to write", () => {
  const raft = solo({ log: [1, 1], term: 1 });
  raft.step({ type: "heartbeat", from: 2n, to: 1n, term: 1, commit: 2, readSequence: 0 });
  const first = raft.takeReady()!;
  expect(first).toMatchObject({ hardState: null, entries: [], committed: [{}, {}] });
  raft.step(append(1, [2, 1], [1], 2));
  expect(raft.takeReady()?.hardState).toEqual({ term: 1, vote: 0n, commit: 2 });
});

test("nothing is ready when nothing happened", () => {
  const raft = soloLeader();
  expect(raft.hasReady()).toBe(false);
  expect(raft.takeReady()).toBeNull();
});

test("committed entries come in bounded portions, in order, each once", () => {
  const raft = soloLeader({ voters: [1n], config: { committedBytesMax: 100 } });
  for (let n = 0; n < 10; n += 1) raft.propose(new Uint8Array(20));
  const { readies } = drain(raft);
  const portions = readies.map((ready) => ready.committed).filter((one) => one.length > 0);
  expect(portions.length).toBeGreaterThan(4);
  expect(portions.flat().map(({ index }) => index)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test("a restart takes the commit index of the hard state for a hint: it may speak of a tail that was torn off", () => {
  const raft = solo({ log: [1, 1], commit: 9 });
  expect(raft.commitIndex).toBe(2);
});

test("a restarted member goes on from its durable state, and may vote again only for whom it voted", () => {
  const raft = solo({ log: [1, 2], term: 5, vote: 3n, commit: 1 });
  expect(raft).toMatchObject({
    term: 5,
    role: "follower",
    leader: 0n,
    commitIndex: 1,
    lastIndex: 2,
  });
  expect(termsOf(raft)).toEqual([1, 2]);
  raft.step(voteRequest(5, [9, 4], 2n));
  expect(drain(raft).messages).toMatchObject([{ type: "vote-response", granted: false }]);
});

test("nothing of a new term leaves before the term is durable", () => {
  const raft = solo({ term: 1 });
  const beat: Message = {
    type: "heartbeat",
    from: 2n,
    to: 1n,
    term: 2,
    commit: 0,
    readSequence: 1,
  };
  raft.step(beat);
  const ready = raft.takeReady()!;
  expect(ready.messages).toEqual([]);
  expect(ready.durableMessages).toMatchObject([{ type: "heartbeat-response", term: 2 }]);
  raft.onDurable(ready.sequence);
  raft.step(beat);
  expect(raft.takeReady()?.messages).toMatchObject([{ type: "heartbeat-response", term: 2 }]);
});

test("a leader whose disk stands still for an election timeout steps down", () => {
  const raft = solo();
  elect(raft);
  acknowledge(raft, 2n);
  drain(raft);
  raft.propose(Uint8Array.of(1));
  raft.takeReady();
  for (let n = 0; n < 20; n += 1) {
    raft.tick();
    for (const from of [2n, 3n]) {
      if (raft.role !== "leader") break;
      raft.step({ type: "heartbeat-response", from, to: 1n, term: 1, readSequence: 0 });
    }
  }
  expect(raft.role).toBe("follower");
});
