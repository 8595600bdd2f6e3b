import { seededPrng, VirtualClock } from "@conclave/base";
import { Status } from "@conclave/rpc";
import {
  EventType,
  KV,
  type WatchCreateRequest,
  type WatchResponseInit,
  Watch as WatchService,
} from "@conclave/wire";
import { expect, test } from "vitest";
import { bytesFrom, Namespace } from "../kv/keys.ts";
import { ScriptedCaller, settle } from "../testing/scripted-caller.ts";
import { Transport } from "../transport/transport.ts";
import { Watch, type WatchOptions } from "./watch.ts";
import { WatchHub } from "./watch-hub.ts";

/** A client's watching half, with the test in the place of the server. */
class Rig {
  readonly clock = new VirtualClock();
  readonly caller = new ScriptedCaller();
  readonly hub: WatchHub;

  constructor() {
    const retry = { retriesMax: 0, delayMinMs: 1, delayMaxMs: 1 };
    const runtime = { clock: this.clock, prng: seededPrng(1) };
    const transport = new Transport(this.caller, runtime, { timeoutMs: 5_000, retry });
    this.hub = new WatchHub(transport, runtime, async () => {
      const response = await transport.call(KV.Range, { key: Uint8Array.of(0) }, "read");
      return response.header?.revision ?? 0;
    });
  }

  watch(options: WatchOptions = {}): Watch {
    return new Watch(this.hub, new Namespace(""), "a", options);
  }

  /** What the client asked the current stream to create. */
  created(): WatchCreateRequest[] {
    const requests = this.caller.lastStream.takeSent(WatchService.Watch);
    return requests.flatMap(({ createRequest }) => createRequest ?? []);
  }

  push(response: WatchResponseInit): void {
    this.caller.lastStream.push(WatchService.Watch, response);
  }

  /** Answers the one create request that is waiting, and returns it. */
  answerCreate(storeRevision: number): WatchCreateRequest {
    const [request, ...others] = this.created();
    expect(others).toEqual([]);
    this.push({ created: true, watchId: request!.watchId, header: { revision: storeRevision } });
    return request!;
  }

  events(watchId: number, storeRevision: number, ...revisions: number[]): void {
    const events = revisions.map((modRevision) => ({
      type: EventType.PUT,
      kv: { key: bytesFrom("a"), value: bytesFrom(`v${modRevision}`), modRevision },
    }));
    this.push({ watchId, events, header: { revision: storeRevision } });
  }

  /** Breaks the stream and lets the client open the next. */
  breakStream(): void {
    this.caller.lastStream.end(Status.UNAVAILABLE, "connection lost");
    this.clock.advance(5_000);
  }
}

async function take(watch: Watch, count: number): Promise<number[]> {
  const revisions: number[] = [];
  while (revisions.length < count) {
    const { value } = await watch.next();
    revisions.push(value!.revision);
  }
  return revisions;
}

test("a watch from now that breaks after it was created goes on at the created revision + 1", async () => {
  const rig = new Rig();
  const watch = rig.watch();
  expect(rig.answerCreate(41).startRevision).toBe(0);
  expect(await watch.started()).toBe(41);
  rig.breakStream();
  expect(rig.created()[0]?.startRevision).toBe(42);
});

// Failure mode 9.
test("a watch from the past that breaks before its first event goes on at its start", async () => {
  const rig = new Rig();
  rig.watch({ from: 5 });
  rig.answerCreate(9_000);
  rig.breakStream();
  expect(rig.created()[0]?.startRevision).toBe(5);
});

// Failure mode 9: the header of a catch-up batch is the store's revision.
test("a watch that breaks between catch-up batches goes on after the last event it got", async () => {
  const rig = new Rig();
  const watch = rig.watch({ from: 5 });
  const { watchId } = rig.answerCreate(9_000);
  rig.events(watchId, 9_000, 5, 6, 7);
  rig.breakStream();
  const again = rig.answerCreate(9_001);
  expect(again.startRevision).toBe(8);
  rig.events(again.watchId, 9_001, 7, 8);
  expect(await take(watch, 4)).toEqual([5, 6, 7, 8]);
});

test("the stream is opened again elsewhere than where it broke", () => {
  const rig = new Rig();
  rig.watch();
  const { endpoint } = rig.caller.lastStream;
  rig.breakStream();
  expect(rig.caller.lastStream.options.avoidEndpoint).toBe(endpoint);
});

// Failure mode 12: a partitioned member must not keep a silent stream open.
test("the stream requires a leader", () => {
  const rig = new Rig();
  rig.watch();
  expect(rig.caller.lastStream.options.metadata).toEqual({ hasleader: "true" });
});

