import { CommandBatch, CommandKind } from "@conclave/state-machine";
import { PutRequest } from "@conclave/wire";
import { expect, test } from "vitest";
import { Member } from "../../../packages/state-machine/src/testing.ts";
import { bytesOfText } from "../workload/client.ts";
import { StateChecks } from "./state.ts";

function batchOf(value: string): Uint8Array {
  const batch = new CommandBatch(1 << 20, 1 << 10);
  const request = PutRequest.encode({ key: bytesOfText("a"), value: bytesOfText(value) });
  batch.append(CommandKind.PUT, 1, 1, request);
  return Uint8Array.from(batch.take());
}

const observer = { onResult: () => {} };

/** Members under one check; each applies what it is given as the next entry. */
function watched() {
  let nowMs = 0;
  const checks = new StateChecks(() => nowMs);
  const boot = (name: string, member = new Member()) => {
    checks.onBooted({ name }, member.machine);
    return {
      member,
      apply: (value: string, term = 1, ahead = 0) => {
        const index = member.machine.appliedIndex + 1 + ahead;
        member.machine.apply({ index, term, data: batchOf(value) }, observer);
      },
    };
  };
  return {
    checks,
    boot,
    at: (ms: number): void => {
      nowMs = ms;
    },
  };
}

test("what members apply is kept, with the time of the first of them", () => {
  const { checks, boot, at } = watched();
  const [first, second] = [boot("m1"), boot("m2")];
  at(5);
  first.apply("1");
  at(9);
  second.apply("1");
  expect(checks.ledger).toHaveLength(2);
  expect(checks.ledger[1]).toMatchObject({ term: 1, data: batchOf("1") });
  expect([checks.appliedMs(1), checks.appliedMs(2)]).toEqual([5, Number.POSITIVE_INFINITY]);
});

test("R5: another command at an index than was applied there before", () => {
  const { boot } = watched();
  const [first, second] = [boot("m1"), boot("m2")];
  first.apply("1");
  expect(() => second.apply("2")).toThrow("R5: m2 applied another entry at 1");
});

test("R5: the same command under another term", () => {
  const { boot } = watched();
  const [first, second] = [boot("m1"), boot("m2")];
  first.apply("1");
  expect(() => second.apply("1", 2)).toThrow("R5: m2 applied another entry at 1");
});

test("R5: an entry before those that precede it", () => {
  const { boot } = watched();
  expect(() => boot("m1").apply("1", 1, 1)).toThrow("R5: m1 applied 2 before what precedes it");
});

test("R19: another revision after the same entry", () => {
  const { boot } = watched();
  const ahead = new Member();
  ahead.put("b");
  const [first, second] = [boot("m1"), boot("m2")];
  first.apply("1");
  const revision = { get: () => 7 };
  Object.defineProperty(second.member.machine, "revision", revision);
  expect(() => second.apply("1")).toThrow("R19: m2 is at revision 7 at index 1, another was at 2");
});

test("R19: another state at the same index", () => {
  const { checks, boot } = watched();
  const [first, second] = [new Member(), new Member()];
  first.put("a", "1");
  second.put("a", "2");
  boot("m1", first);
  expect(() => checks.compareState("m2", second.machine)).toThrow(
    "R19: the state of m2 at index 1 differs",
  );
});

test("states are compared while members go on, not only when they come up", () => {
  const { boot } = watched();
  const [first, second] = [boot("m1"), boot("m2")];
  second.member.store.put("kx", Uint8Array.of(1));
  const differ = (): void => {
    for (let index = 1; index <= 64; index += 1) {
      first.apply(`${index}`);
      if (index === 64) Object.assign(second.member.machine, { stateHash: () => -1 });
      second.apply(`${index}`);
    }
  };
  expect(differ).toThrow("R19: the state of m2 at index 64 differs");
});

test.each([
  ["R10: the applied index of m1 fell", "appliedIndex"],
  ["M1: the revision of m1 fell", "revision"],
  ["M5: the compaction of m1 went back", "compactRevision"],
] as const)("%s", (problem, property) => {
  const { boot } = watched();
  const { member, apply } = boot("m1");
  apply("1");
  const [index, before] = [member.machine.appliedIndex, member.machine[property]];
  const entry = { index: index + 1, term: 1, data: batchOf("2") };
  // No other member has been where this one then is, so that the fall alone tells.
  Object.defineProperty(member.machine, property, { get: () => before - 1 });
  expect(() => member.machine.apply(entry, observer)).toThrow(problem);
});

test("a new life may begin behind the end of the one before it, and applies again what it lost", () => {
  const { boot } = watched();
  const { apply } = boot("m1");
  apply("1");
  apply("2");
  const again = boot("m1");
  again.apply("1");
  expect(() => again.apply("2")).not.toThrow();
});
