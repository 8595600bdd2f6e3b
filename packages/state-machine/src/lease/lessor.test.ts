import { AlarmAction, AlarmRequest, AlarmType, Member as MemberMessage } from "@conclave/wire";
import { describe, expect, test } from "vitest";
import { WHOLE_CLUSTER } from "../alarms.ts";
import { CommandKind } from "../command.ts";
import { Member, text } from "../testing.ts";
import { LEASE_TTL_SECONDS_MAX } from "./lessor.ts";

const refused = (refusal: string) => ({ kind: "refused", refusal });
const keysOf = (member: Member, id: bigint) => member.machine.lease(id)?.keys().map(text);

// wire.md 5
describe("grant", () => {
  test("takes any id but 0, once, and raises a TTL that is too short", () => {
    const member = new Member({ leaseTtlSecondsMin: 2 });
    expect(member.grant(-5n, 10)).toMatchObject({ kind: "lease-grant", id: -5n, ttlSeconds: 10 });
    expect(member.grant(-5n, 10)).toMatchObject(refused("leaseExists"));
    expect(member.grant(6n, 0)).toMatchObject({ ttlSeconds: 2 });
    expect(member.grant(7n, -1)).toMatchObject({ ttlSeconds: 2 });
    expect(member.grant(8n, LEASE_TTL_SECONDS_MAX)).toMatchObject({ kind: "lease-grant" });
    expect(member.grant(9n, LEASE_TTL_SECONDS_MAX + 1)).toMatchObject(refused("leaseTtlTooLarge"));
    expect(member.grant(0n, 10)).toMatchObject(refused("leaseNotFound"));
    expect(member.machine.leaseIds()).toEqual([-5n, 6n, 7n, 8n]);
    expect(member.machine.revision).toBe(1);
  });

  test("survives a restart with its keys, whatever their history", () => {
    const member = new Member();
    member.grant(-5n, 10);
    member.grant(6n, 20);
    member.put("a", "", { lease: -5n });
    member.put("b", "", { lease: -5n });
    member.put("a", "", { lease: 6n });
    member.put("c", "", { lease: 6n });
    member.delete("c");
    member.restart();
    expect(member.machine.lease(-5n)!.ttlSeconds).toBe(10);
    expect(keysOf(member, -5n)).toEqual(["b"]);
    expect(keysOf(member, 6n)).toEqual(["a"]);
  });
});

describe("attachment", () => {
  test("a put without lease detaches; a put with another lease moves; a delete detaches", () => {
    const member = new Member();
    member.grant(1n);
    member.grant(2n);
    member.put("a", "", { lease: 1n });
    expect(keysOf(member, 1n)).toEqual(["a"]);
    member.put("a", "", { lease: 2n });
    expect([keysOf(member, 1n), keysOf(member, 2n)]).toEqual([[], ["a"]]);
    member.put("a");
    expect(keysOf(member, 2n)).toEqual([]);
    member.put("a", "", { lease: 2n });
    member.delete("a");
    expect(keysOf(member, 2n)).toEqual([]);
  });

  test("a put on a lease that is not there writes nothing", () => {
    const member = new Member();
    expect(member.put("a", "", { lease: 1n })).toMatchObject(refused("leaseNotFound"));
    expect(member.machine.revision).toBe(1);
  });
});

describe("revoke", () => {
  // L3: lease and keys go in one step, in byte order, at one revision.
  test("deletes its keys in byte order at one revision, and watchers see deletes", () => {
    const member = new Member();
    member.grant(1n);
    for (const key of ["b", "a", "c\xff"]) member.put(key, "", { lease: 1n });
    const stream = member.openStream();
    stream.create("\0", "\0");
    expect(member.revoke(1n)).toMatchObject({ kind: "lease-revoke", revision: 5 });
    expect(stream.story()).toEqual(["#0 @4 created", "#0 @5 [5 -a] [5 -b] [5 -c\xff]"]);
    expect(member.revoke(1n)).toMatchObject(refused("leaseNotFound"));
    member.restart();
    expect(member.machine.lease(1n)).toBeNull();
  });

  test("of a lease without keys adds no revision", () => {
    const member = new Member();
    member.grant(1n);
    expect(member.revoke(1n)).toMatchObject({ kind: "lease-revoke", revision: 1 });
  });
});