test("all watches of a client share one stream, and get their own events", async () => {
  const rig = new Rig();
  const [one, two] = [rig.watch(), rig.watch()];
  const ids = rig.created().map(({ watchId }) => watchId);
  for (const watchId of ids) rig.push({ created: true, watchId, header: { revision: 1 } });
  rig.events(ids[1]!, 2, 2);
  rig.events(ids[0]!, 3, 3);
  expect(await take(one, 1)).toEqual([3]);
  expect(await take(two, 1)).toEqual([2]);
  expect(rig.caller.streams).toHaveLength(1);
});

test("an event that was under way when its watch ended reaches nobody", async () => {
  const rig = new Rig();
  const first = rig.watch();
  const { watchId } = rig.answerCreate(1);
  await first.return();
  const second = rig.watch();
  const next = rig.answerCreate(1);
  expect(next.watchId).not.toBe(watchId);
  rig.events(watchId, 2, 2);
  rig.events(next.watchId, 3, 3);
  expect(await take(second, 1)).toEqual([3]);
});

test("`next` of an event repeats a revision until its last event", async () => {
  const rig = new Rig();
  const watch = rig.watch();
  const { watchId } = rig.answerCreate(1);
  rig.events(watchId, 2, 2, 2);
  const first = (await watch.next()).value;
  const second = (await watch.next()).value;
  expect([first?.next, second?.next]).toEqual([2, 3]);
});

// Failure mode 11: compaction must not end a watch quietly.
test("a compacted start ends the watch with COMPACTED and the revision from which to go on", async () => {
  const rig = new Rig();
  const watch = rig.watch({ from: 5 });
  const { watchId } = rig.answerCreate(100);
  rig.push({ watchId, canceled: true, compactRevision: 50, header: { revision: 0 } });
  await expect(watch.next()).rejects.toMatchObject({ code: "COMPACTED", compactRevision: 50 });
  expect(await watch.next()).toEqual({ done: true, value: undefined });
});

test("a quiet watch follows its own progress messages, so that it does not resume at a compacted revision", () => {
  const rig = new Rig();
  rig.watch();
  const { watchId } = rig.answerCreate(10);
  rig.push({ watchId, header: { revision: 500 } });
  rig.breakStream();
  expect(rig.created()[0]?.startRevision).toBe(501);
});

// etcd#15220: the answer to a manual progress request can overtake events.
test("a progress message that is addressed to no watch moves no cursor", () => {
  const rig = new Rig();
  rig.watch();
  rig.answerCreate(10);
  rig.push({ watchId: -1, header: { revision: 500 } });
  rig.breakStream();
  expect(rig.created()[0]?.startRevision).toBe(11);
});

// Failure mode 13; npm etcd3 issue 31: a watch from the future waits for ever.
test("a store that went back in time ends the watch with REVISION_REGRESSED", async () => {
  const rig = new Rig();
  const watch = rig.watch({ from: 1_000 });
  rig.answerCreate(3);
  rig.caller.takeUnary().reply(KV.Range, { header: { revision: 3 } });
  await expect(watch.next()).rejects.toMatchObject({ code: "REVISION_REGRESSED" });
});

test("while nobody can say how far the store is, a watch that may wait in vain goes on asking", async () => {
  const rig = new Rig();
  const watch = rig.watch({ from: 100 });
  const next = watch.next();
  const failed = expect(next).rejects.toMatchObject({ code: "REVISION_REGRESSED" });
  rig.answerCreate(7);
  await settle();
  rig.caller.takeUnary().fail(Status.UNAVAILABLE, "no leader");
  await settle();
  rig.clock.advance(5_000);
  await settle();
  rig.caller.takeUnary().reply(KV.Range, { header: { revision: 7 } });
  await failed;
});

test("a member that merely lags behind is waited for", async () => {
  const rig = new Rig();
  const watch = rig.watch({ from: 1_000 });
  const { watchId } = rig.answerCreate(990);
  rig.caller.takeUnary().reply(KV.Range, { header: { revision: 1_005 } });
  await settle();
  rig.events(watchId, 1_000, 1_000);
  expect(await take(watch, 1)).toEqual([1_000]);
});

test("a refused watch fails with the server's reason, and the others go on", async () => {
  const rig = new Rig();
  const [refused, other] = [rig.watch(), rig.watch()];
  const [, second] = rig.created();
  const cancelReason = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
  rig.push({ created: true, canceled: true, watchId: -1, cancelReason });
  rig.push({ created: true, watchId: second!.watchId, header: { revision: 1 } });
  rig.events(second!.watchId, 2, 2);
  await expect(refused.next()).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  expect(await take(other, 1)).toEqual([2]);
});

const TOKEN_REFUSED = "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token";

