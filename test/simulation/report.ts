import { dayAndMachine, RELIABILITY_PAGE, writeSection } from "../support/page-section.ts";
import { FAILPOINT_ACTIONS } from "./faults.ts";
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
    ...figures(totals, seconds),
    "",
    "| fault | times |",
    "| --- | --: |",
    ...rows(totals.faults),
    "",
    "| interesting state | seeds |",
    "| --- | --: |",
    ...rows(totals.probes),
    "",
    ...failpoints(totals),
  ].join("\n");
}

/** The rows of the goals that this section answers for. */
function figures(totals: Totals, seconds: number): string[] {
  const rounded = (value: number): string => Math.round(value).toLocaleString("en");
  const each = (value: number): string => rounded(value / Math.max(1, totals.seeds));
  const count = (name: string): number => totals.count(name);
  const simulatedSeconds = count("virtualMs") / 1_000;
  return [
    "| figure | in all | per seed |",
    "| --- | --: | --: |",
    `| T1: seeds | ${rounded(totals.seeds)} | |`,
    `| T2: faults | ${rounded(totals.faultCount)} | ${each(totals.faultCount)} |`,
    `| T3: operations whose outcome is checked | ${rounded(count("operations"))} | ${each(count("operations"))} |`,
    `| T13: watches checked from end to end | ${rounded(count("watches"))} | ${each(count("watches"))} |`,
    `| T13: events of watches checked | ${rounded(count("eventsWatched"))} | ${each(count("eventsWatched"))} |`,
    `| T14: locks, terms and elections held | ${rounded(count("locksHeld") + count("recipesHeld"))} | ${each(count("locksHeld") + count("recipesHeld"))} |`,
    `| leaders | ${rounded(count("leaders"))} | ${each(count("leaders"))} |`,
    `| snapshots installed | ${rounded(count("snapshotsInstalled"))} | ${each(count("snapshotsInstalled"))} |`,
    `| events traced, a second | ${rounded(count("events") / seconds)} | |`,
    `| simulated time over real time | ${rounded(simulatedSeconds / seconds)} | |`,
    `| T4: simulated years | ${totals.simulatedYears.toPrecision(2)} | |`,
    `| T4: simulated years in a minute | ${((totals.simulatedYears * 60) / seconds).toPrecision(2)} | |`,
    `| distinct states | ${rounded(totals.distinctStates)} | |`,
  ];
}

function failpoints(totals: Totals): string[] {
  const { size } = totals.failpoints;
  return [
    `${size} of ${FAILPOINT_ACTIONS.length} pairs of failpoint and action were taken; the rarest:`,
    "",
    "| failpoint and action | times |",
    "| --- | --: |",
    ...totals.rarestFailpoints.map(([name, times]) => `| ${name} | ${times} |`),
  ];
}

function rows(counts: ReadonlyMap<string, number>): string[] {
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, count]) => `| ${name} | ${count.toLocaleString("en")} |`);
}
