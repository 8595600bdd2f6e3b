import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { editSource } from "../../support/source-edit.ts";
import { MUTANTS } from "./all.ts";
import { mutantsNamed, partOf } from "./choice.ts";

const root = join(import.meta.dirname, "../../..");

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

test("in four turns every mutant is hunted once", () => {
  const hunted = [0, 1, 2, 3].flatMap((turn) => partOf(MUTANTS, turn));
  expect(new Set(hunted)).toEqual(new Set(MUTANTS));
  expect(hunted).toHaveLength(MUTANTS.length);
});

test("a mutant that does not exist is not hunted in silence", () => {
  expect(() => mutantsNamed(MUTANTS, ["no-such-bug"])).toThrow("there is no mutant no-such-bug");
});
