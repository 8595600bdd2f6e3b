import { nextBelow, type Prng } from "@conclave/base";
import type { TamperKind } from "@conclave/testing/cluster";
import type { Fault, FaultWorld } from "./world.ts";

const SPELL_MS_MAX = 1_500;

/** F20, F22: what happens to the messages of one direction between two members for a while. */
export const MESSAGE_FAULTS = {
  dropMessages: (world, prng) => tamper(world, prng, "drop", 0.5),
  duplicateMessages: (world, prng) => tamper(world, prng, "duplicate", 0.5),
  delayMessages: (world, prng) => tamper(world, prng, "delay", 0.3),
  replayMessages: (world, prng) => tamper(world, prng, "replay", 0.5),
  corruptMessages: (world, prng) => tamper(world, prng, "corrupt", 0.1),
} as const satisfies Record<string, Fault>;

function tamper(world: FaultWorld, prng: Prng, kind: TamperKind, most: number): boolean {
  const pair = world.drawPair(prng);
  if (pair === null) return false;
  const [from, to] = pair;
  const probability = (most * (1 + nextBelow(prng, 100))) / 100;
  const { cluster } = world;
  cluster.note(`${from.name} > ${to.name}: ${kind} ${probability}`);
  cluster.tampering.set(from.name, to.name, { [kind]: probability });
  world.later(nextBelow(prng, SPELL_MS_MAX), () => {
    cluster.tampering.set(from.name, to.name, null);
  });
  return true;
}
