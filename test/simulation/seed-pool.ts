import { type ChildProcess, fork } from "node:child_process";
import { formatScript, type ScriptedFault } from "./fault-script.ts";
import type { RunReport } from "./run-report.ts";
import { shrink } from "./shrink.ts";
import { SimulationFailure, simulate } from "./simulation.ts";

/** Young objects have room to die in: a tenth of a run was the collector's. MiB. */
const YOUNG_MIB = 32;
const EXEC_ARGV = [
  "--enable-source-maps",
  `--min-semi-space-size=${YOUNG_MIB}`,
  `--max-semi-space-size=${YOUNG_MIB}`,
];

/** A run that takes longer hangs: its process is ended. Milliseconds. */
const RUN_MS_MAX = 180_000;

/** A search for fewer faults takes so long at most. Milliseconds. */
const SHRINK_MS_MAX = 60_000;

/** How a seed is run in a process of the pool. */
interface Order {
  readonly seed: number;
  /** Twice, the second time by the script of the first, comparing the traces (R20). */
  readonly isTwice: boolean;
  /** After a failure: search for the faults that it needs. */
  readonly shrinks: boolean;
}

/** What came of it. */
export type SeedOutcome =
  | { readonly seed: number; readonly report: RunReport; readonly failure: null }
  | { readonly seed: number; readonly report: null; readonly failure: SeedFailure };

export interface SeedFailure {
  readonly invariant: string;
  readonly message: string;
  /** As `--script` takes it. Empty if nothing was searched for. */
  readonly script: string;
  readonly trace: readonly string[];
}

/** Runs one seed, here. */
export async function runSeed({ seed, isTwice, shrinks }: Order): Promise<SeedOutcome> {
  try {
    const report = await simulate(seed);
    if (isTwice) {
      const { traceHash } = await simulate(seed, { faults: report.faultScript });
      if (traceHash !== report.traceHash) {
        const message = `R20: two runs of seed ${seed} differ: ${report.traceHash} and ${traceHash}`;
        return {
          seed,
          report: null,
          failure: { invariant: "R20", message, script: "", trace: [] },
        };
      }
    }
    return { seed, report, failure: null };
  } catch (error) {
    if (!(error instanceof SimulationFailure)) throw error;
    return { seed, report: null, failure: await failureOf(error, shrinks) };
  }
}

async function failureOf(failure: SimulationFailure, shrinks: boolean): Promise<SeedFailure> {
  const { seed, invariant, faults } = failure;
  const cause = failure.cause instanceof Error ? failure.cause.stack : undefined;
  const script = shrinks
    ? formatScript(seed, await shrink(faults, failsAgain(seed, invariant)))
    : "";
  return { invariant, message: cause ?? failure.message, script, trace: failure.trace };
}

/** Whether the seed, with these faults only, breaks the same promise; after a while it is taken not to. */
function failsAgain(seed: number, invariant: string) {
  const deadlineMs = performance.now() + SHRINK_MS_MAX;
  return async (faults: readonly ScriptedFault[]): Promise<boolean> => {
    if (performance.now() > deadlineMs) return false;
    try {
      await simulate(seed, { faults });
      return false;
    } catch (error) {
      return error instanceof SimulationFailure && error.invariant === invariant;
    }
  };
}

/** In a process of a {@link SeedPool}: runs what it is told to, until the pool lets go. */
export function serveSeedPool(): void {
  process.on("message", (order: Order) => {
    runSeed(order).then(
      (outcome) => process.send?.(outcome),
      (error: unknown) => {
        console.error(`seed ${order.seed}:`, error);
        process.exit(1);
      },
    );
  });
  process.once("disconnect", () => process.exit(0));
}

/** Runs seeds in processes of this same program, each one at a time: one for each core. */
export class SeedPool {
  readonly #jobs: number;
  readonly #orders: Iterator<Order>;
  readonly #onOutcome: (outcome: SeedOutcome) => void;

  /** `onOutcome` is called for each seed, in the order in which runs end. */
  constructor(jobs: number, orders: Iterable<Order>, onOutcome: (outcome: SeedOutcome) => void) {
    this.#jobs = jobs;
    this.#orders = orders[Symbol.iterator]();
    this.#onOutcome = onOutcome;
  }

  /** Resolves when all seeds were run. */
  async run(program: string, args: readonly string[]): Promise<void> {
    const workers = Array.from({ length: this.#jobs }, () => this.#work(program, args));
    await Promise.all(workers);
  }

  async #work(program: string, args: readonly string[]): Promise<void> {
    let child: ChildProcess | null = null;
    for (;;) {
      const { value: order, done } = this.#orders.next();
      if (done) break;
      child ??= fork(program, args, { execArgv: EXEC_ARGV });
      const outcome = await outcomeFrom(child, order);
      if (child.exitCode !== null || child.killed) child = null;
      this.#onOutcome(outcome);
    }
    child?.disconnect();
  }
}

/** Lets a process run a seed. A process that ends meanwhile, or never answers, is a failure of that seed. */
function outcomeFrom(child: ChildProcess, order: Order): Promise<SeedOutcome> {
  return new Promise((resolve) => {
    const fail = (message: string): void => {
      const failure = { invariant: "a crash", message, script: "", trace: [] };
      settle({ seed: order.seed, report: null, failure });
    };
    const onExit = (code: number | null, signal: string | null): void =>
      fail(`the process of seed ${order.seed} ended: ${signal ?? code}`);
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`seed ${order.seed} did not end within ${RUN_MS_MAX / 1000} s`);
    }, RUN_MS_MAX);
    const settle = (outcome: SeedOutcome): void => {
      clearTimeout(timer);
      child.off("message", settle).off("exit", onExit);
      resolve(outcome);
    };
    child.once("message", settle).once("exit", onExit);
    child.send(order);
  });
}
