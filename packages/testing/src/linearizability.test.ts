import { nextBelow, seededPrng } from "@conclave/base";
import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import { linearizability, type TimedOperation } from "./linearizability.ts";

/** A number to write, or null to read. */
type Input = number | null;
type Step = TimedOperation<Input, number>;

const register = {
  initial: 0,
  step: (state: number, input: Input, output: number | undefined) =>
    input ?? (output === undefined || output === state ? state : null),
  identify: String,
};

const write = (value: number, invokedAt: number, completedAt: number): Step => ({
  input: value,
  output: completedAt === Number.POSITIVE_INFINITY ? undefined : value,
  invokedAt,
  completedAt,
});
const read = (value: number, invokedAt: number, completedAt: number): Step => ({
  input: null,
  output: value,
  invokedAt,
  completedAt,
});

test.each<{ why: string; verdict: string; history: Step[] }>([
  { why: "nothing happened", verdict: "linearizable", history: [] },
  {
    why: "a read during a write sees either value",
    verdict: "linearizable",
    history: [write(1, 0, 9), read(1, 1, 2), read(1, 3, 4)],
  },
  {
    why: "a read goes back behind one that ended before it",
    verdict: "not linearizable",
    history: [write(1, 0, 9), read(1, 1, 2), read(0, 3, 4)],
  },
  {
    why: "a read misses a write that was answered before it",
    verdict: "not linearizable",
    history: [write(1, 0, 1), read(0, 2, 3)],
  },
  {
    why: "a write without an answer takes effect late",
    verdict: "linearizable",
    history: [write(1, 0, Number.POSITIVE_INFINITY), read(0, 5, 6), read(1, 7, 8)],
  },
  {
    why: "a write without an answer never takes effect",
    verdict: "linearizable",
    history: [write(1, 0, Number.POSITIVE_INFINITY), read(0, 5, 6)],
  },
  {
    why: "a write without an answer takes effect twice",
    verdict: "not linearizable",
    history: [
      write(1, 0, Number.POSITIVE_INFINITY),
      read(1, 1, 2),
      write(2, 3, 4),
      read(2, 5, 6),
      read(1, 7, 8),
    ],
  },
  {
    why: "a value comes from nowhere",
    verdict: "not linearizable",
    history: [write(1, 0, 1), read(7, 2, 3)],
  },
])("$verdict: $why", ({ history, verdict }) => {
  expect(linearizability(register, history)).toBe(verdict);
});

test("a search that takes too long is no success", () => {
  const writes = Array.from({ length: 12 }, (_, at) => write(at + 1, 0, 100));
  const history = [...writes, read(99, 101, 102)];
  expect(linearizability(register, history, { stepsMax: 1_000 })).toBe("unknown");
});

describe.each(testSeeds(1, 60))("CONCLAVE_SEED=%i", (seed) => {
  test("what a register really did is linearizable, and a read changed to a value never written is not", () => {
    printReplayOnFailure(seed);
    const prng = seededPrng(seed);
    const history = drawHistory(seed);
    expect(linearizability(register, history)).toBe("linearizable");
    const reads = history.flatMap(({ input, output }, at) =>
      input === null && output !== undefined ? [at] : [],
    );
    const changed = reads[nextBelow(prng, reads.length)];
    const broken = history.map((each, at) => (at === changed ? { ...each, output: -1 } : each));
    expect(linearizability(register, broken)).toBe(
      reads.length > 0 ? "not linearizable" : "linearizable",
    );
  });
});

/** Operations take effect at a moment drawn between call and answer; some answers are lost, with or without the effect. */
function drawHistory(seed: number): Step[] {
  const prng = seededPrng(seed);
  const drawn = Array.from({ length: 60 }, (_, at) => {
    const invokedAt = nextBelow(prng, 300);
    const effectAt = invokedAt + nextBelow(prng, 12) + 0.25;
    const input: Input = nextBelow(prng, 2) === 0 ? at + 1 : null;
    const isLost = nextBelow(prng, 12) === 0;
    const completedAt = isLost ? Number.POSITIVE_INFINITY : effectAt + nextBelow(prng, 12) + 0.5;
    return {
      input,
      invokedAt,
      effectAt,
      completedAt,
      hasEffect: !isLost || nextBelow(prng, 2) === 0,
    };
  });
  let state = 0;
  return [...drawn]
    .sort((a, b) => a.effectAt - b.effectAt)
    .map(({ input, invokedAt, completedAt, hasEffect }) => {
      if (input !== null && hasEffect) state = input;
      const output = completedAt === Number.POSITIVE_INFINITY ? undefined : (input ?? state);
      return { input, output, invokedAt, completedAt };
    });
}
