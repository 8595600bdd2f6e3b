import { drawing, element, textAt } from "./element.ts";
import { COLOURS } from "./line-chart.ts";

/** One thing compared: how many times the other's figure, and how many times it should be. */
export interface Ratio {
  readonly title: string;
  readonly ratio: number;
  readonly goal?: number;
  /** What stands behind the bar. */
  readonly text: string;
}

const [WIDTH, ROW_HEIGHT, HEADING] = [1080, 26, 60];
const PLOT = { left: 500, right: 800 } as const;

/** A bar for each ratio, to the right of 1 where it is above; equal factors are equal lengths. */
export function ratioChart(title: string, ratios: readonly Ratio[]): string {
  const known = ratios.flatMap(({ ratio, goal = 1 }) => [ratio, goal, 1]).map(Math.log2);
  const [low, high] = [Math.min(0, ...known), Math.max(1, ...known)];
  const x = (ratio: number) =>
    PLOT.left + ((Math.log2(ratio) - low) / (high - low)) * (PLOT.right - PLOT.left);
  const bottom = HEADING + ratios.length * ROW_HEIGHT;
  const edge = { x1: x(1), x2: x(1), y1: HEADING - 8, y2: bottom, stroke: "#57606a" };
  return drawing(
    WIDTH,
    bottom + 16,
    title,
    textAt(16, 24, title, { "font-size": 15, "font-weight": 600 }),
    textAt(16, 44, "Bars: Conclave ÷ etcd, from 1 on; marks: the goal"),
    ...ratios.flatMap((each, index) => bar(each, HEADING + index * ROW_HEIGHT, x)),
    element("line", edge),
  );
}

function bar({ title, ratio, goal, text }: Ratio, y: number, x: (ratio: number) => number) {
  const [from, to] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))];
  const rectangle = { x: from, y, width: to - from, height: ROW_HEIGHT - 8 };
  const mark = goal === undefined ? [] : [goalMark(x(goal), y)];
  return [
    textAt(PLOT.left - 12, y + 13, title, { "text-anchor": "end" }),
    element("rect", { ...rectangle, fill: COLOURS[ratio >= 1 ? 0 : 1]! }),
    ...mark,
    textAt(PLOT.right + 8, y + 13, text),
  ];
}

function goalMark(x: number, y: number): string {
  const ends = { x1: x, x2: x, y1: y - 3, y2: y + ROW_HEIGHT - 5 };
  return element("line", { ...ends, stroke: "#24292f", "stroke-width": 2 });
}
