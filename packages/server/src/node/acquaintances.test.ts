import { describe, expect, test } from "vitest";
import { type Claim, decodeClaim, encodeClaim } from "../peer/claim.ts";
import type { AcquaintanceFile, KnownBoots } from "../storage/acquaintance-file.ts";
import { Acquaintances } from "./acquaintances.ts";

const MEMBER = 0xa1n;
const CLAIM: Claim = {
  directory: 7n,
  boots: 3,
  nonce: 30n,
  earlier: [20n, 10n],
  log: { term: 4, lastIndex: 90 },
};

/** A peer's memory that outlives its process, and the leader's knowledge of a member. */
function peer(promise: { readonly term: number; readonly match: number } | null = null) {
  let stored: KnownBoots = new Map();
  const file: AcquaintanceFile = {
    read: async () => stored,
    write: async (known) => {
      stored = new Map(known);
    },
  };
  const start = async () =>
    new Acquaintances(file, await file.read(), () => promise && { ...promise });
  return { start, stored: () => stored };
}

describe("whether a member may take part", () => {
  test("whoever was never seen may, and is remembered durably before it is told so", async () => {
    const { start, stored } = peer();
    expect(await (await start()).judge(MEMBER, CLAIM)).toBeNull();
    expect(stored().get(MEMBER)).toEqual({ directory: 7n, boots: 3, nonce: 30n });
  });

  test.each<{ why: string; claim: Partial<Claim>; reason: RegExp | null }>([
    { why: "the same start, again", claim: {}, reason: null },
    {
      why: "the next start",
      claim: { boots: 4, nonce: 40n, earlier: [30n, 20n, 10n] },
      reason: null,
    },
    {
      why: "a start some of whose forerunners others saw, not we",
      claim: { boots: 5, nonce: 50n, earlier: [40n, 30n, 20n, 10n] },
      reason: null,
    },
    {
      why: "a start that does not remember so far back",
      claim: { boots: 5_000, nonce: 50n, earlier: [49n] },
      reason: null,
    },
    {
      why: "a copy of before that start, started again and again by its supervisor",
      claim: { boots: 5, nonce: 52n, earlier: [41n, 31n, 20n, 10n] },
      reason: /is an old copy: this is its start 5, and another start 3 has been seen/,
    },
    {
      why: "a directory made anew (F14)",
      claim: { directory: 8n, boots: 1, nonce: 10n },
      reason: /is not the one that it had.*remove it from the cluster, and add it anew/,
    },
    {
      why: "a copy of before that start, started (F15)",
      claim: { nonce: 31n },
      reason: /is an old copy: this is its start 3, and another start 3 has been seen/,
    },
    {
      why: "an older copy",
      claim: { boots: 2, nonce: 20n },
      reason: /is an old copy: this is its start 2/,
    },
  ])("after a restart of the peer: $why", async ({ claim, reason }) => {
    const { start } = peer();
    await (await start()).judge(MEMBER, CLAIM);
    const answer = await (await start()).judge(MEMBER, { ...CLAIM, ...claim });
    if (reason === null) expect(answer).toBeNull();
    else expect(answer).toMatch(reason);
  });

  test.each<{ why: string; log: Claim["log"]; match: number; isRefused: boolean }>([
    {
      why: "holds what was acknowledged",
      log: { term: 4, lastIndex: 90 },
      match: 90,
      isRefused: false,
    },
    { why: "lacks an entry that was", log: { term: 4, lastIndex: 89 }, match: 90, isRefused: true },
    { why: "is of an older term", log: { term: 3, lastIndex: 95 }, match: 90, isRefused: true },
    {
      why: "acknowledged nothing in this term",
      log: { term: 3, lastIndex: 5 },
      match: 0,
      isRefused: false,
    },
    { why: "saw a newer term since", log: { term: 5, lastIndex: 5 }, match: 90, isRefused: false },
    { why: "recovers, or runs already", log: null, match: 90, isRefused: false },
  ])("by the leader of term 4, if its disk $why", async ({ log, match, isRefused }) => {
    const leader = await peer({ term: 4, match }).start();
    const answer = await leader.judge(MEMBER, { ...CLAIM, log });
    expect(answer !== null, answer ?? "").toBe(isRefused);
  });

  // Simulation, seed 167: welcomed by another, it acknowledged entries before the leader had read its introduction.
  test("by a leader that read the introduction late, what it promised in this start does not count", async () => {
    const promise = { term: 4, match: 90 };
    const leader = await peer(promise).start();
    leader.onLink(MEMBER, CLAIM.nonce);
    promise.match = 95;
    leader.onLink(MEMBER, CLAIM.nonce);
    expect(await leader.judge(MEMBER, CLAIM)).toBeNull();
    const short = { term: 4, lastIndex: 89 };
    expect(await leader.judge(MEMBER, { ...CLAIM, log: short })).toMatch(/is an old copy/);
    promise.term = 5;
    expect(await leader.judge(MEMBER, { ...CLAIM, log: short })).toBeNull();
  });

  test("what cannot be remembered is no welcome, and the next may be one", async () => {
    let isFull = true;
    const file: AcquaintanceFile = {
      read: async () => new Map(),
      write: async () => {
        if (isFull) throw new Error("ENOSPC");
      },
    };
    const acquaintances = new Acquaintances(file, new Map(), () => null);
    await expect(acquaintances.judge(MEMBER, CLAIM)).rejects.toThrow("ENOSPC");
    isFull = false;
    expect(await acquaintances.judge(MEMBER, CLAIM)).toBeNull();
  });
});

test("a claim travels as bytes, and what is none is told", () => {
  for (const claim of [CLAIM, { ...CLAIM, log: null }]) {
    expect(decodeClaim(encodeClaim(claim))).toEqual(claim);
  }
  for (const text of [
    "",
    "{}",
    "null",
    "[1]",
    '{"directory":"g","boots":1,"nonce":"1","log":null}',
  ]) {
    expect(decodeClaim(Buffer.from(text)), text).toBeNull();
  }
});
