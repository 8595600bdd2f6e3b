import type { MemberId, Message, Raft } from "@conclave/raft";
import type { Forgotten } from "@conclave/testing/cluster";
import { describe, expect, test } from "vitest";
import {
  append,
  drain,
  elect,
  type SoloOptions,
  solo,
} from "../../../packages/raft/src/testing/solo.ts";
import { RaftChecks } from "./raft.ts";
import { threeMembers } from "./three-members.ts";

/** Three members whose consensus is given to them: none of them is started. */
function checked() {
  const cluster = threeMembers();
  const checks = new RaftChecks();
  const memberOf = (id: MemberId) => {
    const member = cluster.members.find((each) => each.id === id);
    if (member === undefined) throw new Error("no such member");
    return member;
  };
  return {
    checks,
    boot: (id: MemberId, options: SoloOptions = {}): Raft => {
      const raft = solo({ id, ...options });
      checks.onBooted(memberOf(id), raft);
      return raft;
    },
    forget: (id: MemberId, forgot: Forgotten): void => memberOf(id).forget(forgot, null),
    look: (id: MemberId, raft: Raft): boolean => checks.look(memberOf(id), raft),
  };
}

const granted = (from: MemberId, to: MemberId, term: number): Message => ({
  ...{ type: "vote-response", from, to, term, granted: true },
});
const acknowledged = (from: MemberId, to: MemberId, term: number, index: number): Message => ({
  ...{ type: "append-response", from, to, term, index },
  ...{ rejected: false, hintIndex: 0, hintTerm: 0 },
});

describe("what a member says of its disk", () => {
  test("R10: a term that is not there", () => {
    const { boot } = checked();
    const receiver = boot(1n);
    boot(2n, { term: 3 });
    expect(() => receiver.step(append(3, [0, 0]))).not.toThrow();
    expect(() => receiver.step(append(4, [0, 0]))).toThrow("R10: m2 sent term 4, its disk knows 3");
  });

  test("but a pre-vote promises nothing, and may name a term to come", () => {
    const { boot } = checked();
    const receiver = boot(1n);
    boot(2n, { term: 3 });
    const ask: Message = {
      type: "pre-vote",
      from: 2n,
      to: 1n,
      term: 4,
      lastIndex: 0,
      lastTerm: 0,
      isTransfer: false,
    };
    expect(() => receiver.step(ask)).not.toThrow();
  });

  test("R11: an entry that is not there", () => {
    const { boot } = checked();
    const leader = boot(1n, { log: [1, 1] });
    boot(2n, { log: [1] });
    expect(() => leader.step(acknowledged(2n, 1n, 1, 1))).not.toThrow();
    expect(() => leader.step(acknowledged(2n, 1n, 1, 2))).toThrow(
      "R11: m2 acknowledged 2, its disk has 1",
    );
  });

  test("but what was overwritten before it was written is excused by the later term", () => {
    const { boot } = checked();
    const leader = boot(1n, { log: [1, 1] });
    boot(2n, { log: [1], term: 2 });
    expect(() => leader.step(acknowledged(2n, 1n, 1, 2))).not.toThrow();
  });

  test("R11: anything at all, by one whose directory is not the one that it had", () => {
    const { boot, forget } = checked();
    forget(1n, "starts");
    const raft = boot(1n);
    expect(raft.takeReady()?.messages ?? []).toEqual([]);
    raft.step(append(1, [4, 1], [1]));
    expect(() => drain(raft)).toThrow("R11: m1 says append-response, and forgot what it promised");
  });

  test("R11: any promise, by one whose disk lost some; it may refuse", () => {
    const { boot, forget } = checked();
    forget(1n, "entries");
    const raft = boot(1n);
    raft.step(append(1, [4, 1], [1]));
    expect(() => drain(raft)).not.toThrow();
    raft.step(append(1, [0, 0], [1]));
    expect(() => drain(raft)).toThrow("R11: m1 says append-response, and forgot what it promised");
  });

  test("R11: two votes in one term, to whomever they are said", () => {
    const { boot } = checked();
    const [first, second] = [boot(1n, { term: 1 }), boot(3n, { term: 1 })];
    boot(2n, { term: 1 });
    first.step(granted(2n, 1n, 1));
    expect(() => second.step(granted(2n, 3n, 1))).toThrow("R11: two votes in one term");
  });
});

describe("the cluster as a whole", () => {
  test("is looked at when a member has moved, and only then", () => {
    const { boot, look } = checked();
    const raft = boot(1n);
    expect([look(1n, raft), look(1n, raft)]).toEqual([true, false]);
    raft.step(append(0, [0, 0]));
    boot(2n, { term: 1 });
    raft.step(append(1, [0, 0], [1]));
    expect(look(1n, raft)).toBe(true);
  });

  test("R1: a leader for whom no quorum voted", () => {
    const { checks, boot, look } = checked();
    const raft = boot(1n);
    const { step } = Object.getPrototypeOf(raft) as Raft;
    // Votes that nobody sent.
    raft.step = (message) => step.call(raft, message);
    elect(raft);
    expect(checks.durableOf(1n).hardState.term).toBe(1);
    expect(() => look(1n, raft)).toThrow("R1: 1 of 3 voted for the leader of term 1");
  });

  test("R3: two logs with the same position and different histories", () => {
    const { boot, look } = checked();
    const [one, other] = [boot(1n, { log: [1, 2] }), boot(2n, { log: [2, 2] })];
    look(1n, one);
    expect(() => look(2n, other)).toThrow("R3: logs differ below 2/2");
  });

  test("R8: what is committed though no quorum has it", () => {
    const { boot, look } = checked();
    const raft = boot(1n, { log: [1] });
    boot(2n, { term: 1 });
    boot(3n, { term: 1 });
    raft.step(append(1, [1, 1], [], 1));
    drain(raft);
    expect(() => look(1n, raft)).toThrow("R8: 1 committed without a quorum");
  });
});
