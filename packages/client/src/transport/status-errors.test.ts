import type { StatusCode } from "@conclave/rpc";
import { Status } from "@conclave/rpc";
import type { EtcdError } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { expect, test } from "vitest";
import { CompactedError } from "../errors.ts";
import { statusOf } from "../testing/scripted-caller.ts";
import { mayRetry } from "./retry.ts";
import { type Effect, errorOfStatus } from "./status-errors.ts";

const PATH = "/etcdserverpb.KV/Put";
const errorOf = ({ code, message }: EtcdError, effect: Effect = "once") =>
  errorOfStatus(statusOf(code as StatusCode, message), effect, PATH);

test.each([
  [EtcdErrors.compacted, "COMPACTED", "not-applied"],
  [EtcdErrors.futureRevision, "FUTURE_REVISION", "not-applied"],
  [EtcdErrors.leaseNotFound, "LEASE_NOT_FOUND", "not-applied"],
  [EtcdErrors.leaseExists, "ALREADY_EXISTS", "not-applied"],
  [EtcdErrors.keyNotFound, "KEY_NOT_FOUND", "not-applied"],
  [EtcdErrors.requestTooLarge, "TOO_LARGE", "not-applied"],
  [EtcdErrors.tooManyRequests, "TOO_MANY_REQUESTS", "not-applied"],
  [EtcdErrors.noLeader, "NO_LEADER", "not-applied"],
  [EtcdErrors.duplicateKey, "INVALID_ARGUMENT", "not-applied"],
  [EtcdErrors.permissionDenied, "PERMISSION_DENIED", "not-applied"],
  [EtcdErrors.notSupportedForLearner, "UNAVAILABLE", "not-applied"],
  [EtcdErrors.leaderChanged, "UNAVAILABLE", "unknown"],
  [EtcdErrors.stopped, "UNAVAILABLE", "unknown"],
  [EtcdErrors.timeout, "UNAVAILABLE", "unknown"],
  [EtcdErrors.timeoutDueToLeaderFail, "UNAVAILABLE", "unknown"],
  [EtcdErrors.proposalDropped, "UNKNOWN", "unknown"],
  [EtcdErrors.deadlineExceeded, "TIMEOUT", "unknown"],
] as const)("a write refused with %o is %s and %s", (refusal, code, outcome) => {
  expect(errorOf(refusal)).toMatchObject({ code, outcome });
});

// wire.md 7: the quota is checked again at apply, which may apply the write and then report no space.
test("a write that met the space quota may have been applied", () => {
  expect(errorOf(EtcdErrors.noSpace)).toMatchObject({ code: "NO_SPACE", outcome: "unknown" });
});

test("a failed read never leaves doubt", () => {
  for (const refusal of Object.values(EtcdErrors)) {
    expect(errorOf(refusal, "read").outcome).toBe("not-applied");
  }
});

test("a request that never left this machine was not applied", () => {
  const status = statusOf(Status.UNAVAILABLE, "connection refused", false);
  expect(errorOfStatus(status, "once", PATH)).toMatchObject({
    code: "UNAVAILABLE",
    outcome: "not-applied",
    message: "KV/Put: connection refused",
  });
});

test("a compacted read has the class that carries the compact revision, which a unary answer does not tell", () => {
  const error = errorOf(EtcdErrors.compacted, "read");
  expect(error).toBeInstanceOf(CompactedError);
  expect(error).toMatchObject({ compactRevision: null });
});

// Failure mode 7; the Jepsen finding on jetcd.
test.each([
  { effect: "read", reached: true, again: true },
  { effect: "idempotent", reached: true, again: true },
  { effect: "once", reached: true, again: false },
  { effect: "once", reached: false, again: true },
] as const)(
  "an unavailable $effect that may have arrived ($reached) is repeated: $again",
  (row) => {
    const status = statusOf(Status.UNAVAILABLE, "gone", row.reached);
    expect(mayRetry(errorOfStatus(status, row.effect, PATH), row.effect)).toBe(row.again);
  },
);

test("what a learner refuses is repeated, for the members that vote serve it", () => {
  expect(mayRetry(errorOf(EtcdErrors.notSupportedForLearner, "once"), "once")).toBe(true);
});

test("a refusal is not repeated, for it would be refused again", () => {
  expect(mayRetry(errorOf(EtcdErrors.permissionDenied, "read"), "read")).toBe(false);
});
