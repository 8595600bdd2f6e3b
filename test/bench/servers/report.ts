import { spawnSync } from "node:child_process";
import { dayAndMachine } from "../../support/page-section.ts";
import type { ServerKind } from "../../support/server-process.ts";
import { etcdServer } from "../../support/tools.ts";
import type { Order } from "../section.ts";
import { ascending, figureText, median } from "../statistics.ts";
import type { Figure } from "./row.ts";
import type { RowResult } from "./runner.ts";

/** A table of Markdown. */
export const table = (lines: readonly (readonly string[])[]) =>
  `${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`;

/** All figures of a row, of both servers. */
export function rowTable({ row, samples }: RowResult): string {
  const heading = ["", "Conclave", "etcd", "Conclave ÷ etcd", "goal"];
  const lines = row.figures.map((figure) => [
    figure.title,
    rounds(samples, "conclave", figure),
    rounds(samples, "etcd", figure),
    ratioText(samples, figure),
    goalText(figure),
  ]);
  return table([heading, ["---", "--:", "--:", "--:", "--:"], ...lines]);
}

/** What has a goal, one line each, and whether it was reached. */
export function goalsTable(results: readonly RowResult[]): string {
  const heading = ["workload", "figure", "Conclave", "etcd", "Conclave ÷ etcd", "goal", "reached"];
  const lines = results.flatMap(({ row, samples }) =>
    row.figures
      .filter((figure) => goalText(figure) !== "")
      .map((figure) => [
        row.title,
        figure.title,
        ...(["conclave", "etcd"] as const).map((kind) => medianText(samples, kind, figure)),
        ratioText(samples, figure),
        goalText(figure),
        reachedText(samples, figure),
      ]),
  );
  return table([heading, ["---", "---", "--:", "--:", "--:", "--:", "---"], ...lines]);
}

/** When, on what and how long it was measured. */
export function conditions({ effort, remark }: Order): string {
  const go = spawnSync("go", ["version"], { encoding: "utf8" }).stdout?.split(" ")[2];
  return [
    `${dayAndMachine()}${remark === "" ? "" : ` (${remark})`}; Node ${process.versions.node}, etcd ${etcdVersion()}, ${go}.`,
    `Load and servers share the machine and its disk. ${effort.rounds} rounds of ${effort.durationMs / 1000} s each after ${effort.warmUpMs / 1000} s of the same work, the`,
    "servers in turn; medians,",
    "the smallest and the largest round, and the median of the rounds' ratios.",
  ].join("\n");
}

function etcdVersion(): string {
  const { stdout } = spawnSync(etcdServer.path, ["--version"], { encoding: "utf8" });
  return /etcd Version: (\S+)/.exec(stdout ?? "")?.[1] ?? "(not installed)";
}

export function valuesOf(
  samples: RowResult["samples"],
  kind: ServerKind,
  { name }: Figure,
): number[] {
  return (samples.get(kind) ?? []).map(({ figures }) => {
    const value = figures[name];
    if (value === undefined || !Number.isFinite(value)) throw new Error(`no figure ${name}`);
    return value;
  });
}

/** Of each round with its neighbour, so that what the machine did at the time is in both. Null: there is only one server. */
export function medianRatio(samples: RowResult["samples"], figure: Figure): number | null {
  const [ours, theirs] = (["conclave", "etcd"] as const).map((kind) =>
    valuesOf(samples, kind, figure),
  );
  const ratios = ours!.map((value, round) => value / (theirs![round] ?? Number.NaN));
  const ratio = median(ratios);
  return Number.isFinite(ratio) ? ratio : null;
}

function rounds(samples: RowResult["samples"], kind: ServerKind, figure: Figure): string {
  const values = ascending(valuesOf(samples, kind, figure));
  if (values.length === 0) return "not installed";
  const range = `${figureText(values[0]!)}–${figureText(values.at(-1)!)}`;
  return `**${figureText(median(values))}** (${range})`;
}

function medianText(samples: RowResult["samples"], kind: ServerKind, figure: Figure): string {
  const values = valuesOf(samples, kind, figure);
  return values.length === 0 ? "not installed" : figureText(median(values));
}

function ratioText(samples: RowResult["samples"], figure: Figure): string {
  const ratio = medianRatio(samples, figure);
  return ratio === null ? "–" : `${figureText(ratio)} ×`;
}

function goalText({ isBetter, ratioGoal, valueGoal }: Figure): string {
  if (ratioGoal !== undefined) return `${isBetter === "more" ? "≥" : "≤"} ${ratioGoal} ×`;
  return valueGoal === undefined ? "" : `≤ ${figureText(valueGoal)}`;
}

function reachedText(samples: RowResult["samples"], figure: Figure): string {
  const { isBetter, ratioGoal, valueGoal } = figure;
  if (valueGoal !== undefined) {
    return Math.max(...valuesOf(samples, "conclave", figure)) <= valueGoal ? "yes" : "no";
  }
  const ratio = medianRatio(samples, figure);
  if (ratio === null) return "–";
  const isReached = isBetter === "more" ? ratio >= ratioGoal! : ratio <= ratioGoal!;
  return isReached ? "yes" : "no";
}
