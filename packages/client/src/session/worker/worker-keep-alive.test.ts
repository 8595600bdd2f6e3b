import { expect, test } from "vitest";
import type { KeepAlive, LeaseToKeep } from "../keep-alive.ts";
import type { WorkerRequest } from "./messages.ts";
import { SharedLease } from "./shared-cells.ts";
import { WorkerKeepAlive } from "./worker-keep-alive.ts";

const LEASE: LeaseToKeep = { leaseId: 7n, sentAtMs: 1_000, ttlMs: 9_000, marginMs: 3_000 };

/** A lease in a worker that the test plays. The session's clock is 400 ms ahead of the shared one. */
function kept() {
  const told: string[] = [];
  const requests: WorkerRequest[] = [];
  const startedHere: LeaseToKeep[] = [];
  const here: KeepAlive = { takeNews: () => null, renewNow: () => {}, stop: () => {} };
  const state = { silentForMs: 0, isHealthy: true };
  const keepAlive = new WorkerKeepAlive(
    LEASE,
    {
      onNews: () => told.push("news"),
      onLate: () => told.push("late"),
      onGone: () => told.push("gone"),
    },
    {
      stallLimitMs: 5_000,
      renewWhile: () => state.isHealthy,
      startHere: (lease) => {
        startedHere.push(lease);
        return here;
      },
      aheadMs: 400,
      silentForMs: () => state.silentForMs,
      post: (request) => requests.push(request),
      onStopped: () => told.push("stopped"),
    },
  );
  keepAlive.start();
  const [first] = requests;
  if (first?.kind !== "keep") throw new Error("the worker was not told of the lease");
  return {
    keepAlive,
    told,
    requests,
    startedHere,
    state,
    first,
    worker: new SharedLease(first.cells),
  };
}

test("the worker is given the lease in its own time", () => {
  const { first } = kept();
  expect(first).toMatchObject({ lease: { ...LEASE, sentAtMs: 600 }, stallLimitMs: 5_000 });
});

test("a renewal is taken once, in the session's time, without any message", () => {
  const { keepAlive, worker } = kept();
  expect(keepAlive.takeNews()).toBeNull();
  worker.onRenewed({ sentAtMs: 3_600, ttlMs: 9_000, tookMs: 5 });
  expect(keepAlive.takeNews()).toEqual({ sentAtMs: 4_000, ttlMs: 9_000, tookMs: 5 });
  expect(keepAlive.takeNews()).toBeNull();
});

test("a main thread that was silent for too long finds the lease stalled before it gives a sign of life again", () => {
  const { keepAlive, state, told } = kept();
  state.silentForMs = 5_000;
  expect(keepAlive.takeNews()).toBeNull();
  state.silentForMs = 5_001;
  expect(keepAlive.takeNews()).toBe("stalled");
  keepAlive.onBeat();
  expect(told).toEqual(["news"]);
});

test("what the worker found stalled is stalled, whatever the main thread's clock says", () => {
  const { keepAlive, worker } = kept();
  worker.stall();
  expect(keepAlive.takeNews()).toBe("stalled");
});

test("renewWhile reaches the worker with the next sign of life", () => {
  const { keepAlive, state, worker } = kept();
  expect(worker.isWithheld).toBe(false);
  state.isHealthy = false;
  keepAlive.onBeat();
  expect(worker.isWithheld).toBe(true);
});

test("a report of a late renewal that waited until the renewal was there is dropped", () => {
  const { keepAlive, told, worker } = kept();
  keepAlive.onLate(0);
  worker.onRenewed({ sentAtMs: 3_600, ttlMs: 9_000, tookMs: 5 });
  keepAlive.onLate(0);
  expect(told).toEqual(["late"]);
});

test("when the thread ends this one goes on from the last renewal", () => {
  const { keepAlive, startedHere, worker } = kept();
  worker.onRenewed({ sentAtMs: 3_600, ttlMs: 9_000, tookMs: 5 });
  keepAlive.takeNews();
  keepAlive.onWorkerDown();
  expect(startedHere).toEqual([{ ...LEASE, sentAtMs: 4_000 }]);
});

test("a lease that was given up is not taken over when the thread ends", () => {
  const { keepAlive, startedHere, told, requests } = kept();
  keepAlive.stop();
  keepAlive.onWorkerDown();
  expect(startedHere).toEqual([]);
  expect(told).toContain("stopped");
  expect(requests.at(-1)).toEqual({ kind: "drop", leaseId: 7n });
});
