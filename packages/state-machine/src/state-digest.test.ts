import { nextBelow, nextChance, type Prng, seededPrng } from "@conclave/base";
import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import { AlarmAction, AlarmRequest, AlarmType, Member as MemberMessage } from "@conclave/wire";
import { describe, expect, test } from "vitest";
import { CommandKind } from "./command.ts";
import { CHECKPOINT_ENTRIES } from "./state-checkpoints.ts";
import { hashOfBytes } from "./state-digest.ts";
import { Member } from "./testing.ts";

/** The same command for every member, drawn once. */
function drawCommand(prng: Prng): (member: Member) => void {
  const key = `k${nextBelow(prng, 8)}`;
  const lease = BigInt(nextBelow(prng, 4) + 1);
  const id = BigInt(nextBelow(prng, 3) + 1);
  const value = `v${prng.nextUint32()}`;
  const revision = nextBelow(prng, 200);
  const draws: ((member: Member) => void)[] = [
    (member) => member.put(key, value),
    (member) => member.put(key, value, { lease }),
    (member) => member.delete(key, nextKey(key)),
    (member) => member.delete("k2", "k6"),
    (member) => member.compact(revision),
    (member) => member.grant(lease, 5 + Number(id)),
    (member) => member.revoke(lease),
    (member) => member.execute(CommandKind.MEMBER_ATTRIBUTES, publication(id, value)),
    (member) => member.execute(CommandKind.ALARM, alarm(id, revision % 2 === 0)),
  ];
  return draws[nextBelow(prng, draws.length)]!;
}

const founders = [1n, 2n, 3n].map((id) => ({ id, name: "", peerUrls: [] }));
const joined = () => new Member({ founders });
const nextKey = (key: string): string => `${key}\0`;
const publication = (ID: bigint, name: string) => MemberMessage.encode({ ID, name });
const alarm = (memberID: bigint, isRaised: boolean) =>
  AlarmRequest.encode({
    action: isRaised ? AlarmAction.ACTIVATE : AlarmAction.DEACTIVATE,
    alarm: AlarmType.CORRUPT,
    memberID,
  });

describe("the digest of a state", () => {
  test.each(testSeeds(1, 20))(
    "is the same wherever the same entries were applied, whatever sweeps, restarts and snapshots did between (seed %i)",
    (seed) => {
      printReplayOnFailure(seed);
      const prng = seededPrng(seed);
      const members = [joined(), joined(), joined()] as const;
      for (let round = 0; round < 300; round += 1) {
        const command = drawCommand(prng);
        for (const member of members) command(member);
        if (nextChance(prng, 0.2)) members[1].sweep(nextBelow(prng, 4) + 1);
        if (nextChance(prng, 0.05)) members[1].restart();
        if (nextChance(prng, 0.05)) {
          members[2].machine.reset();
          members[2].load();
        }
        const digests = members.map(({ machine }) => machine.digest).filter((one) => one !== null);
        expect(new Set(digests).size).toBeLessThan(2);
      }
      for (const member of members) member.sweep();
      const [first, second, third] = members.map(({ machine }) => machine.digest);
      expect(first).not.toBeNull();
      expect([second, third]).toEqual([first, first]);
    },
  );

  test.each(testSeeds(1, 5))(
    "differs after any stored record was changed, lost or invented (seed %i)",
    (seed) => {
      printReplayOnFailure(seed);
      const prng = seededPrng(seed);
      const member = new Member();
      for (let round = 0; round < 60; round += 1) drawCommand(prng)(member);
      member.sweep();
      const sound = member.machine.digest;
      const records = [...member.store.entries()].filter(([key]) => !key.startsWith("a"));
      for (const [key, value] of records) {
        member.store.delete(key);
        member.store.seal();
        member.restart();
        expect(member.machine.digest).not.toBe(sound);
        const damaged = Uint8Array.from(value);
        const at = damaged.lastIndexOf("v".charCodeAt(0));
        if (at !== -1) {
          damaged[at]! ^= 1;
          member.store.put(key, damaged);
          member.store.seal();
          member.restart();
          expect(member.machine.digest).not.toBe(sound);
        }
        member.store.put(key, value);
        member.store.seal();
        member.restart();
        expect(member.machine.digest).toBe(sound);
      }
    },
  );

  test("is not there while a compaction is being swept, nor while a state is loaded", () => {
    const member = new Member();
    member.put("a", "1");
    member.put("a", "2");
    member.compact(3);
    expect(member.machine.digest).toBeNull();
    member.sweep();
    expect(member.machine.digest).not.toBeNull();
    member.machine.reset();
    expect(member.machine.digest).toBeNull();
    expect(member.machine.checkpoints()).toEqual([]);
  });

  test("counts what no record holds: two stores with the same pairs differ in their revisions", () => {
    const [behind, ahead] = [new Member(), new Member()];
    for (const member of [behind, ahead]) member.put("a", "1");
    ahead.put("b");
    ahead.delete("b");
    ahead.compact(4);
    ahead.sweep();
    behind.compact(2);
    expect(ahead.machine.digest).not.toBe(behind.machine.digest);
  });

  test("is kept for indexes that members have in common, and is the newest at the present one", () => {
    const member = new Member();
    for (let count = 0; count < 3 * CHECKPOINT_ENTRIES - 1; count += 1) member.put("a", `${count}`);
    expect(member.machine.checkpoints().map(({ index }) => index)).toEqual([
      CHECKPOINT_ENTRIES,
      2 * CHECKPOINT_ENTRIES,
      3 * CHECKPOINT_ENTRIES - 1,
    ]);
    for (let count = 0; count < 100 * CHECKPOINT_ENTRIES; count += 1) member.put("a");
    expect(member.machine.checkpoints()).toHaveLength(65);
  });
});

test("the hash of bytes depends on every bit of them, on their length and on the seed", () => {
  const bytes = Buffer.from("a value of some length");
  const seen = new Set([hashOfBytes(bytes, 0), hashOfBytes(bytes, 1)]);
  for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
    const changed = Buffer.from(bytes);
    changed[bit >>> 3]! ^= 1 << (bit & 7);
    seen.add(hashOfBytes(changed, 0));
  }
  for (let length = 0; length < bytes.length; length += 1) {
    seen.add(hashOfBytes(bytes.subarray(0, length), 0));
  }
  expect(seen.size).toBe(2 + 9 * bytes.length);
});

test("a record that the store gives back changed is never served", () => {
  const member = new Member({ valueCacheBytesMax: 0 });
  member.put("a", "true");
  const [key, pair] = [...member.store.entries("k")][0]!;
  member.store.put(
    key,
    Buffer.from(Buffer.from(pair).toString("latin1").replace("true", "lies"), "latin1"),
  );
  expect(() => member.kv("a")).toThrow("the disk is rotting");
});
