import { seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { afterAll, expect, test } from "vitest";
import { keepFinds, keptInputs } from "./corpus.ts";
import { Knocker, type Knocks } from "./door.ts";
import { HangGuard } from "./hang-guard.ts";
import { httpDoors } from "./http-door.ts";
import { peerDoors } from "./peer-doors.ts";
import { messageDoors, transportDoors } from "./protocol-doors.ts";
import { report } from "./report.ts";
import { requestDoors } from "./request-doors.ts";
import { sdkDoors } from "./sdk-doors.ts";
import { diskDoors } from "./storage-doors.ts";
import { textDoors } from "./text-doors.ts";

/** `CONCLAVE_KNOCKS` goes on for longer. */
const knocks = Number(process.env.CONCLAVE_KNOCKS ?? 10_000);

const doors = [
  ...transportDoors,
  ...httpDoors,
  ...messageDoors,
  ...requestDoors,
  ...peerDoors,
  ...diskDoors,
  ...sdkDoors,
  ...textDoors,
];

const kept = keptInputs();
const guard = new HangGuard();
const results: Knocks[] = [];
const unhandled: unknown[] = [];
const [beganMs, cpuBefore] = [performance.now(), process.cpuUsage()];
process.on("unhandledRejection", onUnhandled);

function onUnhandled(error: unknown): void {
  unhandled.push(error);
}

afterAll(async () => {
  process.off("unhandledRejection", onUnhandled);
  await guard[Symbol.asyncDispose]();
  const { user, system } = process.cpuUsage(cpuBefore);
  // A door that broke has no result: then there is nothing good to say.
  if (results.length === doors.length) {
    report(results, performance.now() - beganMs, (user + system) / 1_000);
  }
  if (process.env.CONCLAVE_KEEP !== undefined) keepFinds(results);
});

test("what is kept belongs to doors that are there", () => {
  const names = new Set(doors.map(({ name }) => name));
  expect(names.size).toBe(doors.length);
  expect([...kept.keys()].filter((name) => !names.has(name))).toEqual([]);
});

test.each(doors)(
  "$name: is taken or refused in time, whatever comes",
  async (door) => {
    const knocker = new Knocker(door, guard);
    for (const input of kept.get(door.name) ?? []) await knocker.knock(input);
    const count = Math.ceil(knocks * (door.share ?? 1));
    await knocker.knockAtRandom(seededPrng(testSeed()), count);
    const { result } = knocker;
    expect(unhandled).toEqual([]);
    // A door that refuses everything is not being tested behind its first check.
    expect(result.accepted).toBeGreaterThan(0);
    results.push(result);
  },
  120_000,
);
