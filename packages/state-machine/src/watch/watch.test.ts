import { FilterType, WatchResponse } from "@conclave/wire";
import { describe, expect, test } from "vitest";
import { Member, memberWithHistory } from "../testing.ts";
import { WATCHERS_PER_STREAM_MAX } from "./watch-stream.ts";

// wire.md 4.1
describe("create", () => {
  test("is answered first, with the revision after which events come", () => {
    const member = memberWithHistory(5);
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
    const member = memberWithHistory(9);
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
    const member = memberWithHistory(4);
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
