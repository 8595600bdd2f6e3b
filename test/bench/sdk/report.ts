import { dayAndMachine } from "../../support/page-section.ts";
import type { Effort } from "../section.ts";
import { median } from "../statistics.ts";
import type { Measurement, Plan } from "./row.ts";
import type { Result } from "./runner.ts";

/** The SDK's part of the page. */
export function reportOf(
  plan: Plan,
  results: readonly Result[],
  effort: Effort,
  remark: string,
): string {
  const rows = plan.rows.map((row) => {
    const ofRow = results.filter((result) => result.row === row);
    return `### ${row.title}\n\n${tableOf(ofRow)}`;
  });
  return [
    `## ${plan.title}\n`,
    ...plan.notes.map((note) => `${note}\n`),
    `${conditions(plan, effort, remark)}\n`,
    ...rows,
  ].join("\n");
}

function conditions(plan: Plan, effort: Effort, remark: string): string {
  const versions = Object.entries(plan.versions()).map(([name, version]) => `${name} ${version}`);
  return [
    `${dayAndMachine()}${remark === "" ? "" : ` (${remark})`}; ${versions.join(", ")}.`,
    `Client and server share the machine. ${effort.rounds} rounds of ${effort.durationMs / 1000} s each after ${effort.warmUpMs / 1000} s of the same work, contestants in turn;`,
    `medians, and the slowest and fastest round.`,
  ].join("\n");
}

function tableOf(results: readonly Result[]): string {
  const lines = results.map(({ contestant, rounds }) => {
    const rates = sorted(rounds, "operationsPerSecond");
    const range = `${rateText(rates[0]!)}–${rateText(rates.at(-1)!)}`;
    return [
      contestant.title,
      `**${rateText(median(rates))}** (${range})`,
      median(sorted(rounds, "medianMs")).toPrecision(3),
      microsText(median(sorted(rounds, "clientCpuMicros"))),
      microsText(median(sorted(rounds, "serverCpuMicros"))),
    ];
  });
  const heading = ["", "per second", "median ms", "client CPU µs", "server CPU µs"];
  const table = [heading, ["---", "--:", "--:", "--:", "--:"], ...lines];
  return `${table.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`;
}

function sorted(rounds: readonly Measurement[], figure: keyof Measurement): number[] {
  return rounds.map((round) => round[figure]).sort((a, b) => a - b);
}

function rateText(rate: number): string {
  return rate >= 100 ? Math.round(rate).toLocaleString("en") : rate.toPrecision(2);
}

function microsText(micros: number): string {
  return micros >= 10 ? Math.round(micros).toLocaleString("en") : micros.toFixed(1);
}
