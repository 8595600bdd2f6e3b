import type { SimulatedMember } from "@conclave/testing/cluster";
import { describe, expect, test } from "vitest";
import { threeMembers } from "../checks/three-members.ts";
import { type Change, MembershipOperator } from "./operator.ts";

function operated() {
  const cluster = threeMembers({ strictReconfigCheck: false });
  const ruined = new Set<SimulatedMember>();
  const done: Change[] = [];
  const operator = new MembershipOperator({
    cluster,
    isRuined: (member) => ruined.has(member),
    onDone: (name) => done.push(name),
    onJoined: () => {},
  });
  const [first, second, third] = cluster.members;
  if (first === undefined || second === undefined || third === undefined) throw new Error("three");
  const until = (isDone: () => boolean): Promise<boolean> =>
    cluster.run(cluster.clock.nowMs() + 30_000, { onEvent: () => {} }, isDone);
  return { cluster, operator, ruined, done, first, second, third, until };
}

describe("whom a cluster can do without", () => {
  test("of three voters one disk, and no voter then but the one with that disk", () => {
    const { operator, ruined, first, second, third } = operated();
    expect(operator.canSpare(first, false)).toBe(true);
    ruined.add(first);
    expect(operator.canSpare(second, false)).toBe(false);
    expect(operator.canSpare(third, true)).toBe(false);
    expect(operator.canSpare(first, true)).toBe(true);
  });

  test("nobody, once those are asked to leave that it would need", async () => {
    const { cluster, operator, first, second, third, until } = operated();
    for (const member of cluster.members) member.start();
    await until(() => cluster.running.some(({ node }) => node?.member.raft.role === "leader"));
    expect(operator.remove("removeMember", first)).toBe(true);
    expect(operator.canSpare(second, false)).toBe(false);
    expect(operator.remove("removeMember", second)).toBe(true);
    expect(operator.remove("removeMember", third)).toBe(false);
  });
});

test("who is added is started and gets its vote; who is removed is gone, and nothing is left under way", async () => {
  const { cluster, operator, done, first, until } = operated();
  for (const member of cluster.members) member.start();
  await until(() => cluster.running.some(({ node }) => node?.member.raft.role === "leader"));
  expect(operator.hasAsked).toBe(false);
  operator.add("addMember", false);
  const voters = () => cluster.members[3]?.node?.member.raft.membership.voters.length;
  expect(await until(() => voters() === 4)).toBe(true);
  operator.remove("removeMember", first);
  expect(operator.isSettled).toBe(false);
  expect(await until(() => operator.isSettled && first.isRemoved)).toBe(true);
  expect(done).toEqual(["addMember", "removeMember"]);
});
