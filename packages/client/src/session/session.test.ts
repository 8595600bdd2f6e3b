import { seededPrng } from "@conclave/base";
import { Status } from "@conclave/rpc";
import { Lease } from "@conclave/wire";
import { expect, test } from "vitest";
import { SessionLostError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import { ScriptedCaller, settle } from "../testing/scripted-caller.ts";
import { StoppableClock } from "../testing/stoppable-clock.ts";
import { Transport } from "../transport/transport.ts";
import { Renewer } from "./renewer.ts";
import { Session, type SessionParts } from "./session.ts";
import { type SessionOptions, type SessionTerms, sessionTerms } from "./session-options.ts";

/** TTL 9 s, margin 3 s: renewed every 3 s, late after 1.5 s, lost 6 s after the last proof. */
function newSession(options: SessionOptions = {}) {
  const clock = new StoppableClock();
  const caller = new ScriptedCaller();
  const runtime = { clock, prng: seededPrng(1) };
  const retry = { retriesMax: 0, delayMinMs: 1, delayMaxMs: 1 };
  const transport = new Transport(caller, runtime, { timeoutMs: 5_000, retry });
  const terms = sessionTerms({ ttl: "9s", margin: "3s", ...options });
  return { clock, caller, session: new Session(partsOf(transport, runtime), terms) };
}

/** The lease is renewed by this thread. */
function partsOf(transport: Transport, runtime: Runtime): SessionParts {
  const parts: SessionParts = {
    transport,
    runtime,
    prepareKeepAlive:
      async ({ renewWhile }) =>
      (lease, listener) =>
        new Renewer(transport, runtime, lease, listener, renewWhile),
    makeFork: (forked: SessionTerms) => new Session(parts, forked),
  };
  return parts;
}

type Parts = ReturnType<typeof newSession>;

async function openSession(
  options: SessionOptions = {},
): Promise<Parts & { readonly leaseId: bigint }> {
  const parts = newSession(options);
  const opened = parts.session.open();
  const grant = parts.caller.takeUnary();
  const { ID } = grant.request(Lease.LeaseGrant);
  grant.reply(Lease.LeaseGrant, { ID, TTL: 9 });
  return { ...parts, leaseId: await opened };
}

const lossOf = (session: Session): unknown => (session.signal.reason as SessionLostError).reason;

test("a session is idle and has no lease until something needs it", () => {
  const { caller, session } = newSession();
  expect(session.state).toBe("idle");
  expect(session.remaining()).toBe(0);
  expect(caller.unaryCalls).toEqual([]);
});

test("those who open a session at the same time share one grant", async () => {
  const { caller, session } = newSession();
  const both = Promise.all([session.open(), session.open()]);
  const grant = caller.takeUnary();
  const { ID } = grant.request(Lease.LeaseGrant);
  grant.reply(Lease.LeaseGrant, { ID, TTL: 9 });
  expect(await both).toEqual([ID, ID]);
  expect(caller.unaryCalls).toEqual([]);
});

// Failure mode 2.
test("the time of a grant counts from when it was sent, not from when it was answered", async () => {
  const { clock, caller, session } = newSession();
  const opened = session.open();
  clock.advance(2_000);
  const grant = caller.takeUnary();
  grant.reply(Lease.LeaseGrant, { ID: grant.request(Lease.LeaseGrant).ID, TTL: 9 });
  await opened;
  expect(session.remaining()).toBe(4_000);
});

test("the lease is renewed after a third of its time, and the proof counts from the renewal's send time", async () => {
  const { clock, caller, session, leaseId } = await openSession();
  clock.advance(3_000);
  expect(caller.lastStream.options.metadata).toEqual({ hasleader: "true" });
  expect(caller.lastStream.takeSent(Lease.LeaseKeepAlive)).toEqual([{ ID: leaseId }]);
  clock.advance(1_000);
  caller.lastStream.push(Lease.LeaseKeepAlive, { ID: leaseId, TTL: 9 });
  expect(session.remaining()).toBe(3_000 + 6_000 - 4_000);
});

// Failure mode 15: a cluster that elects a leader is slow, not gone.
test("a late renewal puts the session in doubt, and its answer takes it out again", async () => {
  const { clock, caller, session, leaseId } = await openSession();
  clock.advance(4_499);
  expect(session.state).toBe("held");
  clock.advance(1);
  expect(session.state).toBe("doubt");
  expect(session.signal.aborted).toBe(false);
  caller.streams[0]!.push(Lease.LeaseKeepAlive, { ID: leaseId, TTL: 9 });
  expect(session.state).toBe("held");
});

// Failure mode 3: the renewal hangs, and nobody is told.
test("a late renewal is sent again over a second stream, and the first answer wins", async () => {
  const { clock, caller, session, leaseId } = await openSession();
  clock.advance(4_500);
  const [first, second] = caller.streams;
  expect(second!.takeSent(Lease.LeaseKeepAlive)).toEqual([{ ID: leaseId }]);
  second!.push(Lease.LeaseKeepAlive, { ID: leaseId, TTL: 9 });
  expect(session.remaining()).toBe(6_000);
  expect(first!.cancelled).toBe(true);
  expect(second!.options.avoidEndpoint).toBe(first!.endpoint);
});

test("with no answer at all the session is lost at its deadline, before the server can let the lease expire", async () => {
  const { clock, session } = await openSession();
  clock.advance(5_999);
  expect(session.signal.aborted).toBe(false);
  clock.advance(1);
  expect(session.signal.aborted).toBe(true);
  expect(session.signal.reason).toBeInstanceOf(SessionLostError);
  expect(lossOf(session)).toBe("expired");
});

test("lost is final: an answer that comes after the deadline changes nothing", async () => {
  const { clock, caller, session, leaseId } = await openSession();
  clock.advance(6_000);
  caller.streams[0]!.push(Lease.LeaseKeepAlive, { ID: leaseId, TTL: 9 });
  expect(session.state).toBe("lost");
  expect(session.remaining()).toBe(0);
  await expect(session.open()).rejects.toMatchObject({ code: "SESSION_LOST" });
});

// Failure mode 1: code that goes on after a pause must not find a flag that nobody had the time to change.
test("after a pause the session is lost by the clock, before any timer has run", async () => {
  const { clock, session } = await openSession();
  clock.stopFor(20_000);
  expect(() => session.assert()).toThrow(SessionLostError);
  expect(lossOf(session)).toBe("stalled");
});

// Failure mode 1: a loop that computes never lets the timer run.
test("a signal that is asked after a pause has aborted, also one that was kept from before", async () => {
  const parts = await openSession();
  const { signal } = parts.session;
  const fired: unknown[] = [];
  signal.addEventListener("abort", () => fired.push(signal.reason));
  parts.clock.stopFor(20_000);
  expect(fired).toEqual([]);
  expect(signal.aborted).toBe(true);
  expect(fired).toEqual([expect.any(SessionLostError)]);
  expect(() => signal.throwIfAborted()).toThrow(SessionLostError);
});

test("what a signal throws when asked is the loss, before anything else has looked", async () => {
  const { clock, session } = await openSession();
  const { signal } = session;
  signal.throwIfAborted();
  clock.stopFor(20_000);
  expect(() => signal.throwIfAborted()).toThrow(SessionLostError);
});

test("an answer with TTL 0 before the lease could expire means that it was revoked", async () => {
  const { clock, caller, session, leaseId } = await openSession();
  clock.advance(3_000);
  caller.lastStream.push(Lease.LeaseKeepAlive, { ID: leaseId, TTL: 0 });
  expect(lossOf(session)).toBe("revoked");
});

test("a broken stream is opened again in the same round", async () => {
  const { clock, caller, session, leaseId } = await openSession();
  clock.advance(3_000);
  caller.lastStream.end(Status.UNAVAILABLE, "gone");
  clock.advance(50);
  expect(caller.streams).toHaveLength(2);
  caller.lastStream.push(Lease.LeaseKeepAlive, { ID: leaseId, TTL: 9 });
  expect(session.state).toBe("held");
  expect(session.remaining()).toBeGreaterThan(5_900);
});

test("the next renewal goes over the stream that answered the last", async () => {
  const { clock, caller, leaseId } = await openSession();
  clock.advance(3_000);
  caller.lastStream.push(Lease.LeaseKeepAlive, { ID: leaseId, TTL: 9 });
  clock.advance(3_000);
  expect(caller.streams).toHaveLength(1);
  expect(caller.lastStream.takeSent(Lease.LeaseKeepAlive)).toHaveLength(2);
});

// Failure mode 7: the id is ours, so "already exists" after silence means that the first grant arrived.
test("a grant that exists already is the one we asked for, and its time counts from the first request", async () => {
  const { clock, caller, session } = newSession();
  const opened = session.open();
  clock.advance(1_000);
  caller.takeUnary().fail(Status.FAILED_PRECONDITION, "etcdserver: lease already exists");
  await settle();
  caller.takeUnary().reply(Lease.LeaseTimeToLive, { TTL: 7, grantedTTL: 9 });
  await opened;
  expect(session.remaining()).toBe(5_000);
});

test("if no lease can be granted the session stays idle, and the next use asks again", async () => {
  const { caller, session } = newSession();
  const failed = session.open();
  caller.takeUnary().fail(Status.UNAVAILABLE, "down", false);
  await expect(failed).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "not-applied" });
  expect(session.state).toBe("idle");
  void session.open();
  expect(caller.unaryCalls).toHaveLength(1);
});

