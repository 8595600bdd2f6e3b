import { CommandKind } from "@conclave/state-machine";
import { CompactionRequest, LeaseGrantRequest, PutRequest } from "@conclave/wire";
import { describe, expect, test } from "vitest";
import { Member } from "../../../packages/state-machine/src/testing.ts";
import { bytesOfText } from "../workload/client.ts";
import { checkEnd, isShort } from "./end.ts";
import { Replay } from "./replay.ts";
import type { AppliedCommands } from "./state.ts";

type Command = readonly [kind: CommandKind, body: Uint8Array];

const put = (key: string, lease = 0n): Command => [
  CommandKind.PUT,
  PutRequest.encode({ key: bytesOfText(key), lease }),
];
const compact = (revision: number): Command => [
  CommandKind.COMPACT,
  CompactionRequest.encode({ revision }),
];
const grant = (ID: bigint, TTL: number): Command => [
  CommandKind.LEASE_GRANT,
  LeaseGrantRequest.encode({ ID, TTL }),
];

/** What a member makes of some commands, and what the model makes of others. */
function check(ofMember: readonly Command[], ofModel: readonly Command[]): void {
  const member = new Member();
  for (const [kind, body] of ofMember) member.execute(kind, body);
  checkEnd(member.machine, new Replay(ledgerOf(ofModel), () => {}));
}

function ledgerOf(commands: readonly Command[]): AppliedCommands[] {
  const source = new Member();
  const ledger: AppliedCommands[] = [{ term: 0, data: new Uint8Array(0) }];
  const apply = source.applyData.bind(source);
  source.applyData = (data, onResult) => {
    ledger.push({ term: 1, data: Uint8Array.from(data) });
    apply(data, onResult);
  };
  for (const [kind, body] of commands) source.execute(kind, body);
  return ledger;
}

const long = 60;
const common = [grant(7n, long), put("a", 7n), put("b"), put("b"), compact(3)];

describe("what the members have come to", () => {
  test("is as promised if the log makes the same of it", () => {
    expect(() => check(common, common)).not.toThrow();
  });

  test.each<[problem: string, ofMember: Command[], ofModel: Command[]]>([
    ["M1: revision 5, not 4", [...common, put("b")], common],
    ["M2: 2 keys, not 3", [...common, put("b")], [...common, put("c")]],
    ["M5: compacted to 4, not 3", [...common, compact(4)], common],
    ["L5: 2 leases", [...common, grant(8n, long)], common],
    ["L5: lease 7 has keys a, not a,b", [...common, put("b")], [...common, put("b", 7n)]],
    [
      "L2: lease 8 of 2 s did not end",
      [...common, grant(8n, 2), put("c", 8n)],
      [...common, grant(8n, 2), put("c", 8n)],
    ],
  ])("%s", (problem, ofMember, ofModel) => {
    expect(() => check(ofMember, ofModel)).toThrow(problem);
  });

  test("leases that ask for more than a run lasts need not have ended", () => {
    expect(isShort(2)).toBe(true);
    expect(isShort(3)).toBe(false);
  });
});
