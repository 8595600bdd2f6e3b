import { byteStringOf } from "@conclave/base";
import { CommandBatch, CommandKind, encodeLeaseExpire } from "@conclave/state-machine";
import {
  CompactionRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
} from "@conclave/wire";
import { expect, test, vi } from "vitest";
import { ReferenceModel } from "../../../packages/state-machine/src/reference-model.ts";
import { bytesOfText } from "../workload/client.ts";
import { Replay } from "./replay.ts";
import type { AppliedCommands } from "./state.ts";

type Command = readonly [kind: CommandKind, body: Uint8Array];

const putBody = (key: string, value: string, lease = 0n): Uint8Array =>
  PutRequest.encode({ key: bytesOfText(key), value: bytesOfText(value), lease });
const put = (key: string, value: string, lease = 0n): Command => [
  CommandKind.PUT,
  putBody(key, value, lease),
];
const grant: Command = [CommandKind.LEASE_GRANT, LeaseGrantRequest.encode({ ID: 7n, TTL: 2 })];
const revoke: Command = [CommandKind.LEASE_REVOKE, LeaseRevokeRequest.encode({ ID: 7n })];
const expire = (term: number): Command => [
  CommandKind.LEASE_EXPIRE,
  encodeLeaseExpire({ term, leases: [7n] }),
];
const compact = (revision: number): Command => [
  CommandKind.COMPACT,
  CompactionRequest.encode({ revision }),
];

/** One entry of term 1 for each group of commands, from index 1 on. */
function ledgerOf(...entries: readonly (readonly Command[])[]): AppliedCommands[] {
  const ledger: AppliedCommands[] = [{ term: 0, data: new Uint8Array(0) }];
  for (const commands of entries) {
    const batch = new CommandBatch(1 << 20, 1 << 10);
    for (const [at, [kind, body]] of commands.entries()) batch.append(kind, 1, at + 1, body);
    ledger.push({ term: 1, data: batch.take() });
  }
  return ledger;
}

test("each revision is told with the command that made it, what is refused or changes nothing with none", () => {
  const told: (readonly [revision: number, value: string | null])[] = [];
  const ledger = ledgerOf([put("a", "1"), put("b", "x", 9n)], [compact(2)], [put("a", "2")]);
  new Replay(ledger, (revision, _model, written) => {
    told.push([revision, written && byteStringOf(PutRequest.decode(written.body).value)]);
  });
  expect(told).toEqual([
    [1, null],
    [2, "1"],
    [3, "2"],
  ]);
});

test("how often a command was applied is counted, whatever came of it", () => {
  const ledger = ledgerOf([put("a", "1")], [put("a", "1"), put("b", "x", 9n)]);
  const { applied } = new Replay(ledger, () => {});
  const times = (key: string, value: string, lease = 0n): number | undefined =>
    applied.get(byteStringOf(putBody(key, value, lease)));
  expect([times("a", "1"), times("b", "x", 9n), times("c", "")]).toEqual([2, 1, undefined]);
});

test("a lease ends where the log says so, by its time or by a wish, and its keys go with one revision", () => {
  const expired = new Replay(ledgerOf([grant], [put("a", "1", 7n)], [expire(1)]), () => {});
  expect(expired.leaseEnds.get(7n)).toEqual({ index: 3, isExpired: true });
  expect(expired.model.revision).toBe(3);
  const revoked = new Replay(ledgerOf([grant], [revoke]), () => {});
  expect(revoked.leaseEnds.get(7n)).toEqual({ index: 2, isExpired: false });
  expect(revoked.model.revision).toBe(1);
});

test("L6: what a leader of an earlier term says of a lease is void", () => {
  const { leaseEnds, model } = new Replay(ledgerOf([grant], [expire(0)]), () => {});
  expect(leaseEnds.size).toBe(0);
  expect(model.leases.size).toBe(1);
});

test("L3: a lease whose end takes its keys one by one is noticed", () => {
  const revokeOnce = ReferenceModel.prototype.revoke;
  const spy = vi.spyOn(ReferenceModel.prototype, "revoke").mockImplementation(function (
    this: ReferenceModel,
    id,
  ) {
    revokeOnce.call(this, id);
    this.put(PutRequest.create({ key: bytesOfText("extra") }));
  });
  try {
    const ledger = ledgerOf([grant], [put("a", "1", 7n)], [revoke]);
    expect(() => new Replay(ledger, () => {})).toThrow("L3: the end of lease 7 with 1 keys");
  } finally {
    spy.mockRestore();
  }
});
