import { seededPrng } from "@conclave/base";
import { Status } from "@conclave/rpc";
import { EventType, KV, Lease, type TxnResponseInit, Watch as WatchService } from "@conclave/wire";
import { expect, test } from "vitest";
import { type Client, connectOver } from "../client.ts";
import { SessionLostError } from "../errors.ts";
import { ScriptedCaller, settle } from "../testing/scripted-caller.ts";
import { StoppableClock } from "../testing/stoppable-clock.ts";
import type { Hold } from "./hold.ts";

const FENCE = 7;

interface Rig {
  readonly clock: StoppableClock;
  readonly caller: ScriptedCaller;
  readonly client: Client;
}

/** A client on a virtual clock with a session of 9 s and a margin of 3 s: lost 6 s after the last proof. */
async function newRig(): Promise<Rig> {
  const clock = new StoppableClock();
  const caller = new ScriptedCaller();
  const options = { session: { ttl: "9s", margin: "3s" }, retry: { retries: 0 } } as const;
  const connecting = connectOver(() => caller, options, { clock, prng: seededPrng(1) });
  caller.takeUnary().reply(KV.Range, { header: { revision: 1 } });
  return { clock, caller, client: await connecting };
}

async function grantLease({ caller }: Rig): Promise<void> {
  const grant = caller.takeUnary();
  grant.reply(Lease.LeaseGrant, { ID: grant.request(Lease.LeaseGrant).ID, TTL: 9 });
  await settle();
}

/** Answers the transaction that enters the queue: the entry is the oldest, at revision FENCE. */
async function answerEntered({ caller }: Rig): Promise<void> {
  const txn = caller.takeUnary();
  const [put] = txn.request(KV.Txn).success;
  const own = { key: put!.requestPut!.key, createRevision: FENCE, modRevision: FENCE };
  const response: TxnResponseInit = {
    succeeded: true,
    header: { revision: FENCE },
    responses: [
      { responsePut: {} },
      { responseRange: { kvs: [own], count: 1, header: { revision: FENCE } } },
    ],
  };
  txn.reply(KV.Txn, response);
  await settle();
}

async function acquire(rig: Rig): Promise<Hold> {
  const acquiring = rig.client.locks.acquire("l");
  await settle();
  await grantLease(rig);
  await answerEntered(rig);
  return acquiring;
}

// Failure modes 1 and 2.
test("a hold is proven as long as its session, and its signal aborts at the deadline", async () => {
  const rig = await newRig();
  const lock = await acquire(rig);
  expect(lock.fence.revision).toBe(FENCE);
  rig.clock.advance(5_999);
  expect(lock.remaining()).toBe(1);
  lock.assert();
  rig.clock.advance(1);
  expect(lock.remaining()).toBe(0);
  expect(lock.signal.reason).toMatchObject({ code: "LOCK_LOST", reason: "expired" });
  expect(lock.signal.reason.cause).toBeInstanceOf(SessionLostError);
  expect(() => lock.assert()).toThrow("lost: expired");
});

// Jepsen on etcd 3.4.3; etcd#11456: a lock that is granted to a lease that has died in the queue.
test("a lock that is granted after the session's deadline is not given out", async () => {
  const rig = await newRig();
  const acquiring = rig.client.locks.acquire("l");
  const refused = expect(acquiring).rejects.toMatchObject({ code: "SESSION_LOST" });
  await settle();
  await grantLease(rig);
  rig.clock.advance(6_000);
  await answerEntered(rig);
  await refused;
});

/** Waits until the own key is watched. Returns how to tell the watch that the key was deleted. */
function watchOwnKey({ clock, caller }: Rig): () => void {
  expect(caller.streams).toEqual([]);
  clock.advance(50);
  const [create] = caller.lastStream.takeSent(WatchService.Watch);
  expect(create?.createRequest?.startRevision).toBe(FENCE + 1);
  const watchId = create!.createRequest!.watchId;
  const header = { revision: FENCE };
  caller.lastStream.push(WatchService.Watch, { created: true, watchId, header });
  return () =>
    caller.lastStream.push(WatchService.Watch, {
      watchId,
      header: { revision: 9 },
      events: [{ type: EventType.DELETE, kv: { key: new Uint8Array([1]), modRevision: 9 } }],
    });
}

test("the own key is watched from the revision after the acquisition, once the hold has lasted a moment", async () => {
  const rig = await newRig();
  const lock = await acquire(rig);
  watchOwnKey(rig)();
  expect(lock.signal.reason).toMatchObject({ reason: "deleted" });
});

test("a key that went with its lease during a pause is not called deleted: the process was stalled", async () => {
  const rig = await newRig();
  const lock = await acquire(rig);
  const deleteKey = watchOwnKey(rig);
  rig.clock.stopFor(20_000);
  const reasons: unknown[] = [];
  lock.signal.addEventListener("abort", () => reasons.push(lock.signal.reason.reason));
  deleteKey();
  expect(reasons).toEqual(["stalled"]);
});

// Failure mode 25: a deleted key may mean that the lease under it is gone.
test("when the own key is deleted the lease is asked for at once", async () => {
  const rig = await newRig();
  const lock = await acquire(rig);
  const verifying = lock.verify();
  const refused = expect(verifying).rejects.toMatchObject({ code: "LOCK_LOST" });
  rig.caller.takeUnary().reply(KV.Txn, {
    succeeded: true,
    header: { revision: 9 },
    responses: [{ responseRange: {} }],
  });
  await refused;
  const keepAlive = rig.caller.lastStream;
  const [renewal] = keepAlive.takeSent(Lease.LeaseKeepAlive);
  keepAlive.push(Lease.LeaseKeepAlive, { ID: renewal!.ID, TTL: 0 });
  expect(rig.client.session.state).toBe("lost");
});

// Failure mode 13: tokens of a restored store go back, so nothing that rests on them may go on.
test("a hold fails closed when the store goes back in time", async () => {
  const rig = await newRig();
  const lock = await acquire(rig);
  rig.clock.advance(50);
  rig.caller.lastStream.end(Status.UNAVAILABLE, "restarted from a backup");
  rig.clock.advance(2_000);
  const watch = rig.caller.lastStream;
  const [create] = watch.takeSent(WatchService.Watch);
  const header = { revision: FENCE - 4 };
  watch.push(WatchService.Watch, {
    created: true,
    watchId: create!.createRequest!.watchId,
    header,
  });
  rig.caller.takeUnary().reply(KV.Range, { header });
  await settle();
  expect(lock.signal.aborted).toBe(true);
});

// Failure mode 1: a loop that computes never lets the timer run.
test("the signal of a hold that is asked after a pause has aborted", async () => {
  const rig = await newRig();
  const { signal } = await acquire(rig);
  expect(signal.aborted).toBe(false);
  rig.clock.stopFor(20_000);
  expect(() => signal.throwIfAborted()).toThrow(expect.objectContaining({ reason: "stalled" }));
});

test("a released hold is no longer proven, and its signal says that it was released", async () => {
  const rig = await newRig();
  const lock = await acquire(rig);
  const releasing = lock.release();
  expect(lock.remaining()).toBe(0);
  expect(lock.signal.reason).toMatchObject({ code: "CLOSED" });
  rig.caller.takeUnary().reply(KV.Txn, {
    succeeded: true,
    header: { revision: 8 },
    responses: [{ responseDeleteRange: { deleted: 1 } }],
  });
  expect(await releasing).toBe("released");
});
