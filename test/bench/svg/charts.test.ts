import { describe, expect, test } from "vitest";
import { element, textAt } from "./element.ts";
import { lineChart } from "./line-chart.ts";
import { ratioChart } from "./ratio-chart.ts";
import { linearScale, logScale } from "./scale.ts";

describe("drawings", () => {
  test("what is written into them cannot be taken for markup", () => {
    expect(textAt(1, 2, `a < b & "c"`)).toBe(
      `<text x="1" y="2">a &lt; b &amp; &quot;c&quot;</text>`,
    );
    expect(element("g", { id: `"><script>` })).toBe(`<g id="&quot;&gt;&lt;script&gt;"></g>`);
  });

  test("a linear axis begins at nothing and ends at a round number above all values", () => {
    const scale = linearScale([3, 47], 0, 100);
    expect(scale.ticks).toEqual([0, 10, 20, 30, 40, 50]);
    expect([scale.at(0), scale.at(25), scale.at(50)]).toEqual([0, 50, 100]);
  });

  test("equal factors are equal lengths of a logarithmic axis", () => {
    const scale = logScale([0.5, 80], 300, 0);
    expect(scale.ticks).toEqual([0.1, 1, 10, 100]);
    expect(scale.ticks.map(scale.at)).toEqual([300, 200, 100, 0]);
    expect(() => logScale([0, 1], 0, 1)).toThrow(RangeError);
  });

  test("a line goes through its points, and is named", () => {
    const svg = lineChart({
      title: "Puts",
      xTitle: "keys",
      yTitle: "calls/s",
      xMarks: [
        { place: 0, text: "1 k" },
        { place: 1, text: "1 M" },
      ],
      isLogarithmic: false,
      lines: [{ name: "Conclave", points: [[0, 10] as const, [1, 0] as const] }],
    });
    expect(svg).toContain(`<polyline points="72.0,56.0 592.0,304.0"`);
    expect(svg).toContain(">Conclave</text>");
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  test("a ratio below 1 lies to the left of it, one above to the right", () => {
    const svg = ratioChart("Speed", [
      { title: "slower", ratio: 0.5, text: "0.5 ×" },
      { title: "faster", ratio: 2, goal: 1, text: "2 ×" },
    ]);
    const bars = [...svg.matchAll(/<rect x="([\d.]+)" y="\d+" width="([\d.]+)"/g)];
    expect(bars.map(([, x, width]) => [Number(x), Number(width)])).toEqual([
      [500, 150],
      [650, 150],
    ]);
  });
});
