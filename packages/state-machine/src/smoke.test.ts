import { expect, test } from "vitest";
import { Member } from "./testing.ts";

test("smoke", () => {
  const member = new Member();
  const stream = member.openStream();
  stream.create("a", "c", { prevKv: true });
  expect(member.put("a", "1")).toMatchObject({ kind: "put", revision: 2 });
  expect(member.put("b", "2")).toMatchObject({ kind: "put", revision: 3 });
  member.put("a", "3");
  member.delete("a", "z");
  expect(member.pairs("a", "c")).toEqual([]);
  expect(member.pairs("a", "c", { revision: 4 })).toEqual(["a=3", "b=2"]);
  expect(stream.story()).toEqual([
    "#0 @1 created",
    "#0 @2 [2 a=1]",
    "#0 @3 [3 b=2]",
    "#0 @4 [4 a=3 was 1]",
    "#0 @5 [5 -a was 3] [5 -b was 2]",
  ]);
  stream.create("a", "", { startRevision: 2 });
  expect(stream.story()).toEqual(["#1 @5 created", "#1 @5 [2 a=1] [4 a=3] [5 -a]"]);
  const before = member.machine.stateHash();
  member.restart();
  expect(member.machine.stateHash()).toBe(before);
});
