import { expect, test } from "vitest";
import {
  byteStringOf,
  bytesOf,
  crc32c,
  Heap,
  nextBelow,
  seededPrng,
  VirtualClock,
} from "./index.ts";

test("a heap gives its items back in order", () => {
  const prng = seededPrng(1);
  const heap = new Heap<number>((a, b) => a < b);
  const pushed: number[] = [];
  for (let i = 0; i < 1000; i += 1) {
    const value = nextBelow(prng, 100);
    pushed.push(value);
    heap.push(value);
  }
  const popped: number[] = [];
  while (heap.size > 0) popped.push(heap.pop()!);
  expect(popped).toEqual(pushed.sort((a, b) => a - b));
});

test("a heap's first item gives its place to another, which leaves when it is its turn", () => {
  const heap = new Heap<number>((a, b) => a < b);
  for (const value of [5, 1, 9, 3]) heap.push(value);
  heap.replaceFirst(7);
  expect([heap.pop(), heap.pop(), heap.pop(), heap.pop(), heap.pop()]).toEqual([
    3,
    5,
    7,
    9,
    undefined,
  ]);
});

test("the same seed draws the same numbers, another seed draws others", () => {
  const draw = (seed: number) => {
    const prng = seededPrng(seed);
    return Array.from({ length: 8 }, () => prng.nextUint32());
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(2 ** 40)).not.toEqual(draw(2 ** 41));
});

test("byte strings keep every byte and compare as bytes do", () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(Uint8Array.from(bytesOf(byteStringOf(all)))).toEqual(all);
  expect(byteStringOf(Uint8Array.of(0x7f)) < byteStringOf(Uint8Array.of(0x80))).toBe(true);
  expect(byteStringOf(Uint8Array.of(1)) < byteStringOf(Uint8Array.of(1, 0))).toBe(true);
});

test("a virtual clock fires timers at their own time, in order, and not after cancel", () => {
  const clock = new VirtualClock();
  const fired: string[] = [];
  clock.setTimer(20, () => fired.push(`b@${clock.nowMs()}`));
  clock.setTimer(10, () => {
    fired.push(`a@${clock.nowMs()}`);
    clock.setTimer(5, () => fired.push(`nested@${clock.nowMs()}`));
  });
  clock.setTimer(12, () => fired.push("cancelled")).cancel();
  clock.advance(15);
  expect(fired).toEqual(["a@10", "nested@15"]);
  clock.advance(15);
  expect(fired).toEqual(["a@10", "nested@15", "b@20"]);
});

test("the virtual clock fires one timer at a time when asked, and none that is not due", () => {
  const clock = new VirtualClock();
  const fired: number[] = [];
  for (const dueMs of [5, 5, 20]) clock.setTimer(dueMs, () => fired.push(clock.nowMs()));
  expect([clock.fireNext(10), [...fired]]).toEqual([true, [5]]);
  expect([clock.fireNext(10), [...fired]]).toEqual([true, [5, 5]]);
  expect([clock.fireNext(10), clock.nowMs()]).toEqual([false, 5]);
});

// RFC 3720, B.4, and the check value of the CRC catalogue.
test.each([
  { bytes: Buffer.from("123456789"), crc: 0xe3069283 },
  { bytes: Buffer.alloc(32), crc: 0x8a9136aa },
  { bytes: Buffer.alloc(32, 0xff), crc: 0x62a8ab43 },
])("CRC-32C of known bytes is $crc", ({ bytes, crc }) => {
  expect(crc32c(bytes)).toBe(crc);
  expect(crc32c(bytes.subarray(5), crc32c(bytes.subarray(0, 5)))).toBe(crc);
  expect(crc32c(bytes, crc32c(bytes, 0, 0, 5), 5)).toBe(crc);
});

test("CRC-32C of a stretch is the same wherever it lies and however it is cut", () => {
  const prng = seededPrng(1);
  const source = Uint8Array.from({ length: 80 }, () => nextBelow(prng, 256));
  for (let from = 0; from < 12; from += 1) {
    for (let to = from; to <= source.length; to += 1) {
      let byByte = 0;
      for (let at = from; at < to; at += 1) byByte = crc32c(source, byByte, at, at + 1);
      expect(crc32c(source, 0, from, to), `[${from}, ${to})`).toBe(byByte);
      expect(crc32c(source.subarray(from, to))).toBe(byByte);
    }
  }
});
