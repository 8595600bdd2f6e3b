import { FilterType } from "@conclave/wire";
import { describe, expect, test, vi } from "vitest";
import { Member, memberWithHistory } from "../testing.ts";
import { EventBatch } from "./event-codec.ts";

/** Empties the memory of recent changes, so that history has to be looked up in the index. */
function forgetRecent(member: Member): Member {
  member.restart();
  return member;
}

describe("the past", () => {
  test.each([
    { why: "one key", key: "k3", end: "", lines: ["#0 @20 [13 k3=13]"] },
    { why: "a range", key: "k2", end: "k4", lines: ["#0 @20 [12 k2=12] [13 k3=13]"] },
    {
      why: "everything after",
      key: "k8",
      end: "\0",
      lines: ["#0 @20 [8 k8=8] [9 k9=9] [18 k8=18] [19 k9=19]"],
    },
    { why: "nothing missed", key: "other", end: "", lines: [] },
  ])(
    "of $why comes in order, from recent changes and from the index alike",
    ({ key, end, lines }) => {
      for (const member of [memberWithHistory(20), forgetRecent(memberWithHistory(20))]) {
        const stream = member.openStream();
        stream.create(key, end, { startRevision: end === "\0" ? 5 : 10 });
        expect(stream.story()).toEqual(["#0 @20 created", ...lines]);
        member.put(key, "new");
        expect(stream.story()).toEqual([`#0 @21 [21 ${key}=new]`]);
      }
    },
  );

  // A client may resume after the header's revision: it must not be beyond what was sent.
  test("comes in pieces whose headers say how far each reaches", () => {
    for (const member of [memberWithHistory(3_500), forgetRecent(memberWithHistory(3_500))]) {
      const stream = member.openStream();
      stream.create("k", "l", { startRevision: 2 });
      stream.create("k5", "", { startRevision: 2 });
      const byId = new Map<number, number>();
      let pieces = 0;
      for (const { watchId, created, header, events } of stream.take()) {
        if (created) continue;
        const next = byId.get(watchId) ?? 2;
        const revisions = events.map((event) => event.kv!.modRevision);
        const last = header!.revision;
        const wanted = Array.from({ length: last - next + 1 }, (_, i) => next + i);
        expect(revisions).toEqual(watchId === 0 ? wanted : wanted.filter((r) => r % 10 === 5));
        expect(events.length).toBeLessThanOrEqual(1_000);
        byId.set(watchId, last + 1);
        pieces += 1;
      }
      expect(Object.fromEntries(byId)).toEqual({ 0: 3_501, 1: 3_501 });
      expect(pieces).toBe(5);
    }
  });

  test("of a long-lived hot key is read without walking through what came after", () => {
    const member = new Member();
    for (let i = 0; i < 3_000; i += 1) member.put("hot", `${i}`);
    const stream = member.openStream();
    stream.create("hot", "", { startRevision: 2 });
    const responses = stream.take().filter((response) => !response.created);
    expect(responses.map((response) => response.events.length)).toEqual([1_000, 1_000, 1_000]);
    expect(responses.map((response) => response.header!.revision)).toEqual([1_001, 2_001, 3_001]);
  });

  test("of more changes than a plan remembers is looked up in several passes, losing none", () => {
    const member = new Member();
    for (let i = 0; i < 40_000; i += 1) member.put(`k${i % 7}`, "");
    forgetRecent(member);
    const stream = member.openStream();
    stream.create("k", "l", { startRevision: 2 });
    const revisions = stream.take().flatMap(({ events }) => events.map((e) => e.kv!.modRevision));
    expect(revisions).toEqual(Array.from({ length: 40_000 }, (_, i) => i + 2));
  });

  test("is read in bounded steps, and new changes do not overtake it", () => {
    const member = forgetRecent(memberWithHistory(60));
    const stream = member.openStream();
    stream.create("k", "l", { startRevision: 2 });
    expect(member.machine.watchHub.catchUp(3)).toBe(true);
    member.put("k0", "later");
    const revisions = stream.take().flatMap(({ events }) => events.map((e) => e.kv!.modRevision));
    expect(revisions).toEqual(Array.from({ length: 60 }, (_, i) => i + 2));
  });

  test("is found also when nobody has watched for so long that no change is kept", () => {
    const member = memberWithHistory(17_000);
    const stream = member.openStream();
    stream.create("k0", "k2", { startRevision: 16_990 });
    stream.create("k0", "k2", { startRevision: 17_001 });
    member.put("k1", "new");
    expect(stream.story().slice(2)).toEqual([
      "#1 @17001 [17001 k1=new]",
      "#0 @17001 [16990 k0=16990] [16991 k1=16991] [17000 k0=17000] [17001 k1=new]",
    ]);
  });

  test("the caller is told once when there is something to catch up with", () => {
    let calls = 0;
    const member = new Member({ watch: { onCatchUpNeeded: () => (calls += 1) } });
    member.put("a", "1");
    const stream = member.openStream();
    stream.create("b", "", { startRevision: 2 });
    expect(calls).toBe(0);
    stream.create("a", "", { startRevision: 2 });
    stream.create("a", "", { startRevision: 2 });
    expect(calls).toBe(1);
    expect(member.machine.watchHub.needsCatchUp).toBe(true);
    stream.take();
    expect(member.machine.watchHub.needsCatchUp).toBe(false);
  });
});

