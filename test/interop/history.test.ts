import { describe, expect, test } from "vitest";
import { type Change, overlaps, readHistory } from "./history.ts";

const REGISTER = "register";
const enter = (key: string, revision: number): Change => ({
  ...{ type: "put", key, text: "", revision, createRevision: revision },
});
const leave = (key: string, revision: number): Change => ({
  ...{ type: "delete", key, text: "", revision, createRevision: 0 },
});
const write = (text: string, revision: number): Change => ({
  ...{ type: "put", key: REGISTER, text, revision, createRevision: 1 },
});

describe("the history of a queue", () => {
  test.each([
    {
      title: "turns in the order of the queue are fine, also when one is skipped because it left",
      changes: [
        enter("q/a", 2),
        enter("q/b", 3),
        enter("q/c", 4),
        write("2 a\n", 5),
        leave("q/a", 6),
        leave("q/b", 7),
        write("2 a\n4 c\n", 8),
      ],
      violations: [],
    },
    {
      title: "a write while an older entry stands is noticed",
      changes: [enter("q/a", 2), enter("q/b", 3), write("3 b\n", 4)],
      violations: ["at revision 4 b wrote with fence 3 while 2 was the oldest"],
    },
    {
      title: "a write over what was read too early is noticed",
      changes: [
        enter("q/a", 2),
        write("2 a\n", 3),
        leave("q/a", 4),
        enter("q/b", 5),
        write("5 b\n", 6),
      ],
      violations: ["at revision 6 an update was lost"],
    },
    {
      title: "a write whose entry has gone is noticed",
      changes: [enter("q/a", 2), leave("q/a", 3), enter("q/b", 4), write("2 a\n", 5)],
      violations: ["at revision 5 a wrote with fence 2 while 4 was the oldest"],
    },
    {
      title: "two writes in one turn are noticed",
      changes: [enter("q/a", 2), write("2 a\n", 3), write("2 a\n2 a\n", 4)],
      violations: ["at revision 4 fence 2 came after 2"],
    },
  ])("$title", ({ changes, violations }) => {
    expect(readHistory(changes, REGISTER).violations).toEqual(violations);
  });

  test("a key that is written again keeps its place; one that is made again gets a new one", () => {
    const proclaimed: Change = { ...enter("q/a", 3), createRevision: 2 };
    const changes = [enter("q/a", 2), proclaimed, leave("q/a", 4), enter("q/a", 5)];
    expect(readHistory(changes, REGISTER).entries).toEqual([2, 5]);
  });
});

test("turns that overlap by the clock are named; a turn that was cut short is not a turn", () => {
  const turns = [
    { who: "a", acquiredAtMs: 0, releasedAtMs: 10 },
    { who: "c", acquiredAtMs: 2, releasedAtMs: null },
    { who: "b", acquiredAtMs: 8, releasedAtMs: 12 },
    { who: "a", acquiredAtMs: 12, releasedAtMs: 20 },
  ];
  expect(overlaps(turns)).toEqual(["b held while a did, for 2.0 ms"]);
});
