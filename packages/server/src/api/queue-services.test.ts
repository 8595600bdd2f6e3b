import { Status } from "@conclave/rpc";
import { Election, KV, Lease, Lock } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { describe, expect, test } from "vitest";
import { bytes, runningMember, text } from "../testing/running-member.ts";
import type { LocalClient } from "./local-client.ts";
import { joinQueue, waitInQueue } from "./queue-entry.ts";

const UNDER_QUEUE = { key: bytes("q/"), rangeEnd: bytes("q0"), countOnly: true };

async function queue() {
  const member = await runningMember();
  const { call } = member;
  const lease = async (): Promise<bigint> => (await call(Lease.LeaseGrant, { TTL: 60 })).ID;
  const length = async (): Promise<number> => (await call(KV.Range, UNDER_QUEUE)).count;
  return { ...member, lease, length };
}

/** What a call that goes away midway leaves behind. */
const CANCELLED = { name: "CallFailure", code: Status.CANCELLED };

describe("Lock", () => {
  test("that is cancelled in the queue leaves it, so that the next in line does not wait for it", async () => {
    const { call, lease, length } = await queue();
    const held = await call(Lock.Lock, { name: bytes("q"), lease: await lease() });
    const leaver = new AbortController();
    const left = call(
      Lock.Lock,
      { name: bytes("q"), lease: await lease() },
      { signal: leaver.signal },
    );
    await expect.poll(length).toBe(2);
    const waits = call(Lock.Lock, { name: bytes("q"), lease: await lease() });
    await expect.poll(length).toBe(3);
    leaver.abort();
    await expect(left).rejects.toMatchObject(CANCELLED);
    await expect.poll(length).toBe(2);
    await call(Lock.Unlock, { key: held.key });
    expect(text((await waits).key)).toMatch(/^q\//);
  });

  // etcd 11456: a lock was handed to a session that had died while it waited.
  test("whose lease dies in the queue is refused", async () => {
    const { call, lease, length } = await queue();
    const held = await call(Lock.Lock, { name: bytes("q"), lease: await lease() });
    const dying = await lease();
    const waits = call(Lock.Lock, { name: bytes("q"), lease: dying });
    waits.catch(() => {});
    await expect.poll(length).toBe(2);
    await call(Lease.LeaseRevoke, { ID: dying });
    await call(Lock.Unlock, { key: held.key });
    await expect(waits).rejects.toMatchObject({
      code: Status.UNKNOWN,
      message: "mutex: session is expired",
    });
  });

  test("with a lease that does not exist is refused as etcd does", async () => {
    const { call } = await queue();
    await expect(call(Lock.Lock, { name: bytes("q"), lease: 77n })).rejects.toMatchObject({
      code: Status.UNKNOWN,
      message: "etcdserver: requested lease not found",
    });
  });

  test("is not given up by an unlock that names no key", async () => {
    const { call } = await queue();
    await expect(call(Lock.Unlock, {})).rejects.toMatchObject({
      code: Status.UNKNOWN,
      message: "etcdserver: key is not provided",
    });
  });
});

/** The queue's view of a member, over the wire. No predecessor is ever watched here. */
async function localClient() {
  const { call, lease, length } = await queue();
  const client: LocalClient = {
    header: () => ({ clusterId: 0n, memberId: 0n, revision: 0, raftTerm: 0 }),
    range: (request) => call(KV.Range, request),
    txn: (request) => call(KV.Txn, request),
    deleteRange: (request) => call(KV.DeleteRange, request),
    grantLease: lease,
    watch: () => {
      throw new Error("nobody is ahead");
    },
  };
  const place = { prefix: "q/", lease: await lease(), value: bytes("") };
  const join = () => joinQueue(client, place);
  const wait = (entry: Awaited<ReturnType<typeof join>>, signal: AbortSignal) =>
    waitInQueue(client, "q/", entry, EtcdErrors.sessionExpired, signal);
  const leave = ({ key }: { readonly key: Uint8Array }) => call(KV.DeleteRange, { key });
  return { client, join, wait, leave, length };
}

// Simulation, seed 850: the answer told a revision at which the entry was gone already, and another was first.
test("a turn is told with the revision at which the entry was seen to be first", async () => {
  const { client, join, leave } = await localClient();
  const entry = await join();
  const range: LocalClient["range"] = async (request) => {
    const answer = await client.range(request);
    if (request.rangeEnd === undefined) await leave(entry);
    return answer;
  };
  const signal = new AbortController().signal;
  const lost = EtcdErrors.sessionExpired;
  const header = await waitInQueue({ ...client, range }, "q/", entry, lost, signal);
  expect(header.revision).toBe(entry.createRevision);
});

describe("a caller that goes away when its turn has come, and was not told yet", () => {
  test("holds nothing: its entry stayed until its lease ran out", async () => {
    const { join, wait, length } = await localClient();
    await expect(wait(await join(), AbortSignal.abort())).rejects.toThrow();
    expect(await length()).toBe(0);
  });

  test("takes nothing away from another call that holds the same entry", async () => {
    const { join, wait, length } = await localClient();
    await wait(await join(), new AbortController().signal);
    await wait(await join(), AbortSignal.abort());
    expect(await length()).toBe(1);
  });
});

/** A call whose end comes late: by then its entry is gone, and the lease stands in line again. */
test("a caller that goes away takes nothing away from a later entry of its lease", async () => {
  const { join, wait, leave, length } = await localClient();
  const before = await join();
  await leave(before);
  await wait(await join(), new AbortController().signal);
  await expect(wait(before, AbortSignal.abort())).rejects.toThrow();
  expect(await length()).toBe(1);
});

describe("Campaign", () => {
  // etcd gives each such campaign a session of its own; the queue's keys are named by lease.
  test("without a lease gets one of its own: two campaigners were both told that they lead", async () => {
    const { call, length } = await queue();
    const name = bytes("q");
    const { leader } = await call(Election.Campaign, { name, value: bytes("a") });
    expect(leader?.lease).not.toBe(0n);
    expect(text(leader!.key)).toBe(`q/${leader!.lease.toString(16)}`);
    const second = call(Election.Campaign, { name, value: bytes("b") });
    await expect.poll(length).toBe(2);
    expect(text((await call(Election.Leader, { name })).kv!.value)).toBe("a");
    await call(Election.Resign, { leader });
    expect((await second).leader?.key).not.toEqual(leader?.key);
    expect(text((await call(Election.Leader, { name })).kv!.value)).toBe("b");
  });

  test("that is cancelled in the queue leaves it", async () => {
    const { call, lease, length } = await queue();
    const name = bytes("q");
    await call(Election.Campaign, { name, lease: await lease(), value: bytes("a") });
    const leaver = new AbortController();
    const left = call(
      Election.Campaign,
      { name, lease: await lease(), value: bytes("b") },
      { signal: leaver.signal },
    );
    await expect.poll(length).toBe(2);
    leaver.abort();
    await expect(left).rejects.toMatchObject(CANCELLED);
    await expect.poll(length).toBe(1);
  });
});

// etcd's services stand behind the same guards as its KV service.
describe("a store that is full refuses what would grow it by way of", () => {
  const NO_SPACE = { message: "etcdserver: mvcc: database space exceeded" };

  test.each([
    { what: "a lock", method: Lock.Lock, request: { name: bytes("q"), lease: 1n } },
    {
      what: "a campaign",
      method: Election.Campaign,
      request: { name: bytes("q"), lease: 1n, value: new Uint8Array(5_000) },
    },
  ])("$what", async ({ method, request }) => {
    const { call } = await runningMember({ quotaBackendBytes: 200 });
    await expect(call(method as typeof Lock.Lock, request)).rejects.toMatchObject(NO_SPACE);
  });

  test("a lease that a lock would be given", async () => {
    const { call } = await runningMember({ quotaBackendBytes: 50 });
    await expect(call(Lock.Lock, { name: bytes("q") })).rejects.toMatchObject(NO_SPACE);
  });
});

test("what is proclaimed is no larger than what may be put", async () => {
  const { call, lease } = await queue();
  const request = { name: bytes("q"), lease: await lease(), value: new Uint8Array(1_600_000) };
  await expect(call(Election.Campaign, request)).rejects.toMatchObject({
    message: "etcdserver: request is too large",
  });
});
