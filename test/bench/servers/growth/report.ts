import type { ServerKind } from "../../../support/server-process.ts";
import { figureText, median } from "../../statistics.ts";
import { lineChart } from "../../svg/line-chart.ts";
import { SERVER_TITLES } from "../drawings.ts";
import { table } from "../report.ts";
import type { Figure } from "../row.ts";
import type { GrowthLine } from "./line.ts";
import type { PointResult } from "./runner.ts";

/** How much of the throughput may be lost on the way. */
const KEPT_GOAL = 0.8;

/** All figures at all points, and what one of them costs in memory. */
export function growthText(line: GrowthLine, results: readonly PointResult[]): string {
  const kinds = kindsIn(results);
  const points = [...new Set(results.map(({ point }) => point))];
  const lineOf = (title: string, kind: ServerKind, value: (result: PointResult) => number) => [
    `${title}, ${SERVER_TITLES[kind]}`,
    ...results.filter((result) => result.kind === kind).map((result) => figureText(value(result))),
  ];
  const figures = line.figures.flatMap((figure) =>
    kinds.map((kind) => lineOf(figure.title, kind, (result) => medianOf(result, figure))),
  );
  const resident = kinds.map((kind) =>
    lineOf("RSS at rest, MiB", kind, (result) => result.residentMiB),
  );
  const heading = [line.counted, ...points.map((point) => point.toLocaleString("en"))];
  const all = table([heading, ["---", ...points.map(() => "--:")], ...figures, ...resident]);
  const kept = kinds.flatMap((kind) => (line.isHeld ? [keptText(line, results, kind)] : []));
  return `${all}\n${kept.map((each) => `- ${each}\n`).join("")}`;
}

/** What is left of the throughput at the last point, and what the memory has grown by on the way from point to point. */
function keptText(line: GrowthLine, results: readonly PointResult[], kind: ServerKind): string {
  const own = results.filter((result) => result.kind === kind);
  const [first, last] = [own[0]!, own.at(-1)!];
  const rates = line.figures.filter(({ isBetter }) => isBetter === "more");
  const kept = rates.map((figure) => {
    const share = medianOf(last, figure) / medianOf(first, figure);
    const verdict =
      kind === "conclave" ? ` (goal ≥ ${KEPT_GOAL} ×${share >= KEPT_GOAL ? "" : ": missed"})` : "";
    return `${figureText(share)} × of its ${figure.title}${verdict}`;
  });
  const grownMiB = own.slice(1).reduce((sum, result) => sum + result.grownMiB, 0);
  const bytes = (grownMiB * 2 ** 20) / (last.point - first.point);
  const goal = kind === "conclave" ? bytesGoalText(line, bytes) : "";
  return `${SERVER_TITLES[kind]} keeps ${kept.join(" and ")}; one more of the ${line.counted} is ${figureText(bytes)} bytes of RSS${goal}.`;
}

function bytesGoalText({ bytesEachGoal }: GrowthLine, bytes: number): string {
  if (bytesEachGoal === undefined) return "";
  return ` (goal ≤ ${figureText(bytesEachGoal)}${bytes <= bytesEachGoal ? "" : ": missed"})`;
}

/** The line's first figure over its points, which stand at equal distances. */
export function growthDrawing(line: GrowthLine, results: readonly PointResult[]): string {
  const [figure] = line.figures;
  const points = [...new Set(results.map(({ point }) => point))];
  return lineChart({
    title: line.title,
    xTitle: line.counted,
    yTitle: figure!.title,
    xMarks: points.map((point, place) => ({ place, text: point.toLocaleString("en") })),
    isLogarithmic: false,
    lines: kindsIn(results).map((kind) => ({
      name: SERVER_TITLES[kind],
      points: results
        .filter((result) => result.kind === kind)
        .map((result) => [points.indexOf(result.point), medianOf(result, figure!)] as const),
    })),
  });
}

function kindsIn(results: readonly PointResult[]): ServerKind[] {
  return [...new Set(results.map(({ kind }) => kind))];
}

function medianOf({ samples }: PointResult, { name }: Figure): number {
  const value = median(samples.map(({ figures }) => figures[name] ?? Number.NaN));
  if (!Number.isFinite(value)) throw new Error(`no figure ${name}`);
  return value;
}