describe("compaction", () => {
  test("a start below it is created, then canceled with the compact revision and header revision 0", () => {
    const member = memberWithHistory(20);
    member.compact(10);
    const stream = member.openStream();
    stream.create("other", "", { startRevision: 9 });
    stream.create("k0", "", { startRevision: 10 });
    expect(stream.story()).toEqual([
      "#0 @20 created",
      "#1 @20 created",
      "#0 @0 canceled compacted 10",
      "#1 @20 [10 k0=10] [20 k0=20]",
    ]);
    expect(stream.stream.watcherCount).toBe(1);
  });

  // E7 #17529: the cursor of a slow watcher moved although the notice was not delivered.
  test("a slow watcher that it overtakes is told once it can listen again", () => {
    const member = new Member();
    const stream = member.openStream(2);
    stream.create("a");
    for (const value of ["1", "2", "3"]) member.put("a", value);
    member.compact(4);
    expect(stream.story()).toEqual(["#0 @1 created", "#0 @2 [2 a=1]"]);
    stream.drain();
    expect(stream.story()).toEqual(["#0 @0 canceled compacted 4"]);
    member.put("a", "4");
    expect(stream.story()).toEqual([]);
  });

  // #10681: prev_kv goes missing silently.
  test("the pair before is missing where it took it, and never shown on a create", () => {
    const member = new Member();
    for (const value of ["1", "2", "3"]) member.put("a", value);
    member.compact(3);
    const stream = member.openStream();
    stream.create("a", "", { startRevision: 3, prevKv: true });
    expect(stream.story()).toEqual(["#0 @4 created", "#0 @4 [3 a=2] [4 a=3 was 2]"]);
    member.delete("a");
    member.put("a", "5");
    expect(stream.story()).toEqual(["#0 @5 [5 -a was 3]", "#0 @6 [6 a=5]"]);
  });
});

describe("a full stream", () => {
  test("keeps a cursor, not events, and is caught up at once when it drains", () => {
    const member = new Member();
    const slow = member.openStream(2);
    const quick = member.openStream();
    slow.create("a", "c");
    slow.create("a");
    quick.create("a");
    for (let i = 0; i < 100; i += 1) member.put("a", `${i}`);
    expect(quick.take()).toHaveLength(101);
    expect(slow.story()).toEqual(["#0 @1 created", "#1 @1 created"]);
    slow.drain();
    const caughtUp = slow.take();
    const lengths = caughtUp.map(({ watchId, events }) => [watchId, events.length]);
    expect(lengths.sort()).toEqual([
      [0, 100],
      [1, 100],
    ]);
  });

  test("a crowd that fell behind together is given the same bytes, and who wants something else its own", () => {
    const member = new Member();
    const crowd = Array.from({ length: 3 }, () => member.openStream(1));
    for (const stream of crowd) stream.create("a", "z");
    const others = [{ filters: [FilterType.NOPUT] }, { prevKv: true }, { startRevision: 4 }];
    const streams = others.map((more) => {
      const stream = member.openStream(1);
      stream.create("a", "z", more);
      return stream;
    });
    const wider = member.openStream(1);
    wider.create("a", "{");
    for (const value of ["1", "2"]) member.put("a", value);
    member.delete("a");
    member.put("b", "3");
    member.put("z", "4");
    const encodings = vi.spyOn(EventBatch.prototype, "bytes", "get");
    for (const stream of crowd) {
      stream.drain();
      expect(stream.story()).toEqual(["#0 @1 created", "#0 @6 [2 a=1] [3 a=2] [4 -a] [5 b=3]"]);
    }
    expect(new Set(encodings.mock.results.map(({ value }) => value)).size).toBe(1);
    encodings.mockRestore();
    const stories = [...streams, wider].map((stream) => {
      stream.drain();
      return stream.story()[1];
    });
    expect(stories).toEqual([
      "#0 @6 [4 -a]",
      "#0 @6 [2 a=1] [3 a=2 was 1] [4 -a was 2] [5 b=3]",
      "#0 @6 [4 -a] [5 b=3]",
      "#0 @6 [2 a=1] [3 a=2] [4 -a] [5 b=3] [6 z=4]",
    ]);
  });

  test("what a crowd was given is not kept for others if it is long", () => {
    const member = new Member();
    const crowd = Array.from({ length: 2 }, () => member.openStream(1));
    for (const stream of crowd) stream.create("a", "z");
    member.put("a", "x".repeat(100_000));
    const encodings = vi.spyOn(EventBatch.prototype, "bytes", "get");
    for (const stream of crowd) {
      stream.drain();
      expect(stream.take().map(({ events }) => events.length)).toEqual([0, 1]);
    }
    expect(new Set(encodings.mock.results.map(({ value }) => value)).size).toBe(2);
    encodings.mockRestore();
  });

  test("what a crowd was given is not all there is for who comes later", () => {
    const member = new Member();
    const [early, late] = [member.openStream(1), member.openStream(1)];
    for (const stream of [early, late]) stream.create("a", "z");
    member.put("a", "1");
    early.drain();
    expect(early.story()).toEqual(["#0 @1 created", "#0 @2 [2 a=1]"]);
    member.put("b", "2");
    late.drain();
    expect(late.story()).toEqual(["#0 @1 created", "#0 @3 [2 a=1] [3 b=2]"]);
  });

  test("closed, is forgotten with all it owes", () => {
    const member = memberWithHistory(9);
    const stream = member.openStream(1);
    stream.create("k3", "", { startRevision: 2 });
    stream.stream.close();
    stream.stream.onDrain();
    member.put("k3");
    expect(stream.story()).toEqual(["#0 @9 created"]);
    expect(member.machine.watchHub.streamCount).toBe(0);
  });
});

