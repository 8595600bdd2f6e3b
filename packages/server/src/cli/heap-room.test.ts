import { execFileSync } from "node:child_process";
import { VirtualClock } from "@conclave/base";
import { expect, test } from "vitest";
import { giveHeapRoom, HEAP_ROOM_BYTES, isHeapGrowthSet, processHeap } from "./heap-room.ts";

const MIB = 1024 * 1024;

/** What is set while the heap has each of these sizes for a second, in turn. */
function percentsFor(...sizes: readonly number[]): number[] {
  const set: number[] = [];
  const clock = new VirtualClock();
  let usedBytes = sizes[0]!;
  const heap = { usedBytes: () => usedBytes, setGrowingPercent: (p: number) => set.push(p) };
  giveHeapRoom(heap, clock);
  for (const size of sizes.slice(1)) {
    usedBytes = size;
    clock.advance(1_000);
  }
  return set;
}

test.each([
  { usedBytes: 8 * MIB, percent: 400 },
  { usedBytes: 10 * MIB, percent: 300 },
  { usedBytes: 16 * MIB, percent: 200 },
  { usedBytes: HEAP_ROOM_BYTES - 1, percent: 100 },
])("a heap of $usedBytes bytes may grow by $percent %", ({ usedBytes, percent }) => {
  expect(percentsFor(usedBytes)).toEqual([percent]);
});

test("a heap that is large, or has become so, is left to V8", () => {
  expect(percentsFor(100 * MIB)).toEqual([]);
  expect(percentsFor(16 * MIB, 100 * MIB, 16 * MIB)).toEqual([200, 0, 200]);
});

test("nothing is set anew while nothing changes", () => {
  expect(percentsFor(16 * MIB, 15 * MIB, 16 * MIB)).toEqual([200]);
});

test.each([
  { nodeFlags: ["--heap-growing-percent=50"], nodeOptions: undefined, isSet: true },
  { nodeFlags: [], nodeOptions: "--heap_growing_percent=50", isSet: true },
  { nodeFlags: ["--max-semi-space-size=64"], nodeOptions: "", isSet: false },
])("whoever sets it with $nodeFlags $nodeOptions has decided: $isSet", (row) => {
  expect(isHeapGrowthSet(row.nodeFlags, row.nodeOptions)).toBe(row.isSet);
});

test("V8 knows the flag, and how large the heap is", () => {
  // Node ends with code 9 at a flag that V8 does not know.
  execFileSync(process.execPath, ["--heap-growing-percent=300", "-e", "0"]);
  expect(processHeap().usedBytes()).toBeGreaterThan(MIB);
});
