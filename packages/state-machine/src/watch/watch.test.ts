import { FilterType, WatchResponse } from "@conclave/wire";
import { describe, expect, test, vi } from "vitest";
import { Member } from "../testing.ts";
import { EventBatch } from "./event-codec.ts";
import { WATCHERS_PER_STREAM_MAX } from "./watch-stream.ts";

/** A member with one put at each of the revisions 2 to `last`, of keys k0 to k9 in turn. */
function withHistory(last: number): Member {
  const member = new Member();
  for (let revision = 2; revision <= last; revision += 1) {
    member.put(`k${revision % 10}`, `${revision}`);
  }
  return member;
}

/** Empties the memory of recent changes, so that history has to be looked up in the index. */
function forgetRecent(member: Member): Member {
  member.restart();
  return member;
}

// wire.md 4.1
describe("create", () => {
  test("is answered first, with the revision after which events come", () => {
    const member = withHistory(5);
    const stream = member.openStream();
    stream.create("k6");
    member.put("k6", "x");
    expect(stream.story()).toEqual(["#0 @5 created", "#0 @6 [6 k6=x]"]);
  });

  test("ids are the next not taken, from 0, or as the client wishes; ended ones do not come again", () => {
    const stream = new Member().openStream();
    stream.create("a");
    stream.create("a", "", { watchId: 2 });
    stream.create("a");
    stream.create("a");
    stream.stream.cancel(0);
    stream.create("a");
    const created = stream.take().filter((response) => response.created);
    expect(created.map((response) => response.watchId)).toEqual([0, 2, 1, 3, 4]);
  });

  test.each([
    {
      why: "an id twice",
      more: { watchId: 7 },
      end: "",
      reason: "mvcc: duplicate watch ID provided on the WatchStream",
    },
    { why: "an inverted range", more: {}, end: "A", reason: "mvcc: watcher range is empty" },
    { why: "an empty range", more: {}, end: "a", reason: "mvcc: watcher range is empty" },
    {
      why: "a negative revision",
      more: { startRevision: -1 },
      end: "",
      reason: "etcdserver: mvcc: required revision has been compacted",
    },
  ])("$why is created and canceled at once, with id -1", ({ more, end, reason }) => {
    const stream = new Member().openStream();
    stream.create("z", "", { watchId: 7 });
    stream.create("a", end, more);
    expect(stream.story()).toEqual(["#7 @1 created", `#-1 @1 created canceled (${reason})`]);
    expect(stream.stream.watcherCount).toBe(1);
  });

  test("an empty key is the smallest key: alone, or from there on", () => {
    const member = new Member();
    const stream = member.openStream();
    stream.create("", "");
    stream.create("", "\0");
    member.put("a", "1");
    expect(stream.story().at(-1)).toBe("#1 @2 [2 a=1]");
    expect(stream.stream.watcherCount).toBe(2);
  });

  test("a stream has a limit of watchers", () => {
    const member = new Member();
    const stream = member.openStream();
    for (let i = 0; i < WATCHERS_PER_STREAM_MAX; i += 1) stream.create("a");
    stream.received.length = 0;
    stream.create("a");
    expect(stream.story()).toEqual(["#-1 @1 created canceled (etcdserver: too many requests)"]);
    stream.stream.close();
    expect(member.machine.watchHub.watcherCount).toBe(0);
  });

  // E11 #20221: a watch on a future revision got older events and notices.
  test("a start in the future gets nothing older, not even progress", () => {
    const member = new Member();
    const stream = member.openStream();
    stream.create("a", "", { startRevision: 5, progressNotify: true });
    for (let i = 2; i <= 5; i += 1) {
      stream.stream.requestProgress();
      member.machine.watchHub.notifyProgress();
      member.put("a", `${i}`);
    }
    expect(stream.story()).toEqual(["#0 @1 created", "#-1 @4", "#0 @4", "#0 @5 [5 a=5]"]);
  });
});

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
      for (const member of [withHistory(20), forgetRecent(withHistory(20))]) {
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
    for (const member of [withHistory(3_500), forgetRecent(withHistory(3_500))]) {
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
    const member = forgetRecent(withHistory(60));
    const stream = member.openStream();
    stream.create("k", "l", { startRevision: 2 });
    expect(member.machine.watchHub.catchUp(3)).toBe(true);
    member.put("k0", "later");
    const revisions = stream.take().flatMap(({ events }) => events.map((e) => e.kv!.modRevision));
    expect(revisions).toEqual(Array.from({ length: 60 }, (_, i) => i + 2));
  });

  test("is found also when nobody has watched for so long that no change is kept", () => {
    const member = withHistory(17_000);
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
    const member = withHistory(20);
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

describe("what a watcher is sent", () => {
  test("all events of one revision come in one response, in the order of the transaction", () => {
    const member = new Member();
    const stream = member.openStream();
    stream.create("a", "z");
    member.put("b", "1");
    member.txn({
      success: [
        { requestPut: { key: Buffer.from("c"), value: Buffer.from("2") } },
        { requestDeleteRange: { key: Buffer.from("b") } },
        { requestPut: { key: Buffer.from("a"), value: Buffer.from("3") } },
      ],
    });
    expect(stream.story().at(-1)).toBe("#0 @3 [3 c=2] [3 -b] [3 a=3]");
  });

  test("revisions of one entry come in one response, whose header is at the last of them", () => {
    const member = new Member();
    const stream = member.openStream();
    stream.create("a", "c");
    stream.create("b");
    member.putTogether([
      ["a", "1"],
      ["b", "2"],
      ["c", "3"],
      ["a", "4"],
    ]);
    expect(stream.story().slice(2)).toEqual(["#0 @5 [2 a=1] [3 b=2] [5 a=4]", "#1 @3 [3 b=2]"]);
  });

  test("many large ones come in several responses, each of whole revisions and not much above 15 KiB", () => {
    const member = new Member();
    const stream = member.openStream();
    stream.create("a");
    const value = "x".repeat(4_000);
    member.putTogether(Array.from({ length: 8 }, () => ["a", value] as const));
    const responses = stream.take().slice(1);
    expect(responses.map(({ events }) => events.length)).toEqual([3, 3, 2]);
    expect(responses.map(({ header }) => header?.revision)).toEqual([4, 7, 9]);
    member.putTogether([["a", "x".repeat(40_000)]]);
    expect(stream.take()).toHaveLength(1);
  });

  test("a watch that begins in the middle of an entry's revisions gets nothing before", () => {
    const member = new Member();
    const stream = member.openStream();
    stream.create("a", "", { startRevision: 3 });
    stream.create("a");
    member.putTogether([
      ["a", "1"],
      ["a", "2"],
    ]);
    expect(stream.story().slice(2)).toEqual(["#1 @3 [2 a=1] [3 a=2]", "#0 @3 [3 a=2]"]);
  });

  test("a full stream's watcher that begins there begins there later, too", () => {
    const member = new Member();
    const stream = member.openStream(2);
    stream.create("a", "", { startRevision: 3 });
    stream.create("b");
    member.putTogether([
      ["a", "1"],
      ["a", "2"],
    ]);
    expect(stream.take()).toHaveLength(2);
    stream.drain();
    expect(stream.story()).toEqual(["#0 @3 [3 a=2]"]);
  });

  test("a stream that ends with an answer to the same entry takes no event from others of its range", () => {
    const member = new Member();
    const streams = [member.openStream(), member.openStream(), member.openStream()];
    for (const stream of streams) stream.create("a");
    let answered = 0;
    const pairs = [
      ["a", "1"],
      ["a", "2"],
    ] as const;
    member.putTogether(pairs, undefined, () => {
      streams[2 - answered]!.stream.close();
      answered += 1;
    });
    expect(streams.map((stream) => stream.story().slice(1))).toEqual([
      ["#0 @2 [2 a=1]", "#0 @3 [3 a=2]"],
      ["#0 @2 [2 a=1]"],
      [],
    ]);
  });

  test("a compaction in the same entry does not take the pair before", () => {
    const member = new Member();
    member.put("a", "0");
    const stream = member.openStream();
    stream.create("a", "", { prevKv: true });
    member.putTogether([["a", "1"]], 3);
    expect(stream.story().at(-1)).toBe("#0 @3 [3 a=1 was 0]");
  });

  test("filters leave out puts or deletes; a revision of which nothing is left sends nothing", () => {
    const member = new Member();
    const stream = member.openStream();
    stream.create("a", "", { filters: [FilterType.NOPUT] });
    stream.create("a", "", { filters: [FilterType.NODELETE] });
    stream.create("a", "", { filters: [FilterType.NODELETE, FilterType.NOPUT] });
    member.put("a", "1");
    member.delete("a");
    expect(stream.story().slice(3)).toEqual(["#1 @2 [2 a=1]", "#0 @3 [3 -a]"]);
  });

  test("fragments: split below the limit, all but the last marked, a single large event whole", () => {
    const member = new Member({ watch: { fragmentBytesMax: 100 } });
    const stream = member.openStream();
    stream.create("a", "z", { fragment: true });
    stream.create("a", "z");
    const value = Buffer.from("v".repeat(30));
    const put = (key: string) => ({ requestPut: { key: Buffer.from(key), value } });
    member.txn({ success: ["a", "b", "c"].map(put) });
    const [, , ...responses] = stream.take();
    const shape = responses.map(({ watchId, fragment, events }) => [
      watchId,
      fragment,
      events.length,
    ]);
    const ofFragments = shape.filter(([id]) => id === 0);
    expect(ofFragments.map(([, , count]) => count).reduce((a, b) => Number(a) + Number(b), 0)).toBe(
      3,
    );
    expect(ofFragments.map(([, fragment]) => fragment)).toEqual([
      ...Array.from({ length: ofFragments.length - 1 }, () => true),
      false,
    ]);
    expect(ofFragments.length).toBeGreaterThan(1);
    expect(shape.filter(([id]) => id === 1)).toEqual([[1, false, 3]]);
    for (const response of responses.filter(({ watchId }) => watchId === 0)) {
      expect(WatchResponse.encode(response).length).toBeLessThan(100);
    }
    member.put("a", "x".repeat(500));
    expect(stream.take().map(({ fragment, events }) => [fragment, events.length])).toEqual([
      [false, 1],
      [false, 1],
    ]);
  });

  test("headers carry what the member knows, also after its term changed", () => {
    let raftTerm = 3;
    const member = new Member({
      watch: { header: () => ({ clusterId: 2n ** 64n - 1n, memberId: 2n, raftTerm }) },
    });
    const stream = member.openStream();
    stream.create("a");
    member.put("a");
    raftTerm = 4;
    member.put("a");
    expect(
      stream.take().map(({ header }) => [header!.clusterId, header!.memberId, header!.raftTerm]),
    ).toEqual([
      [2n ** 64n - 1n, 2n, 3],
      [2n ** 64n - 1n, 2n, 3],
      [2n ** 64n - 1n, 2n, 4],
    ]);
  });

  test("a watch ends at the client's wish with an answer; an unknown id is met with silence", () => {
    const member = new Member();
    const stream = member.openStream();
    stream.create("a");
    stream.stream.cancel(0);
    stream.stream.cancel(0);
    stream.stream.cancel(77);
    member.put("a");
    expect(stream.story()).toEqual(["#0 @1 created", "#0 @1 canceled"]);
  });
});

describe("progress", () => {
  test("a request is answered with id -1 once all watchers of the stream are in step", () => {
    const member = withHistory(9);
    const stream = member.openStream();
    stream.create("k3", "", { startRevision: 2 });
    stream.create("k4");
    stream.stream.requestProgress();
    stream.stream.requestProgress();
    expect(stream.story().slice(2)).toEqual(["#0 @9 [3 k3=3]", "#-1 @9"]);
  });

  test("a stream without watchers gets none", () => {
    const stream = new Member().openStream();
    stream.stream.requestProgress();
    expect(stream.story()).toEqual([]);
  });

  // E9 #15220: progress overtook events that were still on their way.
  test("comes after the events that a full stream still owes", () => {
    const member = new Member();
    const stream = member.openStream(2);
    stream.create("a", "", { progressNotify: true });
    member.put("a", "1");
    member.put("a", "2");
    stream.stream.requestProgress();
    member.machine.watchHub.notifyProgress();
    expect(stream.story()).toEqual(["#0 @1 created", "#0 @2 [2 a=1]"]);
    stream.drain();
    expect(stream.story()).toEqual(["#0 @3 [3 a=2]", "#-1 @3"]);
  });

  test("is not told of a watcher that has not caught up, though its stream takes more", () => {
    const member = withHistory(4);
    const stream = member.openStream();
    stream.create("\0", "\0", { startRevision: 2, progressNotify: true });
    member.machine.watchHub.notifyProgress();
    const [created, next] = stream.story();
    expect(created).toBe("#0 @4 created");
    expect(next).toMatch(/^#0 @\d \[/);
  });

  test("periodic notices go to watchers that asked and had no event since the last one", () => {
    const member = new Member();
    const stream = member.openStream();
    stream.create("a", "", { progressNotify: true });
    stream.create("b");
    member.put("a", "1");
    const { watchHub } = member.machine;
    watchHub.notifyProgress();
    expect(stream.story().slice(2)).toEqual(["#0 @2 [2 a=1]"]);
    watchHub.notifyProgress();
    expect(stream.story()).toEqual(["#0 @2"]);
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
    const member = withHistory(9);
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