// Failure mode 20: a graceful end must not leave locks behind until their TTL.
test("closing aborts the signal first and then revokes the lease in one call", async () => {
  const { caller, session, leaseId } = await openSession();
  const closed = session.close();
  expect(lossOf(session)).toBe("session");
  const revoke = caller.takeUnary();
  expect(revoke.request(Lease.LeaseRevoke)).toEqual({ ID: leaseId });
  revoke.reply(Lease.LeaseRevoke, {});
  await closed;
});

test("a session that is closed while its lease is being granted revokes it", async () => {
  const { caller, session } = newSession();
  const opened = session.open();
  const closed = session.close();
  const grant = caller.takeUnary();
  const { ID } = grant.request(Lease.LeaseGrant);
  grant.reply(Lease.LeaseGrant, { ID, TTL: 9 });
  await settle();
  const revoke = caller.takeUnary();
  expect(revoke.request(Lease.LeaseRevoke)).toEqual({ ID });
  revoke.reply(Lease.LeaseRevoke, {});
  await closed;
  await expect(opened).rejects.toBeInstanceOf(SessionLostError);
});

// Failure mode 18: work that hangs must not be renewed for ever.
test("while renewWhile says no the lease is not renewed, in doubt, and lost at its deadline", async () => {
  const { clock, caller, session } = await openSession({ renewWhile: () => false });
  clock.advance(4_500);
  expect(session.state).toBe("doubt");
  clock.advance(1_500);
  expect(caller.streams).toEqual([]);
  expect(lossOf(session)).toBe("expired");
});

