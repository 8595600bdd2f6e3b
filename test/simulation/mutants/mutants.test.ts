import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { editSource } from "../../support/source-edit.ts";
import { ABSENT_BUGS } from "./absent.ts";
import { HELD, HUNTED, MUTANTS } from "./all.ts";
import { mutantsNamed, partOf } from "./choice.ts";

const root = join(import.meta.dirname, "../../..");
const HISTORICAL_BUGS = [
  ...Array.from({ length: 28 }, (_, at) => `E${at + 1}`),
  ...Array.from({ length: 11 }, (_, at) => `H${at + 1}`),
];

test.each(MUTANTS.map(({ id, edits }) => [id, edits] as const))(
  "%s changes what is in the sources now",
  (_, edits) => {
    const files = new Map<string, string>();
    for (const edit of edits) {
      const before = files.get(edit.file) ?? readFileSync(join(root, edit.file), "utf8");
      const after = editSource(before, edit);
      expect(after).not.toBe(before);
      files.set(edit.file, after);
    }
    expect(files.size).toBeGreaterThan(0);
  },
);

test("each mutant has a name of its own", () => {
  const ids = MUTANTS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test.each(HELD.map(({ id, heldBy = "" }) => [id, heldBy] as const))(
  "%s is held by %s",
  (_, heldBy) => {
    expect(existsSync(join(root, heldBy))).toBe(true);
  },
);

test("each historical bug has a mutant, or a reason why it has none", () => {
  const known = [...MUTANTS, ...ABSENT_BUGS].flatMap(({ bug }) => bug.split(", "));
  expect(HISTORICAL_BUGS.filter((bug) => !known.includes(bug))).toEqual([]);
});

test("in four turns every mutant is hunted once", () => {
  const hunted = [0, 1, 2, 3].flatMap((turn) => partOf(HUNTED, turn));
  expect(new Set(hunted)).toEqual(new Set(HUNTED));
  expect(hunted).toHaveLength(HUNTED.length);
});

test("a mutant that does not exist is not hunted in silence", () => {
  expect(() => mutantsNamed(MUTANTS, ["no-such-bug"])).toThrow("there is no mutant no-such-bug");
});
