import { nextBelow } from "@conclave/base";
import type { Fault } from "./world.ts";

/** Until the one that takes the place of a removed member is added. Milliseconds. */
const REPLACED_MS_MAX = 1_000;

/** F27, F28: members come and go while everything else goes wrong. Counted when it is done: what is asked for may be refused. */
export const MEMBERSHIP_FAULTS = {
  addMember: ({ operator }) => operator.add("addMember", false),
  addLearner: ({ operator }) => operator.add("addLearner", true),
  promoteLearner: ({ operator }) => operator.promote("promoteLearner"),
  removeMember: (world, prng) => {
    const member = world.draw(prng);
    return member !== null && world.operator.remove("removeMember", member);
  },
  replaceMember: (world, prng) => {
    const member = world.draw(prng);
    if (member === null) return false;
    const { operator } = world;
    const afterMs = nextBelow(prng, REPLACED_MS_MAX);
    return operator.remove("removeMember", member, () => {
      world.later(afterMs, () => operator.add("replaceMember", false));
    });
  },
} as const satisfies Record<string, Fault>;
