import { expect, test } from "vitest";
import type { LeaseLife } from "../history.ts";
import { checkLeases, type LeaseTimes } from "./leases.ts";
import type { LeaseEnd } from "./replay.ts";

/** Index 5 was applied at 3,000 ms. Clocks are true, unless a test says otherwise. */
const times: LeaseTimes = {
  appliedMs: (index) => (index === 5 ? 3_000 : Number.POSITIVE_INFINITY),
  longestMs: (fromMs, toMs) => toMs - fromMs,
};

function lease(renewedAtMs: number, renewals: LeaseLife["renewals"] = []): LeaseLife {
  const revokeAskedMs = Number.POSITIVE_INFINITY;
  return { client: "c1", id: 7n, ttlMs: 2_000, renewedAtMs, revokeAskedMs, renewals };
}

const ended = (isExpired: boolean): ReadonlyMap<bigint, LeaseEnd> =>
  new Map([[7n, { index: 5, isExpired }]]);

test("a lease that ends its TTL after its last renewal is as promised", () => {
  const renewals = [{ invokedMs: 1_000, ttlSeconds: 2 }];
  expect(() => checkLeases([lease(1_000, renewals)], ended(true), times)).not.toThrow();
});

test("a lease that is asked for after its end, and denied, is as promised", () => {
  const renewals = [{ invokedMs: 3_500, ttlSeconds: 0 }];
  expect(() => checkLeases([lease(500, renewals)], ended(true), times)).not.toThrow();
});

test("a lease that is revoked may end at any time", () => {
  expect(() => checkLeases([lease(2_900)], ended(false), times)).not.toThrow();
});

test("L1: a lease that expired before its TTL had passed since its renewal", () => {
  expect(() => checkLeases([lease(1_001)], ended(true), times)).toThrow(
    "L1: lease 7 expired 1999 ms after its renewal",
  );
});

test("L1 counts by the fastest clock: what passed there has passed for its leader", () => {
  const fast = { ...times, longestMs: (fromMs: number, toMs: number) => 2 * (toMs - fromMs) };
  expect(() => checkLeases([lease(2_000)], ended(true), fast)).not.toThrow();
  expect(() => checkLeases([lease(2_001)], ended(true), fast)).toThrow("L1");
});

test.each([true, false])("L4: a renewal granted after the end (expired: %s)", (isExpired) => {
  const renewals = [{ invokedMs: 3_001, ttlSeconds: 2 }];
  expect(() => checkLeases([lease(500, renewals)], ended(isExpired), times)).toThrow(
    "L4: lease 7 ended at 3000",
  );
});
