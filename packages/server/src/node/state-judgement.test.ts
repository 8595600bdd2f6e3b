import { describe, expect, test } from "vitest";
import { judgeStates, type StateReport } from "./state-judgement.ts";

/** `index:digest` for each checkpoint. */
const report = (member: number, ...checkpoints: readonly string[]): StateReport => ({
  member: BigInt(member),
  checkpoints: checkpoints.map((text) => {
    const [index, digest] = text.split(":");
    return { index: Number(index), digest: Number(digest) };
  }),
});

describe("states are compared at equal index, newest first", () => {
  test.each([
    {
      why: "all three agree",
      voters: 3,
      reports: [report(1, "100:7"), report(2, "100:7"), report(3, "100:7")],
      agreeing: [1n, 2n, 3n],
    },
    {
      why: "one of three differs",
      voters: 3,
      reports: [report(1, "100:7"), report(2, "100:8"), report(3, "100:7")],
      agreeing: [1n, 3n],
      differing: [{ member: 2n, index: 100 }],
    },
    {
      why: "the one who asks is the odd one out",
      voters: 3,
      reports: [report(2, "100:7"), report(3, "100:7"), report(1, "100:9")],
      agreeing: [2n, 3n],
      differing: [{ member: 1n, index: 100 }],
    },
    {
      why: "two of two differ",
      voters: 2,
      reports: [report(1, "100:7"), report(2, "100:8")],
      undecidedIndex: 100,
    },
    {
      why: "one of three is down, the others differ, though they once agreed",
      voters: 3,
      reports: [report(1, "100:7", "200:5"), report(2, "100:7", "200:6")],
      undecidedIndex: 200,
    },
    {
      why: "of five two cannot be asked and one of three differs: two are no majority",
      voters: 5,
      reports: [report(1, "100:7"), report(2, "100:7"), report(3, "100:8")],
      undecidedIndex: 100,
    },
    {
      why: "one of three is down, the others agree",
      voters: 3,
      reports: [report(1, "100:7"), report(2, "100:7")],
      agreeing: [1n, 2n],
    },
    {
      why: "a member behind is judged at the newest index that it has in common with a majority",
      voters: 3,
      reports: [report(1, "100:7", "200:5"), report(2, "100:7", "200:5"), report(3, "100:9")],
      agreeing: [1n, 2n],
      differing: [{ member: 3n, index: 100 }],
    },
    {
      why: "what differed before and agrees now agrees",
      voters: 3,
      reports: [report(1, "1:7", "2:5"), report(2, "1:8", "2:5"), report(3, "1:7", "2:5")],
      agreeing: [1n, 2n, 3n],
    },
    {
      why: "no index in common says nothing",
      voters: 3,
      reports: [report(1, "100:7"), report(2, "200:8"), report(3)],
    },
  ])("$why", ({ voters, reports, agreeing = [], differing = [], undecidedIndex = null }) => {
    const judgement = judgeStates(reports, voters);
    expect(judgement.agreeing).toEqual(agreeing);
    expect(judgement.differing).toEqual(differing);
    expect(judgement.undecidedIndex).toBe(undecidedIndex);
  });
});
