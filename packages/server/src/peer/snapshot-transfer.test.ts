import { VirtualClock } from "@conclave/base";
import { encodeMessage, type Message, type Raft } from "@conclave/raft";
import { clockTurn, createRpcServer, memoryChannel } from "@conclave/rpc";
import { describe, expect, test } from "vitest";
import { silentLogger } from "../observe/logger.ts";
import type { MemberStorage } from "../storage/member-storage.ts";
import { openVolatileStorage } from "../storage/recovery.ts";
import { DamagedFrames, sealFrame } from "./peer-frame.ts";
import { PeerPath } from "./peer-protocol.ts";
import { openingFrames } from "./peer-service.ts";
import { decodeRecords, encodeRecords, type StateRecord } from "./snapshot-frame.ts";
import { SnapshotReceiver } from "./snapshot-receiver.ts";
import { SnapshotSender } from "./snapshot-sender.ts";

const MEMBERSHIP = { voters: [1n, 2n], learners: [] };

const wish = (index: number): Message => ({
  type: "install-snapshot",
  from: 1n,
  to: 2n,
  term: 4,
  snapshot: { index, term: 4, membership: MEMBERSHIP },
});

function storageOf(memberId: bigint, clock: VirtualClock): Promise<MemberStorage> {
  return openVolatileStorage({
    identity: { clusterId: 1n, memberId, name: `m${memberId}`, members: [] },
    clock,
    onFatal: (error) => {
      throw error;
    },
  });
}

const recordName = (at: number) => `k${String(at).padStart(6, "0")}`;

/** Lets promises and the virtual network run until `isDone`. */
async function until(clock: VirtualClock, isDone: () => boolean): Promise<void> {
  for (let round = 0; round < 10_000 && !isDone(); round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1);
  }
  expect(isDone()).toBe(true);
}

/** Two members with an in-memory connection: member 1 leads at index 50 with some records, member 2 is blank. */
async function twoMembers(records: number) {
  const clock = new VirtualClock();
  const [leader, follower] = await Promise.all([storageOf(1n, clock), storageOf(2n, clock)]);
  for (let at = 0; at < records; at += 1) leader.store.put(recordName(at), Buffer.alloc(500, at));
  leader.store.seal(50);
  const stepped: Message[] = [];
  const receiver = new SnapshotReceiver({
    self: 2n,
    storage: follower,
    logger: silentLogger,
    step: (message) => stepped.push(message),
  });
  const server = createRpcServer({ clock, atTurnEnd: clockTurn(clock) });
  const damagedFrames = new DamagedFrames(silentLogger);
  server.stream(PeerPath.snapshot, (stream) =>
    openingFrames(stream, 1n, receiver.accept(1n, stream), damagedFrames),
  );
  const channel = memoryChannel(server, clock);
  const reports: string[] = [];
  const raft: Pick<Raft, "role" | "firstIndex" | "snapshotMark" | "reportSnapshot"> = {
    role: "leader",
    firstIndex: 10,
    snapshotMark: (index) => ({ index, term: 4, membership: MEMBERSHIP }),
    reportSnapshot: (id, ok) => {
      reports.push(`${id} ${ok}`);
    },
  };
  const sender = new SnapshotSender({
    self: 1n,
    raft: raft as Raft,
    store: leader.store,
    logger: silentLogger,
    callerTo: () => ({ caller: channel, metadata: {} }),
    onReported: () => {},
  });
  return { clock, server, channel, leader, follower, receiver, sender, stepped, reports };
}

describe("frames of a snapshot", () => {
  const records: StateRecord[] = [
    ["", new Uint8Array(0)],
    ["\u00ff\u0000k", Buffer.from([0, 255, 1])],
    ["big", Buffer.alloc(270_000, 7)],
    ["last", Buffer.from("v")],
  ];

  test("give back every record, in order", () => {
    const decoded = [...encodeRecords(records)].flatMap((frame) => [...decodeRecords(frame)]);
    expect(decoded.map(([key, value]) => [key, Buffer.from(value)])).toEqual(
      records.map(([key, value]) => [key, Buffer.from(value)]),
    );
  });

  test("that are cut short are refused, wherever the cut is", () => {
    const frame = [...encodeRecords(records.slice(0, 2))][0]!;
    for (let length = 1; length < frame.length; length += 1) {
      let read: unknown[] = [];
      try {
        read = [...decodeRecords(frame.subarray(0, length))];
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        continue;
      }
      expect(read).toHaveLength(1); // the cut fell between two records
    }
  });
});

test("a snapshot arrives whole, the core is asked with what is really in it, and only a commit makes it the state", async () => {
  const { clock, follower, receiver, sender, stepped, reports } = await twoMembers(3_000);
  sender.send(2n, wish(40));
  await until(clock, () => reports.length > 0);
  expect(reports).toEqual(["2 true"]);
  expect(stepped).toMatchObject([{ type: "install-snapshot", snapshot: { index: 50 } }]);
  expect(follower.store.get(recordName(0))).toBeUndefined();
  await receiver.commit({ index: 50, term: 4, membership: MEMBERSHIP });
  expect(follower.store.appliedIndex).toBe(50);
  for (const at of [0, 1_234, 2_999]) {
    expect(Buffer.from(follower.store.get(recordName(at))!)).toEqual(Buffer.alloc(500, at));
  }
});

test("a second snapshot replaces one that was received and not committed (E22)", async () => {
  const { clock, leader, follower, receiver, sender, reports } = await twoMembers(10);
  sender.send(2n, wish(40));
  await until(clock, () => reports.length === 1);
  leader.store.put("new", Buffer.from("newer"));
  leader.store.seal(60);
  sender.send(2n, wish(40));
  await until(clock, () => reports.length === 2);
  await receiver.commit({ index: 60, term: 4, membership: MEMBERSHIP });
  expect(Buffer.from(follower.store.get("new")!).toString()).toBe("newer");
});

test("a connection that breaks midway is reported as a failure, and the next attempt succeeds", async () => {
  const { clock, server, follower, sender, stepped, reports } = await twoMembers(20_000);
  sender.send(2n, wish(40));
  for (let round = 0; round < 8; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1);
  }
  server.close();
  await until(clock, () => reports.length === 1);
  expect(reports).toEqual(["2 false"]);
  expect(stepped).toEqual([]);
  expect(follower.store.appliedIndex).toBe(0);
});

test("a snapshot that is not newer than the state is refused", async () => {
  const { clock, follower, sender, stepped, reports } = await twoMembers(10);
  follower.store.seal(50);
  sender.send(2n, wish(40));
  await until(clock, () => reports.length === 1);
  expect(reports).toEqual(["2 false"]);
  expect(stepped).toEqual([]);
});

test("a stream that begins with anything but its message is refused, and harms nothing", async () => {
  const { clock, channel, stepped } = await twoMembers(1);
  const codes: number[] = [];
  for (const first of [Buffer.from("nonsense"), encodeMessage({ ...wish(50), from: 3n })]) {
    const stream = channel.stream(
      PeerPath.snapshot,
      {},
      { onMessage: () => {}, onEnd: ({ code }) => codes.push(code) },
    );
    stream.send(sealFrame(first));
    stream.halfClose();
  }
  await until(clock, () => codes.length === 2);
  expect(codes).toEqual([13, 13]);
  expect(stepped).toEqual([]);
});
