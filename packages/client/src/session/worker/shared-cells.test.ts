import { expect, test } from "vitest";
import { Heartbeat, SharedLease } from "./shared-cells.ts";

test("what one end writes about a lease the other reads from the same memory", () => {
  const worker = new SharedLease();
  const main = new SharedLease(worker.buffer);
  expect(main.renewals).toBe(0);
  worker.onRenewed({ sentAtMs: 1_234.5, ttlMs: 9_000, tookMs: 3 });
  worker.onRenewed({ sentAtMs: 5_000, ttlMs: 9_000, tookMs: 1.2 });
  expect(main.renewals).toBe(2);
  expect(main.lastRenewal()).toEqual({ sentAtMs: 5_000, ttlMs: 9_000, tookMs: 2 });
  main.withhold(true);
  worker.stall();
  expect([worker.isWithheld, main.isStalled]).toEqual([true, true]);
  main.withhold(false);
  expect(worker.isWithheld).toBe(false);
});

test("times are rounded down, so that a lease never seems to live longer", () => {
  const shared = new SharedLease();
  shared.onRenewed({ sentAtMs: 1.000_9, ttlMs: 1_000, tookMs: 1 });
  expect(shared.lastRenewal().sentAtMs).toBe(1);
});

test("the age of a heartbeat counts from the last sign of life", () => {
  const main = new Heartbeat();
  const worker = new Heartbeat(main.buffer);
  main.beat(10_000);
  expect(worker.ageMs(10_250)).toBe(250);
});
