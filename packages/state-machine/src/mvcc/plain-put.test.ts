import { nextBelow, nextChance, seededPrng } from "@conclave/base";
import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import { PutRequest } from "@conclave/wire";
import { describe, expect, test } from "vitest";
import { isSimplePut } from "./plain-put.ts";
import { checkPutRequest } from "./txn-check.ts";

describe.each(testSeeds(1, 3))("seed %i", (seed) => {
  test("what is called simple decodes, is not refused, and asks for a key and a value only", () => {
    printReplayOnFailure(seed);
    const prng = seededPrng(seed);
    const random = (length: number) =>
      Buffer.from(Array.from({ length }, () => nextBelow(prng, 256)));
    let simple = 0;
    for (let at = 0; at < 20_000; at += 1) {
      const key = Buffer.alloc(nextBelow(prng, 4), 1);
      const value = Buffer.alloc(nextChance(prng, 0.2) ? nextBelow(prng, 20_000) : 3, 2);
      const more = nextChance(prng, 0.1) ? { lease: 5n, prevKv: true } : {};
      let body = Buffer.from(PutRequest.encode({ key, value, ...more }));
      if (nextChance(prng, 0.3) && body.length > 0)
        body[nextBelow(prng, Math.min(8, body.length))] = nextBelow(prng, 256);
      if (nextChance(prng, 0.2)) body = Buffer.concat([body, random(nextBelow(prng, 4))]);
      if (nextChance(prng, 0.1)) body = body.subarray(0, nextBelow(prng, body.length + 1));
      if (!isSimplePut(body)) continue;
      simple += 1;
      const request = PutRequest.decode(body);
      expect(checkPutRequest(request)).toBeNull();
      const { lease, prevKv, ignoreValue, ignoreLease } = request;
      expect([lease, prevKv, ignoreValue, ignoreLease]).toEqual([0n, false, false, false]);
    }
    expect(simple).toBeGreaterThan(5_000);
  });
});

test.each([
  ["no key", PutRequest.encode({ value: Buffer.from("v") })],
  ["a key that is emptied again", Buffer.from([0x0a, 1, 97, 0x0a, 0])],
  ["a lease", PutRequest.encode({ key: Buffer.from("k"), lease: 1n })],
  ["nothing", new Uint8Array(0)],
  ["a length beyond the end", Buffer.from([0x0a, 2, 97])],
  ["a length that does not end", Buffer.from([0x0a, 0x80, 0x80, 0x80, 0x80, 0])],
])("%s is not simple", (_what, body) => {
  expect(isSimplePut(body)).toBe(false);
});
