import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import type { Clock } from "@conclave/base";

/**
 * What a small heap may take on between two full collections. V8 gives it 8 MiB, and counts buffers: under load, with a heap of
 * 10 MiB, it went through all of it five times a second, for an eighth of the CPU of a put. Bytes.
 */
export const HEAP_ROOM_BYTES = 32 * 1024 * 1024;
/** A heap as large as this has room enough by V8's own reckoning, and would pay for more with memory. Bytes. */
const SMALL_HEAP_BYTES = HEAP_ROOM_BYTES;
const GROWING_PERCENT_MAX = 400;
/** Steps, so that it is seldom set. */
const PERCENT_STEP = 50;
/** How often the heap is looked at. Milliseconds. */
const LOOK_MS = 1_000;

/** The heap of V8, without its young generation. */
export interface Heap {
  usedBytes(): number;
  /** By how much of itself it grows before the next full collection; 0: as V8 sees fit. */
  setGrowingPercent(percent: number): void;
}

/** Looks after the room of the heap for as long as the process lives. */
export function giveHeapRoom(heap: Heap, clock: Clock): void {
  let before = 0;
  const look = (): void => {
    const percent = growingPercentOf(heap.usedBytes());
    if (percent !== before) heap.setGrowingPercent(percent);
    before = percent;
    clock.setTimer(LOOK_MS, look);
  };
  look();
}

function growingPercentOf(usedBytes: number): number {
  if (usedBytes >= SMALL_HEAP_BYTES) return 0;
  const percent = Math.floor((100 * HEAP_ROOM_BYTES) / usedBytes / PERCENT_STEP) * PERCENT_STEP;
  return Math.min(percent, GROWING_PERCENT_MAX);
}

/** What is read only is no part of it, nor what is collected apart. */
const OTHER_SPACES: ReadonlySet<string> = new Set([
  "read_only_space",
  "new_space",
  "new_large_object_space",
]);

/** The heap of this process. V8 reads the flag whenever it sets itself the next limit. */
export function processHeap(): Heap {
  return {
    usedBytes: () => {
      let bytes = 0;
      for (const { space_name, space_used_size } of getHeapSpaceStatistics()) {
        if (!OTHER_SPACES.has(space_name)) bytes += space_used_size;
      }
      return bytes;
    },
    setGrowingPercent: (percent) => setFlagsFromString(`--heap-growing-percent=${percent}`),
  };
}

/** Whether whoever started the process has decided about the growth of its heap. */
export function isHeapGrowthSet(
  nodeFlags: readonly string[],
  nodeOptions: string | undefined,
): boolean {
  return [...nodeFlags, nodeOptions ?? ""].some((text) => /heap[-_]growing[-_]percent/.test(text));
}
