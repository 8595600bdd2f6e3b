import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import type { Prng } from "@conclave/base";
import type { HangGuard } from "./hang-guard.ts";
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
  /**
   * Lets an input in. What else than a listed refusal it throws is a bug; so is what it asserts itself. Where inputs end
   * in different ways without throwing, it returns, or resolves to, a text that says in which.
   */
  readonly knock: (input: Uint8Array) => unknown;
  readonly refusals: readonly ErrorClass[];
  /** So many of the usual number of knocks are enough, because each costs as much more. Default 1. */
  readonly share?: number;
}

/** No input may keep the event loop for longer. */
const KNOCK_MS_MAX = 1_000;
/** A machine with other work may be late now and then, an input that is slow is so again. */
const SLOW_TIMES_MAX = 3;
/** One knock may not take more memory, whatever lengths its input claims: inputs have a few KiB. */
const TAKEN_BYTES_MAX = 16 * 2 ** 20;
/** What is held after a while of knocking may not have grown by more: each knock's memory is its own. */
const HELD_BYTES_MAX = 256 * 2 ** 20;
/** Inputs that ended as none before did, which later ones are made from. Count. */
const FINDS_MAX = 64;
/** How soon an input that got somewhere new is mutated itself. Inputs. */
const FINDS_USED_AFTER = 256;

/** What a while of knocking at one door amounted to. */
export interface Knocks {
  readonly door: string;
  readonly count: number;
  readonly accepted: number;
  /** Ways in which inputs ended: taken, or refused with one text or another. */
  readonly outcomes: number;
  /** The first input that ended in each of them. */
  readonly finds: readonly Uint8Array[];
  /** Of the most costly input. */
  readonly takenBytesMax: number;
}

/**
 * One door and whoever knocks. What is in order is mutated, or drawn from nothing; an input that is refused with a text that
 * was not seen before has got somewhere new, and is mutated in its turn.
 */
export class Knocker {
  readonly #door: Door;
  readonly #guard: HangGuard;
  readonly #outcomes = new Set<string>();
  readonly #finds: Uint8Array[] = [];
  readonly #heldBytesBefore = takenBytes();
  #count = 0;
  #accepted = 0;
  #takenBytesMax = 0;

  constructor(door: Door, guard: HangGuard) {
    this.#door = door;
    this.#guard = guard;
  }

  /** @throws Error with the input in hex */
  async knock(input: Uint8Array): Promise<void> {
    const outcome = await this.#outcomeOf(input);
    this.#count += 1;
    if (!outcome.startsWith(REFUSED)) this.#accepted += 1;
    if (this.#outcomes.has(outcome)) return;
    this.#outcomes.add(outcome);
    if (this.#finds.length < FINDS_MAX) this.#finds.push(Uint8Array.from(input));
  }

  /** @throws as {@link knock} */
  async knockAtRandom(prng: Prng, count: number): Promise<void> {
    const { corpus } = this.#door;
    for (let left = count; left > 0; left -= FINDS_USED_AFTER) {
      const source = { ...this.#door, corpus: [...corpus, ...this.#finds] };
      for (let knock = Math.min(left, FINDS_USED_AFTER); knock > 0; knock--) {
        await this.knock(mutated(prng, source));
      }
    }
    await turnOfTheLoop(); // what was left unhandled comes to light
    if (takenBytes() - this.#heldBytesBefore > HELD_BYTES_MAX) {
      throw new Error(`${this.#door.name} holds more and more memory`);
    }
  }

  get result(): Knocks {
    return {
      door: this.#door.name,
      count: this.#count,
      accepted: this.#accepted,
      outcomes: this.#outcomes.size,
      finds: this.#finds,
      takenBytesMax: this.#takenBytesMax,
    };
  }

  async #outcomeOf(input: Uint8Array): Promise<string> {
    for (let times = 1; ; times++) {
      const takenBefore = takenBytes();
      const beganMs = performance.now();
      this.#guard.enter(this.#door.name, input);
      const outcome = await this.#letIn(input);
      this.#guard.leave();
      const tookMs = performance.now() - beganMs;
      const taken = takenBytes() - takenBefore;
      this.#takenBytesMax = Math.max(this.#takenBytesMax, taken);
      if (taken > TAKEN_BYTES_MAX) this.#tooCostly(`${taken} bytes`, input);
      if (tookMs <= KNOCK_MS_MAX) return outcome;
      if (times === SLOW_TIMES_MAX) this.#tooCostly(`${tookMs.toFixed(0)} ms`, input);
    }
  }

  #tooCostly(cost: string, input: Uint8Array): never {
    throw new Error(`${this.#door.name} took ${cost} for ${hexOf(input)}`);
  }

  async #letIn(input: Uint8Array): Promise<string> {
    try {
      const knocking = this.#door.knock(input);
      const ending = knocking instanceof Promise ? await knocking : knocking;
      return typeof ending === "string" ? ending : TAKEN;
    } catch (error) {
      if (this.#door.refusals.some((refusal) => error instanceof refusal)) {
        return textOfRefusal(error as Error);
      }
      throw new Error(`${this.#door.name} broke on ${hexOf(input)}`, { cause: error });
    }
  }
}

const TAKEN = "taken";
const REFUSED = "refused: ";

/** Without what an input chose itself: numbers, and what is quoted. */
function textOfRefusal({ name, message }: Error): string {
  return `${REFUSED}${name}: ${message.replace(/\d+/g, "0").replace(/["'`].*["'`]/gs, "…")}`.slice(
    0,
    80,
  );
}

/** Memory in use, on the heap and beside it. Between two garbage collections it only grows. */
function takenBytes(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

export function hexOf(input: Uint8Array): string {
  return Buffer.from(input).toString("hex") || "nothing";
}
