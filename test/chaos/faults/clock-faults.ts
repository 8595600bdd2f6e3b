import type { BeginFault } from "./active-fault.ts";

const HOUR_SECONDS = 3_600;

/** A wall clock jumps by up to an hour, and back. */
export const clockStep: BeginFault = async ({ plan, member }) => {
  const { clock } = member;
  if (clock === null) throw new Error("a plan without libfaketime has no such fault");
  const seconds = Math.round((plan.strength * 2 - 1) * HOUR_SECONDS);
  clock.set(seconds);
  return { text: `clock of ${member.name} by ${seconds} s`, end: async () => clock.set(0) };
};
