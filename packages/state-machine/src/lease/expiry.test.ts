import { InvariantViolation, nextBelow, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import { LeaseExpiry } from "./expiry.ts";

function leading(nowMs = 0): LeaseExpiry {
  const expiry = new LeaseExpiry();
  expiry.promote(nowMs, 0);
  return expiry;
}

describe("deadlines", () => {
  test("a lease falls due when its TTL has passed since its grant or last renewal, not before", () => {
    const expiry = leading();
    expiry.onLeaseGranted(1n, 5);
    expect(expiry.takeDue(4_999, 10)).toEqual([]);
    expect(expiry.renew(1n, 4_999)).toBe(5);
    expect(expiry.takeDue(9_998, 10)).toEqual([]);
    expect(expiry.remainingMs(1n, 9_000)).toBe(999);
  });

  test("the most overdue come first, at most as many as asked for", () => {
    const expiry = leading();
    expiry.onLeaseGranted(1n, 9);
    expiry.onLeaseGranted(2n, 3);
    expiry.onLeaseGranted(3n, 6);
    expect(expiry.takeDue(20_000, 2)).toEqual([2n, 3n]);
    expect(expiry.takeDue(20_000, 2)).toEqual([1n]);
    expect(expiry.takeDue(20_000, 2)).toEqual([]);
  });

  test("very many renewed at once are looked at a few thousand at a time, and none is late for long", () => {
    const expiry = leading();
    const count = 20_000;
    for (let id = 1; id <= count; id += 1) expiry.onLeaseGranted(BigInt(id), 5);
    for (let id = 2; id <= count; id += 1) expiry.renew(BigInt(id), 4_000);
    expiry.onLeaseGranted(0n, 2);
    const found: bigint[] = [];
    for (let tick = 0; tick < 5; tick += 1) found.push(...expiry.takeDue(6_000 + tick, 10));
    expect(found.sort()).toEqual([0n, 1n]);
    expect(expiry.takeDue(9_000, count)).toHaveLength(count - 1);
  });

  test("those that are granted and revoked again leave nothing behind", () => {
    const expiry = leading();
    for (let id = 1n; id <= 10_000n; id += 1n) {
      expiry.onLeaseGranted(id, 60);
      expiry.onLeaseRevoked(id);
    }
    expect([expiry.count, expiry.queuedCount <= 1_025]).toEqual([0, true]);
    expect(expiry.takeDue(60_000, 10)).toEqual([]);
    expect(expiry.queuedCount).toBe(0);
  });

  test("a TTL of 285 years is a deadline like any other", () => {
    const expiry = leading();
    expiry.onLeaseGranted(1n, 9_000_000_000);
    expect(expiry.takeDue(2 ** 31, 1)).toEqual([]);
    expect(expiry.takeDue(9e12 - 1, 1)).toEqual([]);
    expect(expiry.takeDue(9e12, 1)).toEqual([1n]);
  });
});

describe("a lease whose end is under way", () => {
  test("cannot be renewed, nor can one whose time is over and nobody noticed", () => {
    const expiry = leading();
    expiry.onLeaseGranted(1n, 5);
    expect(expiry.renew(1n, 5_000)).toBe(0);
    expect(expiry.isExpiring(1n, 5_000)).toBe(true);
    expect(expiry.takeDue(5_000, 1)).toEqual([1n]);
    expect(expiry.renew(1n, 5_001)).toBe(0);
    expect(expiry.remainingMs(1n, 5_001)).toBe(0);
    expect(expiry.takeDue(99_000, 1)).toEqual([]);
  });

  test("falls due again if its proposal failed, through any number of renewals of others", () => {
    const expiry = leading();
    expiry.onLeaseGranted(1n, 5);
    expiry.onLeaseGranted(2n, 100);
    expiry.takeDue(5_000, 1);
    expiry.retry(1n, 6_000);
    for (let i = 0; i < 5_000; i += 1) expiry.renew(2n, 5_500);
    expect(expiry.takeDue(5_999, 10)).toEqual([]);
    expect(expiry.renew(1n, 5_999)).toBe(0);
    expect(expiry.takeDue(6_000, 10)).toEqual([1n]);
  });

  test("is gone once revoked; a new lease with its id is not touched by old deadlines", () => {
    const expiry = leading();
    expiry.onLeaseGranted(1n, 5);
    expiry.onLeaseRevoked(1n);
    expiry.onLeaseGranted(1n, 60);
    expect(expiry.takeDue(59_999, 10)).toEqual([]);
    expect(expiry.takeDue(60_000, 10)).toEqual([1n]);
    expiry.onLeaseRevoked(1n);
    expect([expiry.renew(1n, 60_000), expiry.remainingMs(1n, 60_000)]).toEqual([0, null]);
  });
});

describe("leadership", () => {
  // E20: a change of leader must never shorten a lease.
  test("a new leader gives every lease its full TTL, and what is added for the time without one", () => {
    const expiry = new LeaseExpiry();
    expiry.onLeaseGranted(1n, 5);
    expiry.advance(100_000);
    expect(expiry.takeDue(100_000, 1)).toEqual([]);
    expiry.promote(100_000, 1_500);
    expect(expiry.remainingMs(1n, 100_000)).toBe(6_500);
    expect(expiry.takeDue(106_499, 1)).toEqual([]);
    expect(expiry.takeDue(106_500, 1)).toEqual([1n]);
  });

  test("a renewal does not take what a new leader added", () => {
    const expiry = new LeaseExpiry();
    expiry.onLeaseGranted(1n, 5);
    expiry.promote(0, 1_500);
    expect(expiry.renew(1n, 100)).toBe(5);
    expect(expiry.remainingMs(1n, 100)).toBe(6_400);
    expect(expiry.renew(1n, 2_000)).toBe(5);
    expect(expiry.remainingMs(1n, 2_000)).toBe(5_000);
    expect(expiry.takeDue(6_999, 1)).toEqual([]);
    expect(expiry.takeDue(7_000, 1)).toEqual([1n]);
  });

  test("who leads no longer neither renews nor lets anything fall due", () => {
    const expiry = leading();
    expiry.onLeaseGranted(1n, 5);
    expiry.demote();
    expect(expiry.takeDue(50_000, 10)).toEqual([]);
    expect(() => expiry.renew(1n, 50_000)).toThrow(InvariantViolation);
    expiry.promote(60_000, 0);
    expect(expiry.renew(1n, 64_999)).toBe(5);
  });

  test("time does not go back", () => {
    const expiry = leading(1_000);
    expect(() => expiry.takeDue(999, 1)).toThrow(InvariantViolation);
  });
});

// L1, L2, against a plain list of deadlines.
test("renewals, grants and revokes in any order: due are exactly those whose time is over", () => {
  const prng = seededPrng(testSeed(99));
  const expiry = leading();
  const dueMs = new Map<bigint, number>();
  let nowMs = 0;
  for (let step = 0; step < 20_000; step += 1) {
    const id = BigInt(nextBelow(prng, 300));
    const kind = nextBelow(prng, 10);
    if (kind < 3 && !dueMs.has(id)) {
      const ttl = 1 + nextBelow(prng, 20);
      expiry.advance(nowMs);
      expiry.onLeaseGranted(id, ttl);
      dueMs.set(id, nowMs + ttl * 1000);
    } else if (kind < 8) {
      const ttl = expiry.renew(id, nowMs);
      expect(ttl > 0).toBe(dueMs.has(id));
      if (ttl > 0) dueMs.set(id, nowMs + ttl * 1000);
    } else if (kind === 8) {
      expiry.onLeaseRevoked(id);
      dueMs.delete(id);
    } else {
      nowMs += nextBelow(prng, 2_000);
      const due = expiry.takeDue(nowMs, 1_000);
      const want = [...dueMs].filter(([, at]) => at <= nowMs).map(([lease]) => lease);
      expect(due.sort()).toEqual(want.sort());
      for (const lease of due) {
        expiry.onLeaseRevoked(lease);
        dueMs.delete(lease);
      }
    }
  }
});
