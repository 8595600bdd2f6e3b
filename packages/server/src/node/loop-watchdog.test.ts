import { VirtualClock } from "@conclave/base";
import { expect, test } from "vitest";
import { createLogger } from "../observe/logger.ts";
import { LoopWatchdog } from "./loop-watchdog.ts";

const EVERY_MS = 100;

/** A watchdog whose timer runs late by what is asked for. */
function watched() {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const watchdog = new LoopWatchdog(
    createLogger({
      level: "warn",
      format: "json",
      write: (line) => lines.push(line),
      now: () => new Date(0),
    }),
  );
  const run = (lateMs: number): void => {
    clock.advance(EVERY_MS + lateMs);
    watchdog.onTick(clock.nowMs(), EVERY_MS);
  };
  run(0);
  return { watchdog, lines, run };
}

test("a timer that runs when it is due, or a little later, says nothing", () => {
  const { watchdog, lines, run } = watched();
  for (const lateMs of [0, 5, 150, 200, 0]) run(lateMs);
  expect(watchdog).toMatchObject({ lateCount: 0, lateMsMax: 200 });
  expect(lines).toEqual([]);
});

test("one that is later than 200 ms is counted, and told", () => {
  const { watchdog, lines, run } = watched();
  run(900);
  run(0);
  expect(watchdog).toMatchObject({ lateCount: 1, lateMsMax: 900 });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ lateMs: 900, times: 1 }]);
});

test("one that is late all the time is a line in ten seconds", () => {
  const { watchdog, lines, run } = watched();
  for (let times = 0; times < 100; times += 1) run(300);
  expect(watchdog.lateCount).toBe(100);
  expect(lines).toHaveLength(4); // 40 s
});
