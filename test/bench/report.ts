import { dayAndMachine } from "../support/page-section.ts";
import type { Measurement, Section } from "./row.ts";
import type { Effort, Result } from "./runner.ts";

/** A section's part of the page. */
export function reportOf(
  section: Section,
  results: readonly Result[],
  effort: Effort,
  remark: string,
): string {
  const rows = section.rows.map((row) => {
    const ofRow = results.filter((result) => result.row === row);
    return `### ${row.title}\n\n${tableOf(ofRow)}`;
  });
  return [
    `## ${section.title}\n`,
    ...section.notes.map((note) => `${note}\n`),
    `${conditions(section, effort, remark)}\n`,
    ...rows,
  ].join("\n");
}

function conditions(section: Section, effort: Effort, remark: string): string {
  const versions = Object.entries(section.versions()).map(
    ([name, version]) => `${name} ${version}`,
  );
  return [
    `${dayAndMachine()}${remark === "" ? "" : ` (${remark})`}; ${versions.join(", ")}.`,
    `Client and server share the machine. ${effort.rounds} rounds of ${effort.durationMs / 1000} s each, contestants in turn;`,
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

function median(ascending: readonly number[]): number {
  const middle = ascending.length >> 1;
  const [low, high] = [ascending[middle - 1] ?? 0, ascending[middle] ?? Number.NaN];
  return ascending.length % 2 === 1 ? high : (low + high) / 2;
}

function rateText(rate: number): string {
  return rate >= 100 ? Math.round(rate).toLocaleString("en") : rate.toPrecision(2);
}

function microsText(micros: number): string {
  return micros >= 10 ? Math.round(micros).toLocaleString("en") : micros.toFixed(1);
}
