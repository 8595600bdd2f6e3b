import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removalsOf } from "./without-answer.ts";

const MODES = 28;
/** Modes whose answer is a guide: their tests take it out of its text themselves. */
const ANSWERED_BY_A_GUIDE: readonly string[] = ["24-cron-twice"];

const root = join(import.meta.dirname, "../..");
const files = readdirSync(import.meta.dirname).sort();
const namesBefore = (suffix: string) =>
  files.filter((file) => file.endsWith(suffix)).map((file) => file.slice(0, -suffix.length));
const modes = namesBefore(".test.ts").filter((name) => /^\d\d-/.test(name));
const answered = namesBefore(".without.json");

test("each of the failure modes has one test", () => {
  const numbers = modes.map((mode) => Number(mode.slice(0, 2)));
  expect(numbers).toEqual(Array.from({ length: MODES }, (_, at) => at + 1));
});

test("each test of a failure mode says what its answer is, so that it can be run without", () => {
  expect(answered).toEqual(modes.filter((mode) => !ANSWERED_BY_A_GUIDE.includes(mode)));
  for (const mode of answered) expect(removalsOf(root, mode), mode).not.toHaveLength(0);
});

test.each(answered)("the answers to %s are where they are said to be, once each", (mode) => {
  for (const { file, answer, without } of removalsOf(root, mode)) {
    const parts = readFileSync(join(root, file), "utf8").split(answer);
    expect(parts.length - 1, `${file}: ${answer}`).toBe(1);
    expect(without).not.toBe(answer);
  }
});
