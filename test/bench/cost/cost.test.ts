import { expect, test } from "vitest";
import { roomOf } from "./rooms.ts";
import { cpuShares } from "./shares.ts";
import { Sources } from "./sources.ts";
import { callsIn, scaledTo } from "./system-calls.ts";

const frame = (functionName: string, url: string) => ({
  functionName,
  url,
  scriptId: "1",
  lineNumber: 4,
  columnNumber: 0,
});

test("what is built in belongs to the room that called it, and V8's own names have rooms", () => {
  expect(roomOf("writev", ["", "node:internal/stream_base_commons"])).toBe("Node's sockets");
  expect(roomOf("slice", ["", "", "packages/raft/src/log.ts"])).toBe("consensus (`raft`)");
  expect(roomOf("(garbage collector)", ["packages/raft/src/log.ts"])).toBe("collector");
  expect(roomOf("slice", [""])).toBe("the rest of Node");
});

test("shares are of the samples that were not idle, without the profiler's own; those in system calls share the kernel's time", () => {
  const profile = {
    nodes: [
      { id: 1, callFrame: frame("(root)", ""), children: [2, 3, 4] },
      { id: 2, callFrame: frame("(idle)", "") },
      { id: 3, callFrame: frame("onread", "node:net"), children: [5] },
      { id: 4, callFrame: frame("post", "node:inspector") },
      { id: 5, callFrame: frame("writev", "") },
    ],
    startTime: 0,
    endTime: 1_000,
    samples: [2, 3, 5, 4, 5, 2, 5],
    timeDeltas: [500, 100, 150, 200, 150, 90_000, 80_000],
  };
  const { rooms, functions } = cpuShares(profile, 0.25, new Sources());
  expect([...rooms]).toEqual([["Node's sockets", 1]]);
  expect(functions).toEqual([
    { place: { name: "onread", source: "node:net", line: 5 }, share: 0.75 },
    { place: { name: "writev", source: "", line: 5 }, share: 0.25 },
  ]);
});

const SUMMARY = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.006000           6      1000           read
 30.00    0.003000           6       500        20 futex
 10.00    0.001000           2       500           pwrite64
------ ----------- ----------- --------- --------- ----------------
100.00    0.010000           5      2000        20 total
`;

test("the table of strace is read with and without errors, and brought to the kernel's own count", () => {
  const calls = callsIn(SUMMARY);
  expect([...calls]).toEqual([
    ["read", 1_000],
    ["futex", 500],
    ["pwrite64", 500],
  ]);
  expect(scaledTo(3_000, calls).get("futex")).toBe(1_000);
  expect(scaledTo(3_000, new Map([["futex", 7]])).get("futex")).toBe(7);
});
