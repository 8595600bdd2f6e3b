import { DeleteRangeRequest, PutRequest } from "@conclave/wire";
import { describe, expect, test } from "vitest";
import { ReferenceModel } from "../../../packages/state-machine/src/reference-model.ts";
import type { Hold, SdkHold } from "../history.ts";
import { bytesOfText } from "../workload/client.ts";
import { checkLocks, checkSdkHolds } from "./locks.ts";

/** Revisions: "lock/a" comes at 2, "lock/b" at 3, and "lock/a" goes at 4. */
const model = new ReferenceModel();
for (const key of ["lock/a", "lock/b"]) model.put(PutRequest.create({ key: bytesOfText(key) }));
model.delete(DeleteRangeRequest.create({ key: bytesOfText("lock/a") }));

const hold = (key: string, revision: number): Hold => ({
  client: `c of ${key}`,
  key,
  revision,
  grantedMs: revision,
});

describe("locks of the server's service", () => {
  test("that go from the first in the queue to the next, in any order of their answers, are as promised", () => {
    expect(() => checkLocks([hold("lock/b", 4), hold("lock/a", 3)], model)).not.toThrow();
  });

  test.each<[problem: string, why: string, holds: Hold[]]>([
    ["K1: c of lock/b holds lock/b at 3", "granted to the second", [hold("lock/b", 3)]],
    ["K1: c of lock/a holds lock/a at 4", "granted to one whose key is gone", [hold("lock/a", 4)]],
    [
      "K1: c of lock/a holds lock/a at 1",
      "granted before anybody stood in line",
      [hold("lock/a", 1)],
    ],
    ["K2", "granted to the same key again", [hold("lock/a", 2), hold("lock/a", 3)]],
  ])("%s: %s", (problem, _why, holds) => {
    expect(() => checkLocks(holds, model)).toThrow(problem);
  });
});

const sdkHold = (fence: number, fromMs: number, toMs: number, name = "job"): SdkHold => ({
  client: `c${fence}`,
  name,
  fence,
  fromMs,
  toMs,
});

describe("locks of the SDK", () => {
  test("whose fences grow and that are held one after the other are as promised", () => {
    const holds = [sdkHold(2, 0, 10), sdkHold(3, 10, 20)];
    expect(() => checkSdkHolds(holds, model, true)).not.toThrow();
  });

  test("of different names have nothing to do with each other", () => {
    const holds = [sdkHold(3, 0, 10), sdkHold(2, 5, 20, "other")];
    expect(() => checkSdkHolds(holds, model, true)).not.toThrow();
  });

  test("may overlap where clocks drift: there the fence keeps them apart", () => {
    const holds = [sdkHold(2, 0, 10), sdkHold(3, 5, 20)];
    expect(() => checkSdkHolds(holds, model, false)).not.toThrow();
  });

  test.each<[problem: string, why: string, holds: SdkHold[]]>([
    ["K2: no key was made at 4", "a fence that is a deletion", [sdkHold(4, 0, 10)]],
    ["K2: no key was made at 9", "a fence from nowhere", [sdkHold(9, 0, 10)]],
    ["K2: job: the fence of c2 is 2", "an older fence", [sdkHold(3, 0, 10), sdkHold(2, 10, 20)]],
    ["K2: job: the fence of c2 is 2", "the same fence", [sdkHold(2, 0, 10), sdkHold(2, 10, 20)]],
    ["K6: job: c3 holds from 5 on", "two at a time", [sdkHold(2, 0, 10), sdkHold(3, 5, 20)]],
  ])("%s: %s", (problem, _why, holds) => {
    expect(() => checkSdkHolds(holds, model, true)).toThrow(problem);
  });
});