// E10 #15271, E11: watchers live through a snapshot that replaces the state of a member that fell behind.
describe("a snapshot", () => {
  test("watchers get exactly what they have not seen, and nothing twice", () => {
    const [ahead, behind] = [new Member(), new Member()];
    const streams = ["one", "range", "future"].map(() => behind.openStream());
    const [one, range, future] = streams as [
      (typeof streams)[0],
      (typeof streams)[0],
      (typeof streams)[0],
    ];
    one.create("a");
    range.create("a", "z");
    future.create("a", "z", { startRevision: 6 });
    for (const member of [ahead, behind]) member.put("a", "1");
    for (const key of ["b", "a", "c", "a"]) ahead.put(key, "2");
    behind.machine.reset();
    behind.store.clear();
    for (const [key, value] of ahead.store.entries()) behind.store.put(key, value);
    behind.load();
    expect(one.story()).toEqual(["#0 @1 created", "#0 @2 [2 a=1]", "#0 @6 [4 a=2] [6 a=2]"]);
    const all = "#0 @6 [3 b=2] [4 a=2] [5 c=2] [6 a=2]";
    expect(range.story()).toEqual(["#0 @1 created", "#0 @2 [2 a=1]", all]);
    expect(future.story()).toEqual(["#0 @1 created", "#0 @6 [6 a=2]"]);
    behind.put("a", "3");
    expect(range.story()).toEqual(["#0 @7 [7 a=3]"]);
  });

  test("that compacted what a watcher has not seen ends the watch", () => {
    const [ahead, behind] = [new Member(), new Member()];
    const stream = behind.openStream();
    stream.create("a");
    for (let i = 0; i < 5; i += 1) ahead.put("a", `${i}`);
    ahead.compact(4);
    ahead.sweep();
    behind.machine.reset();
    behind.store.clear();
    for (const [key, value] of ahead.store.entries()) behind.store.put(key, value);
    behind.load();
    expect(stream.story()).toEqual(["#0 @1 created", "#0 @0 canceled compacted 4"]);
  });

  // Loading a snapshot takes many turns of the event loop, and clients do not wait.
  test("while it is being loaded nobody is caught up, and who comes begins at the revision before", () => {
    const [ahead, behind] = [new Member(), new Member()];
    const stream = behind.openStream();
    stream.create("a", "z");
    for (const member of [ahead, behind]) member.put("a", "1");
    for (const key of ["b", "a"]) ahead.put(key, "2");
    behind.machine.reset();
    expect(stream.story()).toEqual(["#0 @1 created", "#0 @2 [2 a=1]"]);
    stream.create("a", "", {});
    stream.create("b", "", { startRevision: 3 });
    stream.create("a", "", { startRevision: 4 });
    expect(stream.story()).toEqual(["#1 @2 created", "#2 @2 created", "#3 @2 created"]);
    behind.store.clear();
    for (const [key, value] of ahead.store.entries()) behind.store.put(key, value);
    behind.load();
    expect(stream.story()).toEqual([
      "#0 @4 [3 b=2] [4 a=2]",
      "#1 @4 [4 a=2]",
      "#2 @4 [3 b=2]",
      "#3 @4 [4 a=2]",
    ]);
  });

  test("the revision does not go back while it is being loaded", () => {
    const member = new Member();
    member.put("a");
    member.machine.reset();
    expect(member.machine.revision).toBe(2);
  });
});
