import type { Prng } from "@conclave/base";
import { mutated } from "./inputs.ts";

type ErrorClass = abstract new (...args: never[]) => Error;

/** A place where bytes or text from outside come in. */
export interface Door {
  readonly name: string;
  /** Inputs that are in order, to start from. */
  readonly corpus: readonly Uint8Array[];
  /** Default 4 KiB. */
  readonly inputBytesMax?: number;
  /** Draws an input from nothing, where random bytes would not get past the first check. */
  readonly generate?: (prng: Prng) => Uint8Array;
  /** Lets an input in. What else than a listed refusal it throws is a bug; so is what it asserts itself. */
  readonly knock: (input: Uint8Array) => void | Promise<void>;
  readonly refusals: readonly ErrorClass[];
}

/** No input may keep the event loop for longer. */
const KNOCK_MS_MAX = 1_000;
/** What is held after a while of knocking may not have grown by more: each knock's memory is its own. */
const HELD_BYTES_MAX = 256 * 2 ** 20;
const LOOK_AT_MEMORY_EVERY = 4_096;

export interface Knocks {
  readonly accepted: number;
  readonly refused: number;
}

/**
 * Knocks `count` times, with mutations of what is in order and with what was drawn from nothing.
 * @throws Error with the input in hex
 */
export async function knockAtRandom(door: Door, prng: Prng, count: number): Promise<Knocks> {
  const heldBefore = heldBytes();
  let accepted = 0;
  for (let knock = 0; knock < count; knock++) {
    const input = mutated(prng, door);
    if (await isLetIn(door, input)) accepted += 1;
    if (knock % LOOK_AT_MEMORY_EVERY === 0 && heldBytes() - heldBefore > HELD_BYTES_MAX) {
      throw new Error(`${door.name} holds more and more memory: ${hex(input)}`);
    }
  }
  return { accepted, refused: count - accepted };
}

async function isLetIn(door: Door, input: Uint8Array): Promise<boolean> {
  const beganMs = performance.now();
  let isIn = true;
  try {
    const knocking = door.knock(input);
    if (knocking !== undefined) await knocking;
  } catch (error) {
    isIn = false;
    if (!door.refusals.some((refusal) => error instanceof refusal)) {
      throw new Error(`${door.name} broke on ${hex(input)}`, { cause: error });
    }
  }
  const tookMs = performance.now() - beganMs;
  if (tookMs > KNOCK_MS_MAX) {
    throw new Error(`${door.name} took ${tookMs.toFixed(0)} ms for ${hex(input)}`);
  }
  return isIn;
}

function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function hex(input: Uint8Array): string {
  return Buffer.from(input).toString("hex") || "nothing";
}