// Failure mode 23: the stream's token may end before a busy server gives the next.
test.each([TOKEN_REFUSED, "etcdserver: invalid auth token"])(
  "watches refused with %j go on over a stream that is opened after a call got a token",
  async (cancelReason) => {
    const rig = new Rig();
    const watches = [rig.watch({ from: 5 }), rig.watch({ from: 5 })];
    rig.created();
    for (const _ of watches) rig.push({ created: true, canceled: true, watchId: -1, cancelReason });
    rig.caller.takeUnary().reply(KV.Range, { header: { revision: 9 } });
    await settle();
    rig.clock.advance(5_000);
    expect(rig.caller.streams).toHaveLength(2);
    for (const { watchId } of rig.created()) {
      rig.push({ created: true, watchId, header: { revision: 9 } });
      rig.events(watchId, 9, 5);
    }
    for (const watch of watches) expect(await take(watch, 1)).toEqual([5]);
  },
);

test("a watch whose token is refused on stream after stream fails with UNAUTHENTICATED", async () => {
  const rig = new Rig();
  const watch = rig.watch();
  for (let streams = 1; streams <= 3; streams += 1) {
    expect(rig.caller.streams).toHaveLength(streams);
    rig.created();
    rig.push({ created: true, canceled: true, watchId: -1, cancelReason: TOKEN_REFUSED });
    if (streams < 3) rig.caller.takeUnary().fail(Status.UNAUTHENTICATED, "no");
    await settle();
    rig.clock.advance(5_000);
  }
  await expect(watch.next()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
});

test("a stream error that another stream would meet too ends the watches", async () => {
  const rig = new Rig();
  const watch = rig.watch();
  rig.caller.lastStream.end(Status.UNAUTHENTICATED, "etcdserver: invalid auth token");
  await expect(watch.next()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
});

test.each([
  { what: "out of order", from: 1, revisions: [5, 4] },
  { what: "without a key", from: 1, revisions: [0] },
  { what: "before the watch was created", from: undefined, revisions: [5] },
])(
  "events $what end the watch with PROTOCOL, and do not throw into the connection",
  async (row) => {
    const rig = new Rig();
    const watch = rig.watch(row.from === undefined ? {} : { from: row.from });
    const [create] = rig.created();
    rig.events(create!.watchId, 9, ...row.revisions);
    await expect(watch.next()).rejects.toMatchObject({ code: "PROTOCOL" });
  },
);

test("a slow reader's watch is taken off the stream when its buffer is full, and loses nothing", async () => {
  const rig = new Rig();
  const watch = rig.watch({ from: 1, bufferedEventsMax: 4 });
  const { watchId } = rig.answerCreate(1);
  rig.events(watchId, 4, 1, 2, 3, 4);
  const [cancel] = rig.caller.lastStream.takeSent(WatchService.Watch);
  expect(cancel?.cancelRequest?.watchId).toBe(watchId);
  rig.events(watchId, 5, 5); // Was under way: dropped here, and sent again later.
  expect(await take(watch, 2)).toEqual([1, 2]);
  const again = rig.answerCreate(9);
  expect(again.startRevision).toBe(5);
  rig.events(again.watchId, 9, 5, 6);
  expect(await take(watch, 4)).toEqual([3, 4, 5, 6]);
});

test("aborting the signal ends the watch, drops what is buffered, and tells the server", async () => {
  const rig = new Rig();
  const controller = new AbortController();
  const watch = rig.watch({ signal: controller.signal });
  const { watchId } = rig.answerCreate(1);
  rig.events(watchId, 2, 2);
  controller.abort(new Error("enough"));
  await expect(watch.next()).rejects.toMatchObject({
    code: "CANCELLED",
    cause: { message: "enough" },
  });
  const [cancel] = rig.caller.lastStream.takeSent(WatchService.Watch);
  expect(cancel?.cancelRequest?.watchId).toBe(watchId);
});

test("with no watch left a broken stream is not opened again", async () => {
  const rig = new Rig();
  const watch = rig.watch();
  rig.answerCreate(1);
  await watch.return();
  rig.breakStream();
  expect(rig.caller.streams).toHaveLength(1);
});

test("a watch from a revision that is none is refused at once", () => {
  const rig = new Rig();
  for (const from of [0, -1, 1.5, 2 ** 60]) expect(() => rig.watch({ from })).toThrow(RangeError);
});

// Failure mode 13: a cluster made anew may be past the cursor already, so that revisions do not give it away.
test("a watch whose endpoint answers for another cluster ends with REVISION_REGRESSED", async () => {
  const rig = new Rig();
  const watch = rig.watch({ from: 5 });
  const answer = (clusterId: bigint) => {
    const watchId = rig.created()[0]!.watchId;
    rig.push({ created: true, watchId, header: { revision: 900, clusterId } });
  };
  answer(1n);
  rig.breakStream();
  answer(1n);
  rig.breakStream();
  answer(2n);
  await expect(watch.next()).rejects.toMatchObject({ code: "REVISION_REGRESSED" });
});
