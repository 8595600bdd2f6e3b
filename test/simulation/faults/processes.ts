import { nextBelow } from "@conclave/base";
import type { Fault } from "./world.ts";

/** A stop as of SIGSTOP or of a machine that is moved; elections and leases pass by. Milliseconds. */
const PAUSE_MS_MAX = 5_000;
/** A loop that is busy: garbage collection, a large sort. Milliseconds. */
const STALL_MS_MAX = 400;
const CLOCK_JUMP_MS_MAX = 4_000;

/** F1, F4, F5, F23 to F25, F43: processes end, machines lose power, nothing runs for a while, clocks jump. */
export const PROCESS_FAULTS = {
  kill: (world, prng) => {
    const member = world.drawUp(prng);
    member?.kill();
    return member !== null;
  },
  powerCut: (world, prng) => {
    const member = world.drawUp(prng);
    member?.crash();
    return member !== null;
  },
  powerCutOfAll: ({ cluster }) => {
    const up = cluster.members.filter(({ isUp }) => isUp);
    for (const member of up) member.crash();
    return up.length > 0;
  },
  pause: (world, prng) => {
    const member = world.drawUp(prng);
    member?.pause(nextBelow(prng, PAUSE_MS_MAX));
    return member !== null;
  },
  stall: (world, prng) => {
    const member = world.drawUp(prng);
    member?.pause(nextBelow(prng, STALL_MS_MAX));
    return member !== null;
  },
  clockJump: (world, prng) => {
    const member = world.drawUp(prng);
    member?.jumpClock(nextBelow(prng, CLOCK_JUMP_MS_MAX));
    return member !== null;
  },
  handOver: ({ leader, cluster }) => {
    if (leader?.node == null || leader.isPaused) return false;
    cluster.note(`${leader.name} hands over`);
    leader.node.handOver().catch((error: unknown) => cluster.fail(error));
    return true;
  },
} as const satisfies Record<string, Fault>;
