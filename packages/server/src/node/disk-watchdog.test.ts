import { deferred } from "@conclave/base";
import { expect, test } from "vitest";
import { silentLogger } from "../observe/logger.ts";
import { DiskWatchdog } from "./disk-watchdog.ts";

const PATIENCE_MS = 1_000;

function watched() {
  const state = { stalledMs: 0, isLeader: true, handOvers: [] as (() => void)[] };
  const lines: string[] = [];
  const write = (message: string) => void lines.push(message);
  const watchdog = new DiskWatchdog({
    wal: state,
    patienceMs: PATIENCE_MS,
    isLeader: () => state.isLeader,
    handOver: () => {
      const { promise, resolve } = deferred<void>();
      state.handOvers.push(resolve);
      return promise;
    },
    logger: { ...silentLogger, info: write, warn: write },
  });
  const tick = (stalledMs: number): void => {
    state.stalledMs = stalledMs;
    watchdog.onTick();
  };
  return { state, lines, watchdog, tick };
}

const HANGS = "the disk does not answer: a write to the log has not returned";

test("a write that takes no longer than an election timeout is no reason to do anything", () => {
  const { state, lines, watchdog, tick } = watched();
  tick(PATIENCE_MS);
  expect(lines).toEqual([]);
  expect(watchdog.stalls).toBe(0);
  expect(state.handOvers).toEqual([]);
});

// F12: heartbeats still leave, so nobody would replace it.
test("a leader whose disk hangs hands over, and says so once however long it hangs", () => {
  const { state, lines, watchdog, tick } = watched();
  for (const stalledMs of [1_001, 1_101, 9_000]) tick(stalledMs);
  expect(lines).toEqual([HANGS]);
  expect(watchdog.stalls).toBe(1);
  expect(state.handOvers).toHaveLength(1);
});

test("a leader that found nobody to take over tries again while its disk hangs", async () => {
  const { state, tick } = watched();
  tick(1_001);
  state.handOvers[0]?.();
  await new Promise(process.nextTick);
  tick(1_101);
  expect(state.handOvers).toHaveLength(2);
});

test("a follower whose disk hangs has nothing to hand over", () => {
  const { state, lines, tick } = watched();
  state.isLeader = false;
  tick(1_001);
  expect(lines).toEqual([HANGS]);
  expect(state.handOvers).toEqual([]);
});

test("a disk that answers again and hangs again is a second stall", () => {
  const { lines, watchdog, tick } = watched();
  for (const stalledMs of [1_001, 0, 2_000]) tick(stalledMs);
  expect(lines).toEqual([HANGS, "the disk answers again", HANGS]);
  expect(watchdog.stalls).toBe(2);
});
