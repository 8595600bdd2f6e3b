import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { expect, test } from "vitest";
import { editSource } from "../../support/source-edit.ts";
import { ABSENT_BUGS } from "./absent.ts";
import { HELD, MUTANTS, QUICKLY_HUNTED } from "./all.ts";
import { mutantsNamed, partOf } from "./choice.ts";

const root = join(import.meta.dirname, "../../..");
const HISTORICAL_BUGS = [
  ...Array.from({ length: 28 }, (_, at) => `E${at + 1}`),
  ...Array.from({ length: 11 }, (_, at) => `H${at + 1}`),
];

test.each(MUTANTS.map(({ id, edits }) => [id, edits] as const))(
  "%s changes what is in the sources now, into what is code still",
  (_, edits) => {
    const files = new Map<string, string>();
    for (const edit of edits) {
      const before = files.get(edit.file) ?? readFileSync(join(root, edit.file), "utf8");
      const after = editSource(before, edit);
      expect(after).not.toBe(before);
      files.set(edit.file, after);
    }
    expect(files.size).toBeGreaterThan(0);
    // A change that is no code any more says nothing, and would end the hunt for the others.
    for (const after of files.values()) transformSync(after, { loader: "ts" });
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

test("thirty mutants have their turn at a time, and in turns that follow each other all that are not rare", () => {
  const turns = [7, 8, 9].map((turn) => partOf(QUICKLY_HUNTED, turn));
  for (const hunted of turns) expect(new Set(hunted).size).toBe(30);
  expect(new Set(turns.flat())).toEqual(new Set(QUICKLY_HUNTED));
});

test("a mutant that does not exist is not hunted in silence", () => {
  expect(() => mutantsNamed(MUTANTS, ["no-such-bug"])).toThrow("there is no mutant no-such-bug");
});
