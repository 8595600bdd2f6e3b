import type { ClusterMember } from "@conclave/state-machine";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { describe, expect, test } from "vitest";
import { HEALTH_INTERVAL_MS, type MembershipView, refusalOf } from "./membership-checks.ts";

const NOW_MS = 100_000;
const SELF = 1n;

interface Told {
  readonly started?: boolean;
  readonly learner?: boolean;
  /** For how long it has been connected; null: it is not. */
  readonly connectedMs?: number | null;
}

/** A cluster as its leader sees it: members 1, 2, …, of which the first is the leader. */
function view(told: readonly Told[], isStrict = true): MembershipView {
  const members = told.map(({ started = true, learner = false }, at): [bigint, ClusterMember] => [
    BigInt(at + 1),
    {
      name: started ? `m${at + 1}` : "",
      peerUrls: [`http://m${at + 1}:2380`],
      clientUrls: [],
      isLearner: learner,
    },
  ]);
  return {
    self: SELF,
    members: new Map(members),
    nowMs: NOW_MS,
    connectedSinceMs: (id) => {
      const { connectedMs = HEALTH_INTERVAL_MS } = told[Number(id) - 1] ?? { connectedMs: null };
      return connectedMs === null ? null : NOW_MS - connectedMs;
    },
    isStrict,
  };
}

const up: Told = {};
const down: Told = { connectedMs: null };
const fresh: Told = { connectedMs: HEALTH_INTERVAL_MS - 1 };
const unstarted: Told = { started: false, connectedMs: null };
const learner: Told = { learner: true };
const add = (isLearner = false, url = "http://new:2380") =>
  ({ type: "add", peerUrls: [url], isLearner }) as const;
const remove = (id: bigint) => ({ type: "remove", id }) as const;
const promote = (id: bigint) => ({ type: "promote", id }) as const;

describe("an addition", () => {
  test.each([
    { why: "from one to two there is no other way", told: [up], error: null },
    { why: "a healthy cluster may grow", told: [up, up, up], error: null },
    { why: "one of three may be down", told: [up, up, down], error: null },
    {
      why: "two of three down are no quorum",
      told: [up, down, down],
      error: EtcdErrors.unhealthy,
    },
    {
      why: "who came a moment ago may go again",
      told: [up, fresh],
      error: EtcdErrors.unhealthy,
    },
    {
      why: "with one that never started, the started would be fewer than a quorum",
      told: [up, unstarted],
      error: EtcdErrors.notEnoughStartedMembers,
    },
  ])("$why", ({ told, error }) => {
    expect(refusalOf(add(), view(told))).toBe(error);
    // Unless that is not asked for.
    expect(refusalOf(add(), view(told, false))).toBeNull();
  });

  test("of a learner loses no quorum, but there is one at a time", () => {
    expect(refusalOf(add(true), view([up, down, down]))).toBeNull();
    expect(refusalOf(add(true), view([up, learner]))).toBe(EtcdErrors.tooManyLearners);
    expect(refusalOf(add(false), view([up, learner]))).toBeNull();
  });

  test.each(["", "m4:2380", "https://m4:2380", "http://m4", "http://m4:2380/path", "http://m4:0"])(
    "with the peer URL %j is refused",
    (url) => expect(refusalOf(add(false, url), view([up]))).toBe(EtcdErrors.memberBadUrls),
  );

  test("without a URL, or with one that a member has, is refused", () => {
    const none = { type: "add", peerUrls: [], isLearner: false } as const;
    expect(refusalOf(none, view([up]))).toBe(EtcdErrors.memberBadUrls);
    const taken = add(false, "http://m2:2380");
    expect(refusalOf(taken, view([up, up]))).toBe(EtcdErrors.peerUrlExists);
  });
});

describe("a removal", () => {
  test.each([
    { why: "a healthy cluster may shrink", told: [up, up, up], id: 2n, error: null },
    { why: "the leader may go", told: [up, up, up], id: 1n, error: null },
    { why: "who is down is no part of the quorum", told: [up, up, down], id: 3n, error: null },
    {
      why: "who is up may be needed: one of the two that stay is down",
      told: [up, up, down],
      id: 2n,
      error: EtcdErrors.unhealthy,
    },
    {
      why: "the rest must have started",
      told: [up, up, unstarted],
      id: 2n,
      error: EtcdErrors.notEnoughStartedMembers,
    },
    { why: "a learner may always go", told: [up, learner], id: 2n, error: null },
    { why: "who never started may go", told: [up, unstarted], id: 2n, error: null },
  ])("$why", ({ told, id, error }) => {
    expect(refusalOf(remove(id), view(told))).toBe(error);
    expect(refusalOf(remove(id), view(told, false))).toBeNull();
  });

  test("of the last voter is refused even if nobody asks for care; of nobody always", () => {
    const alone = view([up, learner], false);
    expect(refusalOf(remove(1n), alone)).toBe(EtcdErrors.notEnoughStartedMembers);
    expect(refusalOf(remove(9n), alone)).toBe(EtcdErrors.memberNotFound);
  });
});

test("an update needs a member, and URLs that no other has; its own it may keep", () => {
  const update = (id: bigint, url: string) => ({ type: "update", id, peerUrls: [url] }) as const;
  const cluster = view([up, down, down]);
  expect(refusalOf(update(2n, "http://elsewhere:2380"), cluster)).toBeNull();
  expect(refusalOf(update(2n, "http://m2:2380"), cluster)).toBeNull();
  expect(refusalOf(update(2n, "http://m3:2380"), cluster)).toBe(EtcdErrors.peerUrlExists);
  expect(refusalOf(update(2n, "m2"), cluster)).toBe(EtcdErrors.memberBadUrls);
  expect(refusalOf(update(9n, "http://m9:2380"), cluster)).toBe(EtcdErrors.memberNotFound);
});

test("a promotion needs a learner, and enough started voters beside it", () => {
  expect(refusalOf(promote(2n), view([up, learner]))).toBeNull();
  expect(refusalOf(promote(1n), view([up, learner]))).toBe(EtcdErrors.memberNotLearner);
  expect(refusalOf(promote(9n), view([up, learner]))).toBe(EtcdErrors.memberNotFound);
  const few = [up, unstarted, unstarted, unstarted, learner];
  expect(refusalOf(promote(5n), view(few))).toBe(EtcdErrors.notEnoughStartedMembers);
});
