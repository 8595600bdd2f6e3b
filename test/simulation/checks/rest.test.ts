import { expect, test } from "vitest";
import { restIndex, type Standing } from "./rest.ts";

interface Position {
  readonly leader?: bigint;
  readonly last?: number;
  readonly committed?: number;
  readonly applied?: number;
}

/** It has everything up to 248, unless a test says otherwise. */
function member({ leader = 1n, last = 248, committed = 248, applied = 248 }: Position): Standing {
  const raft = { leader, lastIndex: last, commitIndex: committed };
  return { raft, machine: { appliedIndex: applied } };
}

test("members that have the same, committed and applied, are at rest there", () => {
  expect(restIndex([member({}), member({}), member({})])).toBe(248);
});

test("members are not at rest while the leader has applied what the others only hold (seed 436)", () => {
  const leader = member({ last: 249, committed: 249, applied: 249 });
  const follower = member({ last: 249 });
  expect(restIndex([follower, leader, follower])).toBeNull();
});

test("members are not at rest while one of them holds, or has committed, more than it has applied", () => {
  expect(restIndex([member({}), member({ last: 249 })])).toBeNull();
  expect(restIndex([member({}), member({ last: 249, committed: 249 })])).toBeNull();
});

test("members are not at rest while one of them is behind the others", () => {
  const behind = member({ last: 247, committed: 247, applied: 247 });
  expect(restIndex([member({}), behind])).toBeNull();
  expect(restIndex([behind, member({})])).toBeNull();
});

test("members are not at rest while one of them is down, or knows no leader", () => {
  expect(restIndex([member({}), null])).toBeNull();
  expect(restIndex([null, member({})])).toBeNull();
  expect(restIndex([member({}), member({ leader: 0n })])).toBeNull();
  expect(restIndex([])).toBeNull();
});
