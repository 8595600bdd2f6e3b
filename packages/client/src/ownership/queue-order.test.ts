import { utf8ByteString } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Claim,
  claimFields,
  claimOf,
  disagreement,
  EXCLUSIVE,
  obstacles,
  type Place,
} from "./queue-order.ts";

const shared: Claim = { kind: "shared" };
const permits = (count: number, of = 3): Claim => ({ kind: "permits", permits: count, of });

/** A queue of claims, with keys a, b, c… in the order of asking. */
const queueOf = (...claims: Claim[]): Place[] =>
  claims.map((claim, at) => ({
    key: utf8ByteString(String.fromCharCode(97 + at)),
    createRevision: at + 1,
    claim,
  }));

/** The keys that the last of these claims waits for. */
function waitsFor(...claims: Claim[]): string[] {
  const queue = queueOf(...claims);
  return obstacles(claims.at(-1)!, queue.slice(0, -1)).map(({ key }) => key);
}

describe("the order of a queue", () => {
  test("an exclusive claim waits for everybody before it, by watching the last of them", () => {
    expect(waitsFor(EXCLUSIVE)).toEqual([]);
    expect(waitsFor(shared, permits(1), EXCLUSIVE, EXCLUSIVE)).toEqual(["c"]);
  });

  test("a shared claim waits for the writers before it, and not for those that share", () => {
    expect(waitsFor(shared, shared, shared)).toEqual([]);
    expect(waitsFor(shared, EXCLUSIVE, shared, shared)).toEqual(["b"]);
    expect(waitsFor(EXCLUSIVE, shared, EXCLUSIVE, shared)).toEqual(["c"]);
  });

  test("permits are granted in the order of asking, up to the limit", () => {
    expect(waitsFor(permits(1), permits(2))).toEqual([]);
    expect(waitsFor(permits(2), permits(2))).toEqual(["a"]);
    expect(waitsFor(permits(1), permits(3), permits(1))).toEqual(["a", "b"]);
  });

  test("an exclusive claim before it, as a foreign client makes it, excludes all permits", () => {
    expect(waitsFor(EXCLUSIVE, permits(1))).toEqual(["a"]);
  });

  test("a newcomer that disagrees about the limit, or shares what others count, is told so", () => {
    expect(disagreement(permits(1, 5), queueOf(permits(1, 3)))).toMatch("out of 3, not out of 5");
    expect(disagreement(shared, queueOf(permits(1)))).toMatch("permits");
    expect(disagreement(permits(1), queueOf(EXCLUSIVE, permits(2)))).toBeNull();
    expect(disagreement(EXCLUSIVE, queueOf(shared))).toBeNull();
  });
});

describe("the value of an entry", () => {
  test("says the claim, and is read back", () => {
    for (const claim of [EXCLUSIVE, shared, permits(2, 7)]) {
      expect(claimOf(JSON.stringify({ host: "h", ...claimFields(claim) }))).toEqual(claim);
    }
  });

  test.each([
    "",
    "anything",
    "{",
    "[]",
    "null",
    '{"mode":"read"}',
    '{"permits":0,"of":3}',
    '{"permits":4,"of":3}',
    '{"permits":1}',
    '{"permits":1.5,"of":3}',
  ])("is an exclusive claim if it is none of ours: %j", (value) => {
    expect(claimOf(value)).toEqual(EXCLUSIVE);
  });
});

const anyReadWrite = fc.array(fc.constantFrom<Claim>(EXCLUSIVE, shared), { maxLength: 12 });
const anyPermits = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 4 }).map((count) => permits(count, 4)),
    fc.constant(EXCLUSIVE),
  ),
  { maxLength: 12 },
);

/** Plays a queue to its end: whoever is granted leaves, in an order that `picks` chooses. */
function play(claims: readonly Claim[], picks: readonly number[], look: (held: Place[]) => void) {
  let queue = queueOf(...claims);
  const granted: string[] = [];
  for (let round = 0; queue.length > 0; round++) {
    const held = queue.filter(({ claim }, at) => obstacles(claim, queue.slice(0, at)).length === 0);
    look(held);
    for (const { key } of held) if (!granted.includes(key)) granted.push(key);
    const leaving = held[(picks[round] ?? 0) % held.length]!;
    queue = queue.filter((place) => place !== leaving);
  }
  return granted;
}

describe("whatever is asked for", () => {
  const picks = fc.array(fc.nat(20), { maxLength: 12 });

  test("a writer is alone, and everybody is granted in the order of asking", () => {
    fc.assert(
      fc.property(anyReadWrite, picks, (claims, order) => {
        const granted = play(claims, order, (held) => {
          expect(held.length).toBeGreaterThan(0);
          if (held.some(({ claim }) => claim.kind === "exclusive")) expect(held.length).toBe(1);
        });
        expect(granted).toEqual(queueOf(...claims).map(({ key }) => key));
      }),
      { seed: testSeed() },
    );
  });

  test("no more permits are granted than there are, and everybody is granted in the order of asking", () => {
    fc.assert(
      fc.property(anyPermits, picks, (claims, order) => {
        const granted = play(claims, order, (held) => {
          expect(held.length).toBeGreaterThan(0);
          const taken = held.reduce(
            (sum, { claim }) => sum + (claim.kind === "permits" ? claim.permits : 4),
            0,
          );
          expect(taken).toBeLessThanOrEqual(4);
        });
        expect(granted).toEqual(queueOf(...claims).map(({ key }) => key));
      }),
      { seed: testSeed() },
    );
  });
});