describe("expire", () => {
  // E18 #12528, L6: a deposed leader revoked leases that its successor had renewed.
  test("is void in another term than that of the leader who proposed it", () => {
    const member = new Member();
    member.grant(1n);
    member.put("a", "", { lease: 1n });
    member.term = 4;
    expect(member.expire(3, 1n)).toMatchObject({ kind: "lease-expire", revision: 2, expired: [] });
    expect(member.pairs("a")).toEqual(["a="]);
    expect(member.expire(4, 1n)).toMatchObject({ revision: 3, expired: [1n] });
    expect(member.pairs("a")).toEqual([]);
  });

  test("ends each lease at a revision of its own, and passes over those that are gone", () => {
    const member = new Member();
    for (const id of [1n, 2n, 3n]) member.grant(id);
    member.put("a", "", { lease: 1n });
    member.put("c", "", { lease: 3n });
    const result = member.expire(1, 9n, 3n, 2n, 3n, 1n);
    expect(result).toMatchObject({ revision: 5, expired: [3n, 2n, 1n] });
    expect(member.machine.leaseCount).toBe(0);
  });
});

describe("alarms", () => {
  const alarm = (member: Member, action: AlarmAction, type: AlarmType, memberID = 1n) =>
    member.execute(CommandKind.ALARM, AlarmRequest.encode({ action, alarm: type, memberID }));
  const { ACTIVATE, DEACTIVATE } = AlarmAction;
  const { NONE, NOSPACE, CORRUPT } = AlarmType;

  test("are raised and taken back by name and member, and survive a restart", () => {
    const member = new Member();
    const raised = [{ memberID: 2n ** 63n, alarm: NOSPACE }];
    expect(alarm(member, ACTIVATE, NOSPACE, 2n ** 63n)).toMatchObject({ alarms: raised });
    alarm(member, ACTIVATE, CORRUPT, 3n);
    member.restart();
    expect(member.machine.alarms()).toHaveLength(2);
    expect(member.machine.alarms(NOSPACE)).toEqual(raised);
    expect(alarm(member, DEACTIVATE, NOSPACE, 5n)).toMatchObject({ alarms: [] });
    expect(alarm(member, DEACTIVATE, NOSPACE, 2n ** 63n)).toMatchObject({ alarms: raised });
    expect(member.machine.isAlarmActive(NOSPACE)).toBe(false);
    expect(alarm(member, ACTIVATE, NONE)).toMatchObject({ alarms: [] });
  });

  test("NOSPACE stops what takes space; deletes, compaction and transactions without put pass", () => {
    const member = new Member();
    member.put("a");
    alarm(member, ACTIVATE, NOSPACE);
    const putOp = { requestPut: { key: Buffer.from("b") } };
    expect(member.put("a")).toMatchObject(refused("noSpace"));
    expect(member.grant(1n)).toMatchObject(refused("noSpace"));
    expect(member.txn({ failure: [putOp] })).toMatchObject(refused("noSpace"));
    const nested = { success: [{ requestTxn: { success: [putOp] } }] };
    expect(member.txn(nested)).toMatchObject(refused("noSpace"));
    expect(member.txn({})).toMatchObject({ kind: "txn" });
    expect(member.delete("a")).toMatchObject({ deleted: 1 });
    expect(member.compact(3)).toMatchObject({ kind: "compact" });
    alarm(member, DEACTIVATE, NOSPACE);
    expect(member.put("a")).toMatchObject({ kind: "put" });
  });

  test("CORRUPT for the whole cluster stops every change of keys and leases", () => {
    const member = new Member();
    member.put("a");
    alarm(member, ACTIVATE, CORRUPT, WHOLE_CLUSTER);
    const results = [member.put("a"), member.delete("a"), member.txn({}), member.compact(1)];
    for (const result of [...results, member.grant(1n), member.revoke(1n)]) {
      expect(result).toMatchObject(refused("corrupt"));
    }
  });

  test("CORRUPT for one member stops nothing in the log: that member stands back, the others go on", () => {
    const member = new Member();
    alarm(member, ACTIVATE, CORRUPT, 2n);
    expect(member.machine.isAlarmRaisedFor(CORRUPT, 2n)).toBe(true);
    expect(member.machine.isAlarmRaisedFor(CORRUPT, WHOLE_CLUSTER)).toBe(false);
    expect(member.put("a")).toMatchObject({ kind: "put" });
  });
});

test("what a member publishes about itself replaces what it published before, and survives a restart", () => {
  const id = 2n ** 63n + 1n;
  const founder = { id, name: "one", peerUrls: ["http://one:2380"] };
  const member = new Member({ founders: [founder] });
  const publish = (name: string) =>
    member.execute(
      CommandKind.MEMBER_ATTRIBUTES,
      MemberMessage.encode({ ID: id, name, clientURLs: [`http://${name}:2379`] }),
    );
  publish("one");
  publish("two");
  member.restart();
  expect([...member.machine.members()]).toEqual([
    [
      id,
      {
        name: "two",
        clientUrls: ["http://two:2379"],
        peerUrls: ["http://one:2380"],
        isLearner: false,
      },
    ],
  ]);
});
