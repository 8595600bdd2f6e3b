import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removalsOf } from "./without-answer.ts";

const MODES = 28;
/** Modes whose answer is a guide: their tests take it out of its text themselves. */
const ANSWERED_BY_A_GUIDE: readonly string[] = ["24-cron-twice"];

const files = readdirSync(import.meta.dirname);
const modes = files
  .filter((file) => /^\d\d-.*\.test\.ts$/.test(file))
  .map((file) => file.replace(".test.ts", ""));

test("each of the failure modes has one test", () => {
  const numbers = modes.map((mode) => Number(mode.slice(0, 2)));
  expect(numbers).toEqual(Array.from({ length: MODES }, (_, at) => at + 1));
});

test("each test of a failure mode says what its answer is, so that it can be run without", () => {
  const answered = files
    .filter((file) => file.endsWith(".without.json"))
    .map((file) => file.replace(".without.json", ""));
  expect(answered).toEqual(modes.filter((mode) => !ANSWERED_BY_A_GUIDE.includes(mode)));
  const root = join(import.meta.dirname, "../..");
  for (const mode of answered) expect(removalsOf(root, mode), mode).not.toHaveLength(0);
});
