import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { beforeContinuations } from "./stall-guard.ts";

test("the check comes before code goes on after an await, whatever it awaited, until it is stopped", async () => {
  let checks = 0;
  const stop = beforeContinuations(() => {
    checks += 1;
  });
  for (const awaited of [() => null, () => sleep(1), () => nextTurn()]) {
    checks = 0;
    await awaited();
    expect(checks).toBeGreaterThan(0);
  }
  stop();
  checks = 0;
  await nextTurn();
  expect(checks).toBe(0);
});

test("stopping one check, even twice, leaves the others", async () => {
  let checks = 0;
  const stopOther = beforeContinuations(() => {});
  const stop = beforeContinuations(() => {
    checks += 1;
  });
  stopOther();
  stopOther();
  await null;
  expect(checks).toBeGreaterThan(0);
  stop();
});
