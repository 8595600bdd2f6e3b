import { expect, test } from "vitest";
import { type Arrival, nextStep, Rounds } from "./rounds.ts";

const arrivals = (...revisions: number[]): Arrival[] =>
  revisions.map((revision) => ({ key: `k${revision}`, revision, parties: 3 }));

const stepOf = (all: readonly Arrival[], at: number, gone: readonly string[] = [], revision = 99) =>
  nextStep(all, new Set(gone), all[at]!, revision);

test("only the party in the last place trips the barrier", () => {
  const all = arrivals(5, 6, 7);
  expect(stepOf(all, 0)).toEqual({ kind: "wait" });
  expect(stepOf(all, 1)).toEqual({ kind: "wait" });
  expect(stepOf(all, 2)).toEqual({ kind: "trip", upTo: 7 });
  expect(stepOf(arrivals(5, 6), 1)).toEqual({ kind: "wait" });
});

test("a party beyond the last place waits, and does not belong to the round that is broken", () => {
  const all = arrivals(5, 6, 7, 8);
  expect(stepOf(all, 3)).toEqual({ kind: "wait" });
  expect(stepOf(all, 3, ["k6"])).toEqual({ kind: "break", upTo: 7 });
  expect(stepOf(all, 0, ["k8"])).toEqual({ kind: "wait" });
});

test("a round that is not complete is broken for all who are there at the time", () => {
  expect(stepOf(arrivals(5, 6), 0, ["k6"], 42)).toEqual({ kind: "break", upTo: 42 });
});

test("the last one does not trip a round that lost a party", () => {
  expect(stepOf(arrivals(5, 6, 7), 2, ["k5"])).toEqual({ kind: "break", upTo: 7 });
});

test("a party finds the round it belongs to by when it arrived", () => {
  const rounds = new Rounds([]).with(7, true).with(12, false);
  expect(rounds.roundOf(6, 0)).toEqual({ generation: 1, upTo: 7, tripped: true });
  expect(rounds.roundOf(7, 0)).toMatchObject({ generation: 1 });
  expect(rounds.roundOf(8, 1)).toEqual({ generation: 2, upTo: 12, tripped: false });
  expect(rounds.roundOf(13, 2)).toBeNull();
  expect([rounds.upToBefore(1), rounds.upToBefore(2)]).toEqual([0, 7]);
});

test("a round is forgotten only if it may be older than those that are kept", () => {
  let rounds = new Rounds([]);
  for (let round = 1; round <= 20; round += 1) rounds = rounds.with(round * 10, true);
  expect(rounds.generation).toBe(20);
  expect(rounds.roundOf(41, 4)).toMatchObject({ generation: 5 });
  expect(rounds.roundOf(41, 3)).toBe("forgotten");
  expect(rounds.roundOf(51, 3)).toMatchObject({ generation: 6 });
});

test("rounds survive the store, and what is none is refused", () => {
  const rounds = new Rounds([]).with(7, true);
  expect(Rounds.fromText("k", rounds.toText()).roundOf(7, 0)).toMatchObject({ tripped: true });
  expect(Rounds.fromText("k", null).generation).toBe(0);
  for (const text of ["", "[]", "{}", '[{"generation":1}]', "null"]) {
    expect(() => Rounds.fromText("k", text)).toThrow('the value of "k" is not valid');
  }
});
