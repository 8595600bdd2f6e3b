import { replayOf, type SimulateOptions, Simulation } from "./simulation.ts";

/**
 * A simulated run failed: its cause is what failed, its message says how to see it again.
 *
 * @example
 * ```ts
 * import { SimulationError, simulate } from "@conclave/testing";
 *
 * const failing = simulate({ members: 1, seed: 1 }, async () => {
 *   throw new Error("the test's own");
 * });
 * await failing.catch((error) => console.log(error instanceof SimulationError, error.message));
 * ```
 */
export class SimulationError extends Error {
  override readonly name = "SimulationError";
}

/**
 * A cluster in this thread, in virtual time. With a `body`, time passes while that runs, and everything ends with it;
 * without one, the simulation is returned, to be disposed of.
 *
 * @throws RangeError for a wrong option; SimulationError for whatever `body` throws, as its cause
 * @example
 * ```ts
 * import { simulate } from "@conclave/testing";
 *
 * await using sim = await simulate({ members: 1 });
 * const a = sim.client();
 * await sim.run(async () => {
 *   await a.kv.put("greeting", "hello");
 * });
 * await sim.advance("1h"); // at once
 * ```
 */
export function simulate(options?: SimulateOptions): Promise<Simulation>;
export function simulate<Result>(
  options: SimulateOptions,
  body: (sim: Simulation) => Promise<Result>,
): Promise<Result>;
export async function simulate<Result>(
  options: SimulateOptions = {},
  body?: (sim: Simulation) => Promise<Result>,
): Promise<Simulation | Result> {
  const sim = new Simulation(options);
  await sim.ready();
  if (body === undefined) return sim;
  try {
    return await sim.run(() => body(sim));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const replay = replayOf(sim.seed);
    const told = message.includes(replay) ? message : `${message}\n${replay}`;
    throw new SimulationError(told, { cause });
  } finally {
    await sim[Symbol.asyncDispose]();
  }
}
