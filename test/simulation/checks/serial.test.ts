import { CommandBatch, CommandKind, encodeLeaseExpire } from "@conclave/state-machine";
import {
  DeleteRangeRequest,
  DeleteRangeResponse,
  LeaseGrantRequest,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
} from "@conclave/wire";
import { describe, expect, test } from "vitest";
import type { Operation } from "../history.ts";
import { bytesOfText } from "../workload/client.ts";
import { checkSerial } from "./serial.ts";
import type { AppliedCommands } from "./state.ts";

type Command = readonly [kind: CommandKind, body: Uint8Array];

const put = (key: string, value: string, lease = 0n): Uint8Array =>
  PutRequest.encode({ key: bytesOfText(key), value: bytesOfText(value), lease });
const get = (key: string): Uint8Array => RangeRequest.encode({ key: bytesOfText(key) });
const remove = (key: string): Uint8Array => DeleteRangeRequest.encode({ key: bytesOfText(key) });

/** One entry for each command, from index 1 on. */
function ledgerOf(...commands: readonly Command[]): AppliedCommands[] {
  const entries = commands.map(([kind, body]) => {
    const batch = new CommandBatch(1 << 20, 1 << 10);
    batch.append(kind, 1, 1, body);
    return { term: 1, data: batch.take() };
  });
  return [{ term: 0, data: new Uint8Array(0) }, ...entries];
}

function operation(
  method: Operation["method"],
  body: Uint8Array,
  [invokedMs, completedMs]: readonly [number, number],
  revision: number,
  answer: Uint8Array | null,
  more: Partial<Operation> = {},
): Operation {
  return {
    ...{ client: "c1", method, body, isUnique: method === "put", isSerializable: false },
    ...{ atRevision: 0, invokedMs, completedMs, revision, answer },
    ...{ isRefused: false, isCompacted: false },
    ...more,
  };
}

const wasPut = PutResponse.encode({});
const found = (value: string, mod: number): Uint8Array => {
  const kv = {
    key: bytesOfText("a"),
    value: bytesOfText(value),
    createRevision: 2,
    modRevision: mod,
    version: mod - 1,
  };
  return RangeResponse.encode({ kvs: [kv], count: 1, more: false });
};

const ledger = ledgerOf([CommandKind.PUT, put("a", "1")], [CommandKind.PUT, put("a", "2")]);
const writes = [
  operation("put", put("a", "1"), [0, 1], 2, wasPut),
  operation("put", put("a", "2"), [2, 3], 3, wasPut),
];

describe("strict serializability by revisions", () => {
  test("holds for a history as the log has it", () => {
    const read = operation("range", get("a"), [4, 5], 3, found("2", 3));
    const old = operation("range", get("a"), [4, 5], 2, found("1", 2), { isSerializable: true });
    const { model } = checkSerial([...writes, read, old], ledger);
    expect(model.revision).toBe(3);
  });

  test.each<[name: string, operations: Operation[]]>([
    ["R16: revision 9 is in no log", [operation("put", put("a", "3"), [0, 1], 9, wasPut)]],
    ["R16: acknowledged at 3", [operation("put", put("a", "other"), [0, 1], 3, wasPut)]],
    [
      "R16: refused, and applied",
      [operation("put", put("a", "1"), [0, 1], 0, null, { isRefused: true })],
    ],
    [
      "R16: acknowledged at 3, but it is not in the log",
      [
        operation(
          "delete-range",
          remove("a"),
          [4, 5],
          3,
          DeleteRangeResponse.encode({ deleted: 1 }),
        ),
      ],
    ],
    [
      "M3: at revision 3 the model answers otherwise",
      [operation("range", get("a"), [4, 5], 3, found("1", 2))],
    ],
    [
      "R17: revision 3 was acknowledged before",
      [...writes, operation("range", get("a"), [4, 5], 2, found("1", 2))],
    ],
    [
      "R17: revision 3 was acknowledged before",
      [
        operation("put", put("a", "2"), [0, 1], 3, wasPut),
        operation("put", put("a", "1"), [2, 3], 2, wasPut),
      ],
    ],
    [
      "M5: refused as compacted",
      [operation("range", get("a"), [4, 5], 0, null, { isCompacted: true, atRevision: 2 })],
    ],
  ])("%s", (problem, operations) => {
    expect(() => checkSerial(operations, ledger)).toThrow(problem);
  });

  test("R16: what was applied twice is found, though nobody was answered twice", () => {
    const twice = ledgerOf([CommandKind.PUT, put("a", "1")], [CommandKind.PUT, put("a", "1")]);
    expect(() => checkSerial(writes.slice(0, 1), twice)).toThrow("R16: applied 2 times");
  });

  test("L6: a lease that a leader of another term calls over lives on", () => {
    const grant: Command = [CommandKind.LEASE_GRANT, LeaseGrantRequest.encode({ ID: 7n, TTL: 2 })];
    const key: Command = [CommandKind.PUT, put("a", "1", 7n)];
    const end = (term: number): Command => [
      CommandKind.LEASE_EXPIRE,
      encodeLeaseExpire({ term, leases: [7n] }),
    ];
    expect(checkSerial([], ledgerOf(grant, key, end(2))).leaseEnds.size).toBe(0);
    const { leaseEnds, model } = checkSerial([], ledgerOf(grant, key, end(1)));
    expect(leaseEnds.get(7n)).toEqual({ index: 3, isExpired: true });
    expect(model.states[3]?.size).toBe(0);
  });
});
