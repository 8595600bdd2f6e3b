import { seededPrng } from "@conclave/base";
import { expect, test } from "vitest";
import { knockAtRandom } from "./door.ts";
import { messageDoors, transportDoors } from "./protocol-doors.ts";
import { requestDoors } from "./request-doors.ts";
import { diskDoors, peerDoors } from "./storage-doors.ts";
import { textDoors } from "./text-doors.ts";

/** `CONCLAVE_SEED=n npx vitest run test/fuzz -t 'name of a door'` replays; `CONCLAVE_KNOCKS` goes on for longer. */
const seed = Number(process.env.CONCLAVE_SEED ?? crypto.getRandomValues(new Uint32Array(1))[0]);
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
    const result = await knockAtRandom(door, seededPrng(seed), knocks).catch((error: unknown) => {
      throw new Error(`CONCLAVE_SEED=${seed} CONCLAVE_KNOCKS=${knocks}`, { cause: error });
    });
    // A door that refuses everything, or nothing, is not being tested behind its first check.
    expect(result.accepted).toBeGreaterThan(0);
  },
  120_000,
);
