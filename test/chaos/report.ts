import { dayAndMachine } from "../support/page-section.ts";
import type { DisruptionReport } from "./figures/disruption.ts";
import type { FailoverReport } from "./figures/failover.ts";
import type { HandOverReport } from "./figures/hand-over.ts";
import { faultTotals, type Series, sumOf } from "./series.ts";
import { settings } from "./settings.ts";
import { percentile, summaryOf } from "./summary.ts";

/** What the measurements came to. */
export interface Figures {
  readonly failover: FailoverReport;
  readonly handOver: HandOverReport;
  readonly disruption: DisruptionReport;
}

/** What all of it came to; what was not run is not there. */
export type Findings = { series?: Series } & { -readonly [Name in keyof Figures]?: Figures[Name] };

export function hasFigures(findings: Findings): findings is Findings & Figures {
  const { failover, handOver, disruption } = findings;
  return failover !== undefined && handOver !== undefined && disruption !== undefined;
}

const { faults, holdMsMax, trials, remark } = settings;

/** A section of docs/reliability.md. */
export function runsSection({ reports, failed, minutes }: Series): string {
  const kinds = [...faultTotals(reports)].sort((a, b) => b[1] - a[1]);
  const runs = reports.length + failed.length;
  return [
    "## Real processes",
    "",
    conditions(`npm run chaos -- --runs ${runs} --faults ${faults} --hold ${holdMsMax} --report`),
    "",
    "Members are processes of the built server, each in a network namespace of its own. Faults are drawn from the seed and may overlap.",
    "Clients are in one process with the checkers: the bare protocol, and the SDK's keys, transactions, leases, locks, elections and watches.",
    "Where there is room members keep their data in memory: what is done to them leaves the kernel alive.",
    "",
    ...table([
      ["runs, each of three or five members and ten clients", count(runs)],
      ["runs that failed", count(failed.length)],
      ["minutes for all of them", minutes.toFixed(1)],
      ["faults", count(kinds.reduce((sum, [, times]) => sum + times, 0))],
      ["operations that were acknowledged, and checked", count(sumOf(reports, "operations"))],
      ["writes of unknown outcome", count(sumOf(reports, "unknown"))],
      ["revisions that all members told alike", count(sumOf(reports, "revisions"))],
      ["watched events, each compared", count(sumOf(reports, "eventsWatched"))],
      ["locks and terms held", count(sumOf(reports, "holds"))],
      [
        "last fault over → next acknowledged write",
        summaryOf(reports.map((each) => each.recoveryMs)),
      ],
    ]),
    "",
    `Faults by kind: ${kinds.map(([kind, times]) => `${kind} ${times}`).join(", ")}.`,
  ].join("\n");
}

/** A section of docs/reliability.md. */
export function figuresSection(figures: Figures): string {
  const { failover, handOver, disruption } = figures;
  const missed = missedGoals(figures);
  return [
    "### Changes of leaders",
    "",
    conditions(`npm run chaos -- --trials ${trials} --report`),
    "",
    "Three members with the settings that apply if nobody says otherwise: heartbeats every 100 ms, elections after 1 to 2 s of silence.",
    "Where there is room they keep their data in memory, so that a disk which others use as well has no part in the figures.",
    "Goals: leader killed p50 1,300 ms and p99 2,000 ms; hand-over 100 ms and no failed write; no change of leaders.",
    "",
    ...table([
      ["leader killed → answer to the next write", summaryOf(failover.timesMs)],
      ["leader shut down in order: longest gap in answered writes", summaryOf(handOver.gapsMs)],
      ["writes failed by that", count(handOver.failures.length)],
      [
        "followers cut off, deaf, mute, stopped or killed, and back → changes of leaders",
        `${count(disruption.trials)} → ${count(disruption.disrupted.length)}`,
      ],
    ]),
    "",
    missed.length === 0 ? "All goals were met." : `Missed: ${missed.join("; ")}.`,
  ].join("\n");
}

/** Goals that were missed, in words. */
export function missedGoals({ failover, handOver }: Figures): readonly string[] {
  const { timesMs } = failover;
  const goals = [
    { what: "leader killed, p50", ms: percentile(timesMs, 0.5), atMostMs: 1_300 },
    { what: "leader killed, p99", ms: percentile(timesMs, 0.99), atMostMs: 2_000 },
    { what: "hand-over, longest", ms: percentile(handOver.gapsMs, 1), atMostMs: 100 },
  ];
  return goals
    .filter(({ ms, atMostMs }) => ms > atMostMs)
    .map(({ what, ms, atMostMs }) => `${what}: ${count(ms)} ms instead of ${count(atMostMs)} ms`);
}

function conditions(command: string): string {
  return `${dayAndMachine()}${remark === "" ? "" : ` (${remark})`}: \`${command}\``;
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  return ["| what | figure |", "| --- | --: |", ...rows.map((cells) => `| ${cells.join(" | ")} |`)];
}

function count(value: number): string {
  return value.toLocaleString("en");
}
