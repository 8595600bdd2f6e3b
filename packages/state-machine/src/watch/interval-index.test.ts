import { type ByteString, nextBelow, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { WatchCreateRequest } from "@conclave/wire";
import { expect, test } from "vitest";
import { type KeyRange, rangeContains } from "../mvcc/range-bounds.ts";
import { IntervalIndex } from "./interval-index.ts";
import { Watcher, type WatcherStream } from "./watcher.ts";

test("the watchers of a key are those whose range holds it, through adds and removes", () => {
  const prng = seededPrng(testSeed(5));
  const index = new IntervalIndex();
  const watchers: Watcher[] = [];
  const stream = {} as WatcherStream;
  const draw = () => `k${String(nextBelow(prng, 200)).padStart(3, "0")}` as ByteString;
  for (let step = 0; step < 4_000; step += 1) {
    if (nextBelow(prng, 10) < (step < 2_000 ? 7 : 3) || watchers.length === 0) {
      const [key, other] = [draw(), draw()].sort() as [ByteString, ByteString];
      const kind = nextBelow(prng, 4);
      const end = kind === 0 || key === other ? null : other;
      const range: KeyRange = { key, isSingle: kind === 1, end: kind === 1 ? null : end };
      const watcher = new Watcher(stream, step, range, 0, WatchCreateRequest.create());
      index.add(watcher);
      watchers.push(watcher);
    } else {
      const [watcher] = watchers.splice(nextBelow(prng, watchers.length), 1);
      index.remove(watcher!);
    }
    if (step % 20 !== 0) continue;
    const key = draw();
    const found: number[] = [];
    index.visit(key, (first) => {
      for (let at: Watcher | null = first; at !== null; at = at.nextOfRange) found.push(at.id);
    });
    const want = watchers.filter((watcher) => rangeContains(watcher, key)).map(({ id }) => id);
    expect(found.sort((a, b) => a - b)).toEqual(want.sort((a, b) => a - b));
  }
  for (const watcher of watchers) index.remove(watcher);
  expect(index.rangeCount).toBe(0);
});
