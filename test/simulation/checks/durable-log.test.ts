import type { LogPosition, Raft } from "@conclave/raft";
import { describe, expect, test } from "vitest";
import {
  append,
  drain,
  type SoloOptions,
  solo,
  voteRequest,
} from "../../../packages/raft/src/testing/solo.ts";
import { DurableLog } from "./durable-log.ts";

/** A member's life, and what its disk was told in it. */
function live(options: SoloOptions): { readonly disk: DurableLog; readonly raft: Raft } {
  const disk = new DurableLog("m1");
  const raft = solo(options);
  disk.follow(raft, null);
  return { disk, raft };
}

describe("what was reported durable", () => {
  test("is known: term, vote, entries", () => {
    const { disk, raft } = live({ log: [1] });
    raft.step(append(2, [1, 1], [2, 2]));
    drain(raft);
    expect(disk.hardState).toMatchObject({ term: 2 });
    expect([disk.lastIndex, disk.lastIndexMax, disk.termAt(3)]).toEqual([3, 3, 2]);
    expect(disk.termAt(4)).toBeNull();
  });

  test("is what the disk said, not what it was given", () => {
    const { disk, raft } = live({ log: [1] });
    raft.step(append(2, [1, 1], [2, 2]));
    raft.takeReady();
    expect([disk.lastIndex, disk.hardState.term]).toEqual([1, 1]);
    expect(() => disk.follow(solo({ log: [1] }), null)).not.toThrow();
  });

  test("is overwritten by what a later leader sends, and the end of the log that it had stays known", () => {
    const { disk, raft } = live({ log: [1, 1, 1] });
    raft.step(append(2, [1, 1], [2]));
    drain(raft);
    expect([disk.lastIndex, disk.lastIndexMax, disk.termAt(2)]).toEqual([2, 3, 2]);
  });

  test("is there in the next life", () => {
    const { disk, raft } = live({});
    raft.step(append(1, [0, 0], [1, 1]));
    drain(raft);
    expect(() => disk.follow(solo({ log: [1, 1] }), null)).not.toThrow();
  });
});

describe("a life that begins with less than was durable is found out", () => {
  const lost = (before: SoloOptions, after: SoloOptions, lostTail: LogPosition | null = null) => {
    const { disk } = live(before);
    return () => disk.follow(solo(after), lostTail);
  };

  test("R11: without its term", () => {
    expect(lost({ term: 3 }, { term: 2 })).toThrow("R11: m1 forgot term 3, has 2");
  });

  test("R11: without its vote, or with another, as long as the term is the same", () => {
    const forgot = "R11: m1 forgot its vote of term 3 for 2";
    expect(lost({ term: 3, vote: 2n }, { term: 3 })).toThrow(forgot);
    expect(lost({ term: 3, vote: 2n }, { term: 3, vote: 3n })).toThrow(forgot);
    expect(lost({ term: 3, vote: 2n }, { term: 4 })).not.toThrow();
  });

  test("R11: without a vote that was given in the life before", () => {
    const { disk, raft } = live({});
    raft.step(voteRequest(1));
    drain(raft);
    expect(() => disk.follow(solo({ term: 1 }), null)).toThrow("R11: m1 forgot its vote");
  });

  test("R18: without an entry, or with one of an earlier term in its place", () => {
    expect(lost({ log: [1, 2] }, { log: [1], term: 2 })).toThrow(
      "R18: m1 lost durable entry 2 of term 2, has null",
    );
    expect(lost({ log: [1, 2] }, { log: [1, 1], term: 2 })).toThrow("R18: m1 lost durable entry 2");
  });

  test("but what a later leader put in its place may have reached the disk without a word, even if it is older", () => {
    const overwritten = () => {
      const { disk, raft } = live({ log: [1, 2] });
      raft.step(append(3, [1, 1], [1, 3]));
      raft.takeReady();
      return disk;
    };
    expect(() => overwritten().follow(solo({ log: [1, 1], term: 3 }), null)).not.toThrow();
    expect(() => overwritten().follow(solo({ log: [1, 1, 3] }), null)).not.toThrow();
    expect(() => overwritten().follow(solo({ log: [1, 3] }), null)).toThrow("R18");
  });

  test("but whoever knows what it may have lost has not forgotten it", () => {
    const after = { log: [1], term: 2 };
    expect(lost({ log: [1, 2] }, after, { index: 2, term: 2 })).not.toThrow();
    expect(lost({ log: [1, 2] }, after, { index: 1, term: 2 })).toThrow("R18");
    expect(lost({ log: [1, 2] }, after, { index: 9, term: 1 })).toThrow("R18");
  });
});
