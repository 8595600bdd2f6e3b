import { nextBelow, nextChance, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { DeleteRangeRequest, PutRequest, RangeRequest, SortOrder } from "@conclave/wire";
import { expect, test } from "vitest";
import { CommandKind } from "../command.ts";
import { bytes, Member } from "../testing.ts";
import { RangeReading } from "./range-reading.ts";
import { SlicedSort } from "./sliced-sort.ts";

test("a sort in steps of any size is the sort in one go, and equal ones stay in order", () => {
  const prng = seededPrng(testSeed());
  for (const size of [0, 1, 2, 1_023, 1_024, 1_025, 3_000, 10_000]) {
    const values = Array.from({ length: size }, () => nextBelow(prng, 1 + size / 3));
    const compare = (a: number, b: number) => values[a]! - values[b]!;
    const expected = values.map((_, at) => at).sort((a, b) => compare(a, b) || a - b);
    for (const work of [1, 777, Number.POSITIVE_INFINITY]) {
      const sort = new SlicedSort(size, compare);
      for (let steps = 0; !sort.step(work).isDone; steps += 1) expect(steps).toBeLessThan(200_000);
      expect([...sort.order]).toEqual(expected);
    }
  }
});

test("a step of a sort does about the work it was given", () => {
  const sort = new SlicedSort(100_000, (a, b) => b - a);
  for (;;) {
    const { isDone, work } = sort.step(5_000);
    expect(work).toBeLessThan(5_000 + 1_024 * 10);
    if (isDone) break;
  }
});

const put = (member: Member, key: string, value: string) =>
  member.execute(CommandKind.PUT, PutRequest.encode({ key: bytes(key), value: bytes(value) }));

const remove = (member: Member, key: string, rangeEnd = "") =>
  member.execute(
    CommandKind.DELETE_RANGE,
    DeleteRangeRequest.encode({ key: bytes(key), rangeEnd: bytes(rangeEnd) }),
  );

const requestOf = (fields: Parameters<typeof RangeRequest.encode>[0]) =>
  RangeRequest.decode(
    RangeRequest.encode({ key: bytes("k"), rangeEnd: bytes("l"), serializable: true, ...fields }),
  );

test("a range read in steps is the range as it was when it began, whatever is written meanwhile", () => {
  const prng = seededPrng(testSeed());
  const member = new Member();
  for (let count = 0; count < 400; count++) {
    put(member, `k${nextBelow(prng, 300)}`, `${nextBelow(prng, 9)}`);
  }
  for (let round = 0; round < 300; round++) {
    const request = requestOf({
      limit: nextChance(prng, 0.5) ? nextBelow(prng, 40) : 0,
      revision: nextChance(prng, 0.3) ? member.machine.revision - nextBelow(prng, 50) : 0,
      sortOrder: nextBelow(prng, 3) as 0,
      sortTarget: nextBelow(prng, 5) as 0,
      keysOnly: nextChance(prng, 0.2),
      countOnly: nextChance(prng, 0.1),
      minModRevision: nextChance(prng, 0.2) ? nextBelow(prng, 300) : 0,
      maxCreateRevision: nextChance(prng, 0.2) ? nextBelow(prng, 900) : 0,
    });
    const expected = member.machine.range(request);
    const reading = member.machine.readRange(request, 1);
    if (!(reading instanceof RangeReading)) {
      expect(request.countOnly).toBe(true);
      expect(reading).toEqual(expected);
      continue;
    }
    while (!reading.step(1 + nextBelow(prng, 60))) {
      const key = `k${nextBelow(prng, 400)}`;
      if (nextChance(prng, 0.5)) put(member, key, "later");
      else if (nextChance(prng, 0.4)) remove(member, key);
    }
    const { kvs, more, count } = reading.answer();
    expect({ kind: "range", revision: reading.storeRevision, kvs, more, count }).toEqual(expected);
  }
});

test("keys that are gone are passed over in steps, too, where an older revision is read", () => {
  const member = new Member();
  for (let at = 0; at < 2_000; at++) put(member, `k${at}`, "");
  remove(member, "k", "l");
  const revision = member.machine.revision;
  put(member, "later", "");
  const reading = member.machine.readRange(requestOf({ revision }), 500);
  expect(reading).toBeInstanceOf(RangeReading);
});

test("keys that are gone cost a read of the latest revision nothing, however many they are", () => {
  const member = new Member();
  put(member, "k", "first");
  for (let at = 0; at < 20_000; at++) {
    put(member, `k/${at}`, "");
    remove(member, `k/${at}`);
  }
  put(member, "k0", "last");
  expect(member.machine.readRange(requestOf({}), 300)).toMatchObject({ count: 2 });
  put(member, "k/1x", "");
  expect(member.machine.readRange(requestOf({}), 300)).toMatchObject({ count: 3 });
});

test("keys beyond the limit are counted without being passed over", () => {
  const member = new Member();
  for (let at = 0; at < 20_000; at++) put(member, `k${at}`, "");
  remove(member, "k777");
  const read = (fields: Parameters<typeof requestOf>[0]) =>
    member.machine.readRange(requestOf(fields), 300);
  expect(read({ limit: 5 })).toMatchObject({ count: 19_999, more: true });
  expect(read({ limit: 5, key: bytes("k19999") })).toMatchObject({ count: 8_888, more: true });
  expect(read({ countOnly: true })).toMatchObject({ count: 19_999 });
  expect(read({ limit: 5, sortOrder: SortOrder.DESCEND })).toBeInstanceOf(RangeReading);
});

test("a range that takes less than its work is answered at once", () => {
  const member = new Member();
  for (let at = 0; at < 100; at++) put(member, `k${at}`, "");
  expect(member.machine.readRange(requestOf({ limit: 10 }), 1_000)).toMatchObject({
    kind: "range",
    count: 100,
    more: true,
  });
});

test("a reading is void once the state it reads was replaced", () => {
  const member = new Member();
  for (let at = 0; at < 100; at++) put(member, `k${at}`, "");
  const reading = member.machine.readRange(requestOf({}), 10) as RangeReading;
  expect(reading.isVoid).toBe(false);
  member.machine.reset();
  expect(reading.isVoid).toBe(true);
});

test("few keys with large values are read in steps, too", () => {
  const member = new Member();
  for (let at = 0; at < 20; at++) put(member, `k${at}`, "v".repeat(100_000));
  const reading = member.machine.readRange(requestOf({}), 1_000);
  if (!(reading instanceof RangeReading)) throw new Error("2 MB in one step");
  expect(reading.pairBytes).toBeLessThan(500_000);
  while (!reading.step(1_000));
  expect(reading.answer().kvs).toHaveLength(20);
});
