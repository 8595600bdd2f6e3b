import { describe, expect, test } from "vitest";
import { Member } from "../testing.ts";
import { KeyValueHash } from "./hash.ts";

const refused = (refusal: string) => ({ kind: "refused", refusal });

// wire.md 3.4
describe("compact", () => {
  test("is refused at or below the last one, and in the future; the present revision is fine", () => {
    const member = new Member();
    member.put("a");
    member.put("a");
    expect(member.compact(4)).toMatchObject(refused("futureRevision"));
    expect(member.compact(3)).toMatchObject({ kind: "compact", revision: 3 });
    expect(member.compact(3)).toMatchObject(refused("compacted"));
    expect(member.compact(2)).toMatchObject(refused("compacted"));
  });

  test("at 0 it is accepted once, on a fresh store", () => {
    const member = new Member();
    expect(member.compact(-1)).toMatchObject(refused("compacted"));
    expect(member.compact(0)).toMatchObject({ kind: "compact" });
    expect(member.compact(0)).toMatchObject(refused("compacted"));
  });

  test("keeps of each key the newest revision not after it, and everything after", () => {
    const member = new Member();
    for (const value of ["1", "2", "3", "4"]) member.put("a", value);
    member.put("b", "5");
    member.compact(3);
    member.sweep();
    expect(member.machine.revisionCount).toBe(4);
    expect(member.pairs("a", "", { revision: 3 })).toEqual(["a=2"]);
    expect(member.pairs("a", "", { revision: 4 })).toEqual(["a=3"]);
    expect(member.kv("a")).toMatchObject({ createRevision: 2, version: 4 });
    expect(member.store.size).toBe(4 + 3);
  });

  // E6 #18089, #19179: a watch opened at the compact revision missed the delete made there.
  test("keeps a tombstone at the compact revision itself, and drops it with the next one", () => {
    const member = new Member();
    member.put("a", "1");
    member.delete("a");
    member.put("b", "2");
    member.compact(3);
    member.sweep();
    const stream = member.openStream();
    stream.create("a", "", { startRevision: 3 });
    stream.create("a", "z", { startRevision: 3 });
    expect(stream.story()).toEqual([
      "#0 @4 created",
      "#1 @4 created",
      "#0 @4 [3 -a]",
      "#1 @4 [3 -a] [4 b=2]",
    ]);
    member.compact(4);
    member.sweep();
    expect(member.machine.revisionCount).toBe(1);
    expect(member.pairs("a", "z", { revision: 4 })).toEqual(["b=2"]);
  });

  test("is swept in pieces no larger than asked for, also of one long history", () => {
    const member = new Member();
    for (let i = 0; i < 100; i += 1) member.put("hot", `${i}`);
    for (let i = 0; i < 50; i += 1) member.put(`k${i}`);
    member.compact(member.machine.revision);
    const stored = () => [...member.store.entries("k", "l")].length;
    let steps = 0;
    while (member.machine.needsCompaction) {
      const before = stored();
      member.machine.compactStep(10);
      expect(before - stored()).toBeLessThanOrEqual(10);
      steps += 1;
    }
    expect(steps).toBeGreaterThan(10);
    expect(stored()).toBe(51);
    expect(member.machine.compactStep(10)).toBe(false);
  });

  test("goes on after a crash, and no deleted key comes back on the way", () => {
    const member = new Member();
    for (let i = 0; i < 20; i += 1) member.put("gone", `${i}`);
    member.delete("gone");
    member.put("stays", "1");
    member.compact(member.machine.revision);
    const hash = member.machine.stateHash();
    // A restart begins the sweep anew: pieces large enough to get past what is left come to an end.
    for (let piece = 3; member.machine.needsCompaction; piece += 1) {
      expect(piece).toBeLessThan(40);
      member.machine.compactStep(piece);
      member.store.seal();
      member.restart();
      expect(member.pairs("gone")).toEqual([]);
      expect(member.machine.compactRevision).toBe(23);
      expect(member.machine.stateHash()).toBe(hash);
    }
    expect([...member.store.entries("k", "l")].length).toBe(1);
  });
});

describe("hash", () => {
  const hashOf = (member: Member, revision = 0) => {
    const hash = member.machine.hashKv(revision);
    if (!(hash instanceof KeyValueHash)) return hash;
    for (const [key, value] of member.store.entries("k", "l")) if (!hash.add(key, value)) break;
    return hash.digest();
  };

  test("is the same whether or not what compaction made void is gone, and differs by content", () => {
    const [swept, lazy, other] = [new Member(), new Member(), new Member()];
    for (const member of [swept, lazy, other]) {
      member.put("a", "1");
      member.put("a", member === other ? "x" : "2");
      member.put("b", "1");
      member.delete("b");
      member.put("c", "1");
      member.compact(5);
    }
    swept.sweep();
    expect(hashOf(swept)).toBe(hashOf(lazy));
    expect(hashOf(other)).not.toBe(hashOf(lazy));
  });

  test("at a revision is not changed by what comes later", () => {
    const member = new Member();
    member.put("a", "1");
    const before = hashOf(member);
    member.put("a", "2");
    expect(hashOf(member, 2)).toBe(before);
    expect(hashOf(member)).not.toBe(before);
    member.compact(3);
    expect(hashOf(member, 2)).toMatchObject(refused("compacted"));
    expect(hashOf(member, 4)).toMatchObject(refused("futureRevision"));
  });
});
