import { seededPrng } from "@conclave/base";
import { expect, test } from "vitest";
import type { Session } from "../session/session.ts";
import { EntryNonces, FREE_NONCES_MAX } from "./entry-nonces.ts";

const session = () => ({}) as Session;

test("a nonce that was given back is taken again, once, and on its own session alone", () => {
  const nonces = new EntryNonces(seededPrng(1));
  const [one, other] = [session(), session()];
  const first = nonces.take(one);
  const second = nonces.take(one);
  expect(second).not.toBe(first);
  nonces.giveBack(one, first);
  expect(nonces.take(other)).not.toBe(first);
  expect(nonces.take(one)).toBe(first);
  expect([first, second]).not.toContain(nonces.take(one));
});

test("beyond the limit nonces are forgotten, and others drawn", () => {
  const nonces = new EntryNonces(seededPrng(1));
  const one = session();
  const taken = Array.from({ length: FREE_NONCES_MAX + 10 }, () => nonces.take(one));
  for (const nonce of taken) nonces.giveBack(one, nonce);
  const again = taken.map(() => nonces.take(one));
  expect(again.filter((nonce) => taken.includes(nonce))).toHaveLength(FREE_NONCES_MAX);
  expect(new Set(again).size).toBe(again.length);
});
