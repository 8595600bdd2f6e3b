import { drawing, element, textAt } from "./element.ts";
import { linearScale, logScale, type Scale } from "./scale.ts";

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  /** Marks below, in the order of the axis; they stand as far apart as their places say. */
  readonly xMarks: readonly { readonly place: number; readonly text: string }[];
  readonly isLogarithmic: boolean;
  readonly lines: readonly Line[];
}

const [WIDTH, HEIGHT] = [640, 360];
const PLOT = { left: 72, right: 592, top: 56, bottom: 304 } as const;
export const COLOURS: readonly string[] = ["#0969da", "#bc4c00", "#1a7f37", "#8250df"];

/** Lines over one axis, such as Conclave's and etcd's. */
export function lineChart(chart: LineChart): string {
  const places = chart.xMarks.map(({ place }) => place);
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const x = (place: number) =>
    PLOT.left + ((place - first) / (last - first || 1)) * (PLOT.right - PLOT.left);
  const values = chart.lines.flatMap(({ points }) => points.map(([, value]) => value));
  const scaleOf = chart.isLogarithmic ? logScale : linearScale;
  const y = scaleOf(values, PLOT.bottom, PLOT.top);
  return drawing(
    WIDTH,
    HEIGHT,
    chart.title,
    textAt(PLOT.left, 24, chart.title, { "font-size": 15, "font-weight": 600 }),
    textAt(PLOT.left, 44, chart.yTitle),
    textAt(PLOT.right, HEIGHT - 16, chart.xTitle, { "text-anchor": "end" }),
    ...y.ticks.flatMap((tick) => level(y, tick)),
    ...chart.xMarks.map(({ place, text }) =>
      textAt(x(place), PLOT.bottom + 18, text, { "text-anchor": "middle" }),
    ),
    ...chart.lines.flatMap((line, index) => drawnLine(line, index, x, y)),
  );
}

function level(y: Scale, tick: number): string[] {
  const at = y.at(tick);
  return [
    element("line", { x1: PLOT.left, x2: PLOT.right, y1: at, y2: at, stroke: "#d0d7de" }),
    textAt(PLOT.left - 8, at + 4, tickText(tick), { "text-anchor": "end" }),
  ];
}

export function tickText(value: number): string {
  return value >= 1_000 ? value.toLocaleString("en") : `${Number(value.toPrecision(3))}`;
}

function drawnLine(
  { name, points }: Line,
  index: number,
  x: (place: number) => number,
  y: Scale,
): string[] {
  const colour = COLOURS[index % COLOURS.length]!;
  const places = points.map(([place, value]) => [x(place), y.at(value)] as const);
  const path = places.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ");
  const legendX = PLOT.right - 110;
  const legendY = 24 + index * 18;
  return [
    element("polyline", { points: path, fill: "none", stroke: colour, "stroke-width": 2 }),
    ...places.map(([cx, cy]) => element("circle", { cx, cy, r: 3, fill: colour })),
    element("rect", { x: legendX, y: legendY - 9, width: 12, height: 10, fill: colour }),
    textAt(legendX + 18, legendY, name),
  ];
}
