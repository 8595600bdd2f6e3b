import { expect, test } from "vitest";
import { FaultScript, formatScript, parseScript, type ScriptedFault } from "./fault-script.ts";
import { shrink } from "./shrink.ts";

const faults: ScriptedFault[] = Array.from({ length: 40 }, (_, at) => ({
  atMs: at * 10.25,
  kind: at % 2 === 0 ? "crashes" : "heals",
  details: at % 3 === 0 ? `m${at}` : "",
}));

test("what is left of a fault script are the faults that it needs, and no other", async () => {
  const needed = [faults[3], faults[17], faults[38]];
  let runs = 0;
  const left = await shrink(faults, async (candidate) => {
    runs += 1;
    return needed.every((fault) => fault !== undefined && candidate.includes(fault));
  });
  expect(left).toEqual(needed);
  expect(runs).toBeLessThan(100);
});

test("a run that fails without any fault needs none", async () => {
  expect(await shrink(faults, async () => true)).toEqual([]);
});

test("a fault script is read back as it was written", () => {
  expect(parseScript(formatScript(41, faults))).toEqual({ seed: 41, faults });
  expect(() => parseScript("12 crashes m1")).toThrow("begins with its seed");
  expect(() => parseScript("seed 1\ncrashes")).toThrow("not a fault: crashes");
});

test("with a script only its faults happen, and those that happen are recorded", () => {
  const script = new FaultScript(faults.slice(0, 1));
  expect(script.admits(0, "crashes", "m0")).toBe(true);
  expect(script.admits(0, "crashes", "m1")).toBe(false);
  expect(script.faults).toEqual(faults.slice(0, 1));
  expect(new FaultScript().admits(1, "heals", "")).toBe(true);
});
