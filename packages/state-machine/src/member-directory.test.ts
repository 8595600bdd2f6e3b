import { AlarmAction, AlarmRequest, AlarmType, Member as MemberMessage } from "@conclave/wire";
import { describe, expect, test } from "vitest";
import { CommandKind } from "./command.ts";
import type { MembershipCommand } from "./member-directory.ts";
import { Member } from "./testing.ts";

const founders = [
  { id: 1n, name: "one", peerUrls: ["http://one:2380"] },
  { id: 2n, name: "two", peerUrls: ["http://two:2380"] },
];

/** A state machine that computes the ids a change leaves, as consensus would say them. */
class Directory {
  readonly member = new Member({ founders });

  change(change: MembershipCommand["change"], id: bigint, fields = {}): void {
    const { machine, store, term } = this.member;
    const ids = new Set(machine.members().keys());
    if (change === "remove") ids.delete(id);
    else ids.add(id);
    const context = MemberMessage.encode({ ID: id, ...fields });
    const membership = { change, id, context, memberIds: [...ids] };
    const entry = { index: machine.appliedIndex + 1, term, data: new Uint8Array(0), membership };
    machine.apply(entry, { onResult: () => {} });
    store.seal();
  }

  publish(ID: bigint, name: string) {
    const body = MemberMessage.encode({ ID, name, clientURLs: [`http://${name}:2379`] });
    return this.member.execute(CommandKind.MEMBER_ATTRIBUTES, body);
  }

  get(id: bigint) {
    return this.member.machine.members().get(id);
  }
}

describe("the directory of members", () => {
  test("begins with those who formed the cluster, without a record", () => {
    const directory = new Directory();
    expect(directory.get(2n)).toEqual({
      name: "two",
      peerUrls: ["http://two:2380"],
      clientUrls: [],
      isLearner: false,
    });
    expect(directory.member.store.size).toBe(0);
  });

  test("knows an added member at its peer URLs, and its name once that member has told it", () => {
    const directory = new Directory();
    directory.change("add-learner", 3n, { peerURLs: ["http://three:2380"] });
    expect(directory.get(3n)).toMatchObject({ name: "", clientUrls: [], isLearner: false });
    expect(directory.publish(3n, "three").kind).toBe("member-attributes");
    expect(directory.get(3n)).toMatchObject({ name: "three", peerUrls: ["http://three:2380"] });
  });

  // etcd 3.6.12: MemberUpdate overwrote the whole record, and with it whether the member is a learner.
  test("an update of the peer URLs leaves a learner a learner, and its name its name (E24)", () => {
    const directory = new Directory();
    directory.change("add-learner", 3n, { peerURLs: ["http://three:2380"], isLearner: true });
    directory.publish(3n, "three");
    directory.change("update", 3n, { peerURLs: ["http://drei:2380"], name: "x", isLearner: false });
    expect(directory.get(3n)).toEqual({
      name: "three",
      peerUrls: ["http://drei:2380"],
      clientUrls: ["http://three:2379"],
      isLearner: true,
    });
    directory.change("promote", 3n);
    expect(directory.get(3n)).toMatchObject({ isLearner: false, name: "three" });
  });

  test("a removed member is nobody for ever: it cannot publish, raise alarms, or come back under its id (E23)", () => {
    const directory = new Directory();
    const { member } = directory;
    const raise = AlarmRequest.encode({
      action: AlarmAction.ACTIVATE,
      alarm: AlarmType.NOSPACE,
      memberID: 2n,
    });
    directory.publish(2n, "two");
    member.execute(CommandKind.ALARM, raise);
    directory.change("remove", 2n);
    expect(member.machine.alarms()).toEqual([]);
    member.execute(CommandKind.ALARM, raise);
    expect(member.machine.alarms()).toEqual([]);
    expect(directory.publish(2n, "two")).toMatchObject({
      kind: "refused",
      refusal: "memberNotFound",
    });
    expect([...member.machine.members().keys()]).toEqual([1n]);
    expect(() => directory.change("add-learner", 2n)).toThrow("not used again");
  });

  test("survives a restart, and is in digest and hash whatever led to it", () => {
    const directory = new Directory();
    const empty = directory.member.machine.digest;
    directory.change("add-learner", 3n, { peerURLs: ["http://three:2380"], isLearner: true });
    directory.change("update", 1n, { peerURLs: ["http://eins:2380"] });
    directory.change("remove", 2n);
    const { machine } = directory.member;
    const before = {
      members: [...machine.members()].sort(),
      digest: machine.digest,
      hash: machine.stateHash(),
    };
    expect(before.digest).not.toBe(empty);
    directory.member.restart();
    const after = directory.member.machine;
    expect([...after.members()].sort()).toEqual(before.members);
    expect([...after.removedMembers()]).toEqual([2n]);
    expect(after.digest).toBe(before.digest);
    expect(after.stateHash()).toBe(before.hash);
  });

  test("that does not have the members that consensus has is a bug, and said at once", () => {
    const { member } = new Directory();
    const membership = {
      change: "remove",
      id: 2n,
      context: new Uint8Array(0),
      memberIds: [1n, 2n],
    } as const;
    const entry = { index: 1, term: 1, data: new Uint8Array(0), membership };
    expect(() => member.machine.apply(entry, { onResult: () => {} })).toThrow("as many members");
  });
});
