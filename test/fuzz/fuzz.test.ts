import { seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { expect, test } from "vitest";
import { knockAtRandom } from "./door.ts";
import { messageDoors, transportDoors } from "./protocol-doors.ts";
import { requestDoors } from "./request-doors.ts";
import { diskDoors, peerDoors } from "./storage-doors.ts";
import { textDoors } from "./text-doors.ts";

/** `CONCLAVE_KNOCKS` goes on for longer. */
const knocks = Number(process.env.CONCLAVE_KNOCKS ?? 10_000);

const doors = [
  ...transportDoors,
  ...messageDoors,
  ...requestDoors,
  ...peerDoors,
  ...diskDoors,
  ...textDoors,
];

test.each(doors)(
  "$name: is taken or refused in time, whatever comes",
  async (door) => {
    const result = await knockAtRandom(door, seededPrng(testSeed()), knocks);
    // A door that refuses everything, or nothing, is not being tested behind its first check.
    expect(result.accepted).toBeGreaterThan(0);
  },
  120_000,
);
