import { nextBelow, nextChance, seededPrng } from "@conclave/base";
import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import type { ProposalWaiter } from "./waiting-proposals.ts";
import { WaitingProposals } from "./waiting-proposals.ts";

const waiter = (): ProposalWaiter => ({ onResult: () => {}, onRefused: () => {} });

describe.each(testSeeds(1, 5))("seed %i", (seed) => {
  test("agrees with a map through any order of answers, deadlines and growth", () => {
    printReplayOnFailure(seed);
    const prng = seededPrng(seed);
    const waiting = new WaitingProposals();
    const model = new Map<
      number,
      { readonly waiter: ProposalWaiter; readonly deadlineMs: number }
    >();
    let next = 1;
    for (let at = 0; at < 20_000; at += 1) {
      const nowMs = Math.floor(at / 10);
      if (nextChance(prng, 0.55)) {
        const one = { waiter: waiter(), deadlineMs: nowMs + 300 };
        waiting.add(next, one.waiter, one.deadlineMs);
        model.set(next, one);
        next += 1;
      }
      const sequence = next - nextBelow(prng, Math.min(next, 5_000)) + 2;
      expect(waiting.has(sequence)).toBe(model.has(sequence));
      expect(waiting.take(sequence)).toBe(model.get(sequence)?.waiter ?? null);
      model.delete(sequence);
      for (const [expired, one] of model) {
        if (one.deadlineMs > nowMs) break;
        expect(waiting.takeExpired(nowMs)).toBe(one.waiter);
        model.delete(expired);
      }
      expect(waiting.takeExpired(nowMs)).toBeNull();
      expect(waiting.count).toBe(model.size);
    }
    expect(model.size).toBeGreaterThan(1_024);
  });
});

test("sequences come without gap", () => {
  const waiting = new WaitingProposals();
  waiting.add(1, waiter(), 0);
  expect(() => waiting.add(3, waiter(), 0)).toThrow("sequences follow each other");
});
