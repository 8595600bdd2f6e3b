import { seededPrng } from "@conclave/base";
import { expect, test } from "vitest";
import { membershipOf } from "./membership.ts";
import type { Entry, MemberId, Message } from "./message.ts";
import { Raft } from "./raft.ts";
import type { Ready } from "./ready.ts";

function fresh(id: MemberId, voters: readonly MemberId[]): Raft {
  return new Raft({
    id,
    prng: seededPrng(Number(id)),
    restored: {
      hardState: { term: 0, vote: 0n, commit: 0 },
      snapshot: { index: 0, term: 0, membership: membershipOf(voters) },
      entries: [],
      appliedIndex: 0,
    },
  });
}

test("a sole voter elects itself at its first tick and commits as soon as its disk reports", () => {
  const raft = fresh(1n, [1n]);
  raft.tick();
  const vote = raft.takeReady();
  expect(vote).toMatchObject({
    hardState: { term: 1, vote: 1n },
    messages: [],
    durableMessages: [],
  });
  expect(raft.role).toBe("candidate");
  raft.onDurable(vote!.sequence);
  expect(raft.role).toBe("leader");
  expect(raft.propose(Uint8Array.of(7))).toEqual({ ok: true, index: 2, term: 1 });
  raft.readIndex(1);
  const write = raft.takeReady()!;
  expect(write.entries.map((entry) => entry.index)).toEqual([1, 2]);
  expect(write.committed).toEqual([]);
  expect(write.reads).toEqual([]);
  raft.onDurable(write.sequence);
  const done = raft.takeReady()!;
  expect(done.committed.map((entry) => entry.index)).toEqual([1, 2]);
  expect(done.reads).toEqual([{ readId: 1, index: 2 }]);
  raft.onApplied(2);
  expect(raft.hasReady()).toBe(false);
  expect(raft.takeReady()).toBeNull();
});

test("three members elect a leader, replicate a command and prove a follower's read", () => {
  const ids = [1n, 2n, 3n];
  const members = new Map(ids.map((id) => [id, fresh(id, ids)]));
  const applied = new Map<MemberId, Entry[]>(ids.map((id) => [id, []]));
  const reads: Ready["reads"][number][] = [];
  const settle = () => {
    const wire: Message[] = [];
    for (let moved = true; moved; ) {
      moved = false;
      for (const raft of members.values()) {
        const ready = raft.takeReady();
        if (ready === null) continue;
        moved = true;
        applied.get(raft.id)!.push(...ready.committed);
        reads.push(...ready.reads);
        wire.push(...ready.messages);
        raft.onDurable(ready.sequence);
        wire.push(...ready.durableMessages);
      }
      for (const message of wire.splice(0)) members.get(message.to)!.step(message);
    }
  };
  members.get(1n)!.campaign();
  settle();
  expect(members.get(1n)!.role).toBe("leader");
  members.get(1n)!.propose(Uint8Array.of(1, 2, 3));
  settle();
  members.get(3n)!.readIndex(9);
  settle();
  expect(ids.map((id) => applied.get(id)!.length)).toEqual([2, 2, 2]);
  expect(reads).toEqual([{ readId: 9, index: 2 }]);
  expect(members.get(2n)!.leader).toBe(1n);
});
