import { measure } from "./measure.ts";
import type { BenchServer, Contestant, Measurement, Row, Section } from "./row.ts";

/** How much is measured. */
export interface Effort {
  readonly rounds: number;
  /** Of one run of one contestant. */
  readonly durationMs: number;
}

/** What the rounds came to for one contestant of one row, in the order they were run. */
export interface Result {
  readonly row: Row;
  readonly contestant: Contestant;
  readonly rounds: readonly Measurement[];
}

/** Measures a section on servers of its own. Those that are not installed are left out. */
export async function runSection(
  section: Section,
  effort: Effort,
  progress: (line: string) => void,
): Promise<Result[]> {
  const running = new Map<string, BenchServer>();
  try {
    for (const [name, start] of Object.entries(section.servers)) {
      const server = await start();
      if (server === null) progress(`${name}: not installed, left out`);
      else running.set(name, server);
    }
    return await runRows(section, running, effort, progress);
  } finally {
    for (const server of running.values()) await server[Symbol.asyncDispose]();
  }
}

/**
 * Row by row, and within a row all contestants in turn, round after round (A B A B …), so that whatever else the machine
 * does falls on all of them.
 */
async function runRows(
  section: Section,
  running: ReadonlyMap<string, BenchServer>,
  effort: Effort,
  progress: (line: string) => void,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const row of section.rows) {
    const fields = section.contestants.flatMap((contestant) => {
      const server = running.get(contestant.server);
      const takesPart = server !== undefined && contestant.library in row.libraries;
      return takesPart ? [{ contestant, server, rounds: [] as Measurement[] }] : [];
    });
    for (let round = 1; round <= effort.rounds; round++) {
      for (const { contestant, server, rounds } of fields) {
        const place = { section: section.name, row: row.name, library: contestant.library };
        const measurement = await measure(place, server, effort.durationMs);
        rounds.push(measurement);
        const rate = Math.round(measurement.operationsPerSecond);
        progress(`${row.name} ${round}/${effort.rounds} ${contestant.title}: ${rate}/s`);
      }
    }
    results.push(...fields.map(({ contestant, rounds }) => ({ row, contestant, rounds })));
  }
  return results;
}
