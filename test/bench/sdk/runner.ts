import type { Effort } from "../section.ts";
import { measure } from "./measure.ts";
import type { BenchServer, Contestant, Measurement, Plan, Row } from "./row.ts";

/** What the rounds came to for one contestant of one row, in the order they were run. */
export interface Result {
  readonly row: Row;
  readonly contestant: Contestant;
  readonly rounds: readonly Measurement[];
}

/** Measures a plan on servers of its own. Those that are not installed are left out. */
export async function runPlan(
  plan: Plan,
  effort: Effort,
  progress: (line: string) => void,
): Promise<Result[]> {
  const running = new Map<string, BenchServer>();
  try {
    for (const [name, start] of Object.entries(plan.servers)) {
      const server = await start();
      if (server === null) progress(`${name}: not installed, left out`);
      else running.set(name, server);
    }
    return await runRows(plan, running, effort, progress);
  } finally {
    for (const server of running.values()) await server[Symbol.asyncDispose]();
  }
}

/**
 * Row by row, and within a row all contestants in turn, round after round (A B A B …), so that whatever else the machine
 * does falls on all of them.
 */
async function runRows(
  plan: Plan,
  running: ReadonlyMap<string, BenchServer>,
  effort: Effort,
  progress: (line: string) => void,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const row of plan.rows) {
    const fields = plan.contestants.flatMap((contestant) => {
      const server = running.get(contestant.server);
      const takesPart = server !== undefined && contestant.library in row.libraries;
      return takesPart ? [{ contestant, server, rounds: [] as Measurement[] }] : [];
    });
    for (let round = 1; round <= effort.rounds; round++) {
      for (const { contestant, server, rounds } of fields) {
        const place = { row: row.name, library: contestant.library };
        const measurement = await measure(place, server, effort);
        rounds.push(measurement);
        const rate = Math.round(measurement.operationsPerSecond);
        progress(`${row.name} ${round}/${effort.rounds} ${contestant.title}: ${rate}/s`);
      }
    }
    results.push(...fields.map(({ contestant, rounds }) => ({ row, contestant, rounds })));
  }
  return results;
}