test("when renewWhile says yes again in time, the session is held again", async () => {
  let isHealthy = false;
  const { clock, caller, session, leaseId } = await openSession({
    margin: "2s",
    renewWhile: () => isHealthy,
  });
  clock.advance(4_500);
  expect(session.state).toBe("doubt");
  isHealthy = true;
  clock.advance(1_000);
  caller.lastStream.push(Lease.LeaseKeepAlive, { ID: leaseId, TTL: 9 });
  expect(session.state).toBe("held");
});

test("a stall limit without a worker to keep it is refused", () => {
  expect(() => sessionTerms({ stallLimit: "5s" })).toThrow(TypeError);
  expect(() => sessionTerms({ keepalive: "worker", stallLimit: 100 })).toThrow(RangeError);
  expect(sessionTerms({ keepalive: "worker", ttl: "7s" }).stallLimitMs).toBe(7_000);
});

test("what is no thread to renew on, and what cannot be asked, are refused at once", () => {
  expect(() => sessionTerms({ keepalive: "other" as "main" })).toThrow(TypeError);
  expect(() => sessionTerms({ renewWhile: true as unknown as () => boolean })).toThrow(TypeError);
});

test("a fork keeps the terms that it does not change", () => {
  const renewWhile = () => true;
  const terms = sessionTerms({ ttl: "9s", margin: "1s", keepalive: "worker", renewWhile });
  expect(sessionTerms({}, terms)).toEqual(terms);
  const longer = { ttlMs: 20_000, marginMs: 6_000, stallLimitMs: 20_000 };
  expect(sessionTerms({ ttl: "20s" }, terms)).toEqual({ ...terms, ...longer });
});

test.each([{ ttl: "9s", margin: "6s" } as const, { ttl: "9s", margin: 0 } as const, { ttl: 500 }])(
  "terms that leave no room for a renewal are refused: %o",
  (options) => {
    expect(() => sessionTerms(options)).toThrow(RangeError);
  },
);
