import { dayAndMachine, RELIABILITY_PAGE, writeSection } from "../support/page-section.ts";
import type { Totals } from "./totals.ts";

/** Which seeds, and how long they took. */
export interface RunFrame {
  readonly from: number;
  readonly count: number;
  readonly seconds: number;
}

/** Puts what the runs amounted to into docs/reliability.md. */
export function writeSimulationReport(totals: Totals, frame: RunFrame): void {
  writeSection(RELIABILITY_PAGE, "simulation", sectionOf(totals, frame));
}

function sectionOf(totals: Totals, { from, count, seconds }: RunFrame): string {
  const command = `npm run sim -- --from ${from} --count ${count} --report`;
  return [
    "## Simulation",
    "",
    "Whole clusters in one thread, each made from a seed: `npm run sim -- --seed S` replays any of them.",
    "",
    `${totals.wall}; no promise broken.`,
    "",
    `${dayAndMachine()}, Node ${process.versions.node}, ${Math.round(seconds)} s: \`${command}\``,
    "",
    "| fault | times |",
    "| --- | --: |",
    ...rows(totals.faults),
    "",
    "| interesting state | seeds |",
    "| --- | --: |",
    ...rows(totals.probes),
  ].join("\n");
}

function rows(counts: ReadonlyMap<string, number>): string[] {
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, count]) => `| ${name} | ${count.toLocaleString("en")} |`);
}
