import { expect, test } from "vitest";
import { silentLogger } from "../observe/logger.ts";
import { DiskSpaceWatch } from "./disk-space.ts";

const MIB = 1024 * 1024;

function watched(totalMiB: number) {
  const disk = { availableMiB: totalMiB, fails: false };
  const alarm = { isRaised: false, changes: 0 };
  const watch = new DiskSpaceWatch({
    look: async () => {
      if (disk.fails) throw new Error("EIO");
      return { availableBytes: disk.availableMiB * MIB, totalBytes: totalMiB * MIB };
    },
    raise: () => {
      if (alarm.isRaised) return false;
      alarm.isRaised = true;
      alarm.changes += 1;
      return true;
    },
    clear: () => {
      alarm.isRaised = false;
      alarm.changes += 1;
    },
    logger: silentLogger,
  });
  let nowMs = 0;
  const look = async (availableMiB: number): Promise<boolean> => {
    disk.availableMiB = availableMiB;
    nowMs += 1_000;
    watch.onTick(nowMs);
    await new Promise((resolve) => setImmediate(resolve));
    return alarm.isRaised;
  };
  return { disk, alarm, look };
}

test("the alarm is raised below the reserve and taken back at twice the reserve, not between", async () => {
  const { alarm, look } = watched(100_000);
  expect(await look(128)).toBe(false);
  expect(await look(127)).toBe(true);
  expect(await look(200)).toBe(true);
  expect(await look(257)).toBe(false);
  expect(await look(200)).toBe(false);
  expect(alarm.changes).toBe(2);
});

test("on a small file system the reserve is a tenth of it", async () => {
  const { look } = watched(200);
  expect(await look(21)).toBe(false);
  expect(await look(19)).toBe(true);
});

test("an alarm that was raised otherwise, as for the quota, stays the operator's", async () => {
  const { alarm, look } = watched(1_000);
  alarm.isRaised = true;
  await look(10);
  expect(await look(900)).toBe(true);
  expect(alarm.changes).toBe(0);
});

test("a file system that cannot be asked raises nothing, and is asked again", async () => {
  const { disk, look } = watched(1_000);
  disk.fails = true;
  expect(await look(10)).toBe(false);
  disk.fails = false;
  expect(await look(10)).toBe(true);
});
