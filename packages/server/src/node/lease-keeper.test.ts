import { VirtualClock } from "@conclave/base";
import {
  CommandBatch,
  CommandKind,
  decodeLeaseExpire,
  MemoryStateStore,
  StateMachine,
} from "@conclave/state-machine";
import { LeaseGrantRequest, LeaseRevokeRequest } from "@conclave/wire";
import { expect, test } from "vitest";
import { LeaseKeeper } from "./lease-keeper.ts";
import type { ReadWaiter } from "./read-gate.ts";
import type { ProposalWaiter } from "./waiting-proposals.ts";

const TERM = 3;

/** A keeper on a real state machine; leadership, its proof and the other members are the test's to decide. */
function keeper() {
  const clock = new VirtualClock();
  const machine = new StateMachine({ store: new MemoryStateStore(), leaseTtlSecondsMin: 1 });
  machine.finishLoad();
  const cluster = { isLeading: false, leader: 0n, provesLeadership: true };
  const asked: bigint[] = [];
  const expired: { term: number; leases: readonly bigint[] }[] = [];
  const proposals: ProposalWaiter[] = [];
  const reads: ReadWaiter[] = [];
  const leases = new LeaseKeeper({
    machine,
    clock,
    leaderLeases: {
      renew: (leader, _id, answer) => {
        asked.push(leader);
        answer(leader === 2n ? 60 : null);
      },
      remaining: (_leader, _id, answer) => answer({ remaining: 5, granted: 60 }),
    },
    isLeading: () => cluster.isLeading,
    leader: () => cluster.leader,
    propose: (kind, body, waiter) => {
      expect(kind).toBe(CommandKind.LEASE_EXPIRE);
      expired.push(decodeLeaseExpire(body));
      proposals.push(waiter);
    },
    readLinearizable: (waiter) => {
      if (cluster.provesLeadership) waiter.onReadable();
      else reads.push(waiter);
    },
    electionTimeoutMs: 1_000,
    timeoutMs: 7_000,
  });
  leases.observe();
  let index = 0;
  const apply = (kind: CommandKind, body: Uint8Array): void => {
    const batch = new CommandBatch(1_000);
    batch.append(kind, 1, 1, body);
    index += 1;
    leases.beforeApply();
    machine.apply({ index, term: TERM, data: batch.take() }, { onResult() {} });
  };
  const grant = (ID: bigint, TTL: number): void => {
    apply(CommandKind.LEASE_GRANT, LeaseGrantRequest.encode({ ID, TTL }));
  };
  const revoke = (ID: bigint): void => {
    apply(CommandKind.LEASE_REVOKE, LeaseRevokeRequest.encode({ ID }));
  };
  const lead = (): void => {
    cluster.isLeading = true;
    cluster.leader = 1n;
    leases.onLeading(TERM);
  };
  const renew = (id: bigint) => {
    const outcome = { text: "waiting" };
    leases.renew(id, (ttl, error) => {
      outcome.text = error?.message ?? `TTL ${ttl}`;
    });
    return outcome;
  };
  const tick = (byMs: number): void => {
    clock.advance(byMs);
    leases.onTick();
  };
  const remaining = (id: bigint): number | undefined => {
    let seconds: number | undefined;
    leases.remaining(id, (time) => {
      seconds = time?.remaining;
    });
    return seconds;
  };
  return {
    clock,
    cluster,
    leases,
    asked,
    expired,
    proposals,
    reads,
    grant,
    revoke,
    lead,
    renew,
    tick,
    remaining,
  };
}

test("the leader proposes the end of a lease whose time is over, in its term, and not before (L1)", () => {
  const { lead, grant, tick, expired } = keeper();
  lead();
  grant(5n, 10);
  tick(9_999);
  expect(expired).toEqual([]);
  tick(1);
  expect(expired).toEqual([{ term: TERM, leases: [5n] }]);
});

test("a renewal gives a lease its whole TTL again", () => {
  const { lead, grant, tick, renew, expired, remaining } = keeper();
  lead();
  grant(5n, 10);
  tick(6_000);
  expect(renew(5n).text).toBe("TTL 10");
  expect(remaining(5n)).toBe(10);
  tick(9_000);
  expect(expired).toEqual([]);
});

// etcd: an unknown lease is not an error of a keep-alive, its TTL is 0.
test("renewing a lease that is not there answers 0, at once", () => {
  const { lead, renew, remaining } = keeper();
  lead();
  expect(renew(9n).text).toBe("TTL 0");
  expect(remaining(9n)).toBe(-1);
});

test("renewing a lease whose end is under way answers 0 once it is really gone", () => {
  const { lead, grant, tick, renew, revoke } = keeper();
  lead();
  grant(5n, 10);
  tick(10_000);
  const late = renew(5n);
  expect(late.text).toBe("waiting");
  revoke(5n);
  expect(late.text).toBe("TTL 0");
});

test("an end that could not be proposed is proposed again", () => {
  const { lead, grant, tick, expired, proposals } = keeper();
  lead();
  grant(5n, 10);
  tick(10_000);
  proposals[0]?.onRefused({ code: 14, message: "too many requests" });
  tick(900);
  expect(expired).toHaveLength(1);
  tick(200);
  expect(expired).toHaveLength(2);
});

// E20: what the predecessor knew of renewals is lost.
test("a new leader gives every lease its whole TTL and an election timeout again", () => {
  const { lead, grant, tick, expired, remaining } = keeper();
  grant(5n, 10);
  tick(60_000);
  lead();
  expect(remaining(5n)).toBe(11);
  tick(10_999);
  expect(expired).toEqual([]);
  tick(1);
  expect(expired).toHaveLength(1);
});

// E18, etcd 15247: a leader that was paused renews nothing until it knows that it still leads.
test("a leader that cannot prove that it leads does not renew", () => {
  const { cluster, lead, grant, renew, reads, leases, clock } = keeper();
  lead();
  grant(5n, 10);
  cluster.provesLeadership = false;
  const outcome = renew(5n);
  expect(outcome.text).toBe("waiting");
  cluster.isLeading = false;
  cluster.leader = 2n;
  leases.onNotLeading();
  for (const read of reads) read.onReadable();
  clock.advance(200);
  expect(outcome.text).toBe("TTL 60"); // from the new leader
});

test("a follower proposes no end and asks the leader, again and again, until its time is over", () => {
  const { cluster, grant, tick, renew, asked, expired, clock } = keeper();
  grant(5n, 10);
  tick(60_000);
  expect(expired).toEqual([]);
  cluster.leader = 3n;
  const outcome = renew(5n);
  clock.advance(1_000);
  expect(asked.length).toBeGreaterThan(5);
  expect(outcome.text).toBe("waiting");
  clock.advance(7_000);
  expect(outcome.text).toBe("etcdserver: request timed out");
});

test("a question asked without a leader is answered once there is one", () => {
  const { cluster, renew, clock } = keeper();
  const outcome = renew(5n);
  clock.advance(3_000);
  cluster.leader = 2n;
  clock.advance(200);
  expect(outcome.text).toBe("TTL 60");
});
