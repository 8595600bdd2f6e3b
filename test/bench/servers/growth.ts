import type { Section } from "../section.ts";
import { growthLines } from "./growth/lines.ts";
import { growthDrawing, growthText } from "./growth/report.ts";
import { runGrowth } from "./growth/runner.ts";
import { conditions } from "./report.ts";
import { pictureOf, unlessItCannotRun } from "./section.ts";

const title = "How cost grows";
const heading = [
  `## ${title}\n`,
  [
    "One member of each kind is warmed up, filled from point to point, and measured at each by 256 callers. Before it is measured nobody",
    "asks for anything for two seconds: that is when the memory at rest is read, garbage and all. What one more costs is what RSS grows",
    "by while they are added, from rest to rest; what the work at each point leaves behind is not in it.\n",
  ].join("\n"),
];

export const growthSection: Section = {
  name: "growth",
  title,
  rows: growthLines,
  run: (order) =>
    unlessItCannotRun(heading, "growth", order, async () => {
      const drawings = new Map<string, string>();
      const parts: string[] = [];
      for (const line of growthLines.filter(({ name }) => order.rows.includes(name))) {
        const results = await runGrowth(line, order.effort, order.progress);
        const file = `growth-${line.name}.svg`;
        drawings.set(file, growthDrawing(line, results));
        const picture = pictureOf(drawings, file);
        parts.push(`### ${line.title}\n\n${growthText(line, results)}${picture}`);
      }
      return {
        markdown: [...heading, `${conditions(order)}\n`, ...parts].join("\n"),
        drawings,
      };
    }),
};
