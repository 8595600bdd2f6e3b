import { nextBelow, type Prng, seededPrng } from "@conclave/base";
import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import { AlarmAction, AlarmRequest, AlarmType } from "@conclave/wire";
import { expect, test } from "vitest";
import { WHOLE_CLUSTER } from "./alarms.ts";
import { CommandKind } from "./command.ts";
import type { CommandResult } from "./result.ts";
import { Member } from "./testing.ts";

type Draw = (member: Member) => CommandResult;

/** A command that may be refused for reasons of its own: a lease or revision that is not there, a key given twice. */
function drawCommand(prng: Prng): Draw {
  const key = `k${nextBelow(prng, 4)}`;
  const lease = BigInt(nextBelow(prng, 3));
  const revision = nextBelow(prng, 40);
  const put = { requestPut: { key: Buffer.from(key) } };
  const draws: Draw[] = [
    (member) => member.put(key, "", { lease }),
    (member) => member.put(key, "", { ignoreValue: true }),
    (member) => member.delete(key),
    (member) => member.compact(revision),
    (member) => member.grant(lease),
    (member) => member.revoke(lease),
    (member) => member.txn({ success: [put] }),
    (member) => member.txn({ success: [put, put] }),
    (member) => member.txn({ failure: [put] }),
    (member) => member.txn({}),
  ];
  return draws[nextBelow(prng, draws.length)]!;
}

function setAlarm(member: Member, alarm: AlarmType, isRaised: boolean): void {
  const action = isRaised ? AlarmAction.ACTIVATE : AlarmAction.DEACTIVATE;
  const body = AlarmRequest.encode({ action, alarm, memberID: WHOLE_CLUSTER });
  member.execute(CommandKind.ALARM, body);
}

// etcd PR 22386 (E28): the mode after an alarm was built by hand and had lost a guard.
test.each(testSeeds(1, 10))(
  "an alarm adds guards and takes none away, and what it refuses changes nothing (seed %i)",
  (seed) => {
    printReplayOnFailure(seed);
    const prng = seededPrng(seed);
    const member = new Member();
    let refusedByAlarm = 0;
    let refusedAnyway = 0;
    for (let round = 0; round < 150; round += 1) {
      const command = drawCommand(prng);
      const alarm = nextBelow(prng, 2) === 0 ? AlarmType.NOSPACE : AlarmType.CORRUPT;
      const { revision } = member.machine;
      setAlarm(member, alarm, true);
      const before = member.machine.stateHash();
      const under = { ...command(member) };
      if (under.kind === "refused") expect(member.machine.stateHash()).toBe(before);
      setAlarm(member, alarm, false);
      if (under.kind !== "refused") continue;
      const without = command(member);
      if (without.kind === "refused") refusedAnyway += 1;
      else refusedByAlarm += 1;
      const isForAlarm = under.refusal === "noSpace" || under.refusal === "corrupt";
      // Refused for a reason of its own: then it is without the alarm, too, and for the same one.
      if (!isForAlarm) expect(without).toMatchObject({ kind: "refused", refusal: under.refusal });
      expect(member.machine.revision).toBeGreaterThanOrEqual(revision);
    }
    expect(Math.min(refusedByAlarm, refusedAnyway)).toBeGreaterThan(5);
  },
);

test.each(testSeeds(1, 10))(
  "what is let through under an alarm is what would be done without it (seed %i)",
  (seed) => {
    printReplayOnFailure(seed);
    const prng = seededPrng(seed);
    const [under, without] = [new Member(), new Member()];
    let letThrough = 0;
    for (let round = 0; round < 150; round += 1) {
      const command = drawCommand(prng);
      const isRaised = nextBelow(prng, 2) === 0;
      for (const member of [under, without]) setAlarm(member, AlarmType.NOSPACE, false);
      setAlarm(under, AlarmType.NOSPACE, isRaised);
      const result = { ...command(under) };
      if (result.kind === "refused" && result.refusal === "noSpace") continue;
      expect(command(without)).toMatchObject(result);
      if (isRaised && result.kind !== "refused") letThrough += 1;
    }
    setAlarm(under, AlarmType.NOSPACE, false);
    expect(under.machine.stateHash()).toBe(without.machine.stateHash());
    expect(letThrough).toBeGreaterThan(5);
  },
);
