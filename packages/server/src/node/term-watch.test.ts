import { expect, test } from "vitest";
import { createLogger } from "../observe/logger.ts";
import { TermWatch } from "./term-watch.ts";

function watching(term: number) {
  const lines: string[] = [];
  const watch = new TermWatch(
    term,
    createLogger({
      level: "warn",
      format: "json",
      write: (line) => lines.push(line),
      now: () => new Date(0),
    }),
  );
  return { watch, lines };
}

test("elections, one after another or a thousand missed, are no jump", () => {
  const { watch, lines } = watching(7);
  for (const term of [7, 8, 9, 1_009, 2_009]) watch.onTerm(term);
  expect(watch.jumps).toBe(0);
  expect(lines).toEqual([]);
});

test("a term that is further away than elections can bring it is told, and counted", () => {
  const { watch, lines } = watching(7);
  watch.onTerm(1_008);
  watch.onTerm(2 ** 50);
  watch.onTerm(2 ** 50 + 1);
  expect(watch.jumps).toBe(2);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { from: 7, to: 1_008 },
    { from: 1_008, to: 2 ** 50 },
  ]);
});
