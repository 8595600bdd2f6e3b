import type { ServerKind } from "../../support/server-process.ts";
import { figureText, median } from "../statistics.ts";
import { lineChart } from "../svg/line-chart.ts";
import { type Ratio, ratioChart } from "../svg/ratio-chart.ts";
import type { Quantiles } from "./load-process.ts";
import { medianRatio, valuesOf } from "./report.ts";
import type { RowResult } from "./runner.ts";

/** What a line is called. */
export const SERVER_TITLES: Readonly<Record<ServerKind, string>> = {
  conclave: "Conclave",
  etcd: "etcd",
};

/** The first figure of each row, of which more is better, as a ratio. Null: fewer than two. */
export function ratiosDrawing(title: string, results: readonly RowResult[]): string | null {
  const ratios = results.flatMap(({ row, samples }): Ratio[] => {
    const [figure] = row.figures;
    const ratio = figure === undefined ? null : medianRatio(samples, figure);
    if (figure?.isBetter !== "more" || ratio === null || ratio <= 0) return [];
    const ours = median(valuesOf(samples, "conclave", figure));
    const text = `${figureText(ratio)} × (${figureText(ours)} ${figure.title})`;
    const goal = figure.ratioGoal === undefined ? {} : { goal: figure.ratioGoal };
    return [{ title: row.title.replaceAll("`", ""), ratio, text, ...goal }];
  });
  return ratios.length < 2 ? null : ratioChart(title, ratios);
}

/** How long which share of the calls took, at most. Null: the row does not tell. */
export function latencyDrawing({ row, samples }: RowResult): string | null {
  const lines = [...samples].flatMap(([kind, ofKind]) => {
    const known = ofKind.flatMap(({ quantiles }) => (quantiles === undefined ? [] : [quantiles]));
    if (known.length === 0) return [];
    const points = medianQuantiles(known).filter(([share]) => share < 1);
    return [
      {
        name: SERVER_TITLES[kind],
        points: points.map(([share, ms]) => [nines(share), ms] as const),
      },
    ];
  });
  if (lines.length === 0) return null;
  const furthest = Math.max(...lines.flatMap(({ points }) => points.map(([place]) => place)));
  const marks = [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999].map((share) => ({
    place: nines(share),
    text: `${percentText(share)} %`,
  }));
  return lineChart({
    title: row.title.replaceAll("`", ""),
    xTitle: "share of the calls",
    yTitle: "took at most, ms",
    xMarks: marks.filter(({ place }, index) => index < 2 || place < furthest + 1),
    isLogarithmic: true,
    lines,
  });
}

/** 0.9 is 1, 0.99 is 2: each further nine is as long. */
function nines(share: number): number {
  return -Math.log10(1 - share);
}

function percentText(share: number): string {
  return `${Number((share * 100).toFixed(3))}`;
}

/** The median of the rounds, of each share that all of them know. */
export function medianQuantiles(rounds: readonly Quantiles[]): Quantiles {
  const [first = []] = rounds;
  return first.flatMap(([share]) => {
    const times = rounds.flatMap((round) => round.filter(([each]) => each === share));
    return times.length < rounds.length
      ? []
      : [[share, median(times.map(([, ms]) => ms))] as const];
  });
}
