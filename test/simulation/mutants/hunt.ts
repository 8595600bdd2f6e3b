/**
 * The program that a mutant is built into: runs seeds until one of them fails.
 * Arguments: simulator, first seed, number of seeds. Prints one line of JSON, a {@link Hunt}.
 */
import { InvariantViolation } from "@conclave/base";
import { RandomRun } from "../../../packages/raft/src/testing/random-run.ts";
import { simulate } from "../simulation.ts";
import type { Simulator } from "./mutant.ts";

/** What came of it. `reason` is null if no seed failed. */
export interface Hunt {
  readonly seeds: number;
  readonly reason: string | null;
}

const REASON_LENGTH_MAX = 140;

const SIMULATORS: { readonly [S in Simulator]: (seed: number) => unknown } = {
  consensus: (seed) => new RandomRun(seed).run(),
  cluster: simulate,
};

/** The first line of what went wrong, without the story that led to it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error && error.name !== "StorageFailure") return reasonOf(error.cause);
  const text = error.message.split("\n")[0] ?? "";
  const isBare = error instanceof InvariantViolation && !/^[A-Z]\d+: /.test(text);
  return (isBare ? `assertion: ${text}` : text || error.name).slice(0, REASON_LENGTH_MAX);
}

let seed = 0;

function report(reason: string | null, seeds: number): never {
  process.stdout.write(`${JSON.stringify({ seeds, reason } satisfies Hunt)}\n`);
  process.exit(0);
}

const [simulator = "", first = "", count = ""] = process.argv.slice(2);
const from = Number(first);
// What a mutant does outside of the simulator's sight is a failure like any other.
process.on("uncaughtException", (error) => report(reasonOf(error), seed - from + 1));
for (seed = from; seed < from + Number(count); seed += 1) {
  try {
    await SIMULATORS[simulator as Simulator](seed);
  } catch (error) {
    report(reasonOf(error), seed - from + 1);
  }
}
report(null, Number(count));
