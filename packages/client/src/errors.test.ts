import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ERROR_CODES } from "./errors.ts";

const catalogue = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");

/** The names in the first column of a table below a heading. */
function firstColumn(heading: string): string[] {
  const section = catalogue.split(/^#+ /m).find((part) => part.startsWith(heading));
  return [...(section ?? "").matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name!);
}

test("docs/errors.md explains every code, and no other, in order", () => {
  expect(firstColumn("Errors of the SDK")).toEqual([...ERROR_CODES]);
  expect([...ERROR_CODES].sort()).toEqual([...ERROR_CODES]);
});

test("docs/errors.md explains every reason of a loss", () => {
  const source = readFileSync(new URL("errors.ts", import.meta.url), "utf8");
  const union = /type LossReason =([^;]+);/.exec(source)?.[1] ?? "";
  const reasons = [...union.matchAll(/"([\w-]+)"/g)].map(([, reason]) => reason!);
  expect(reasons.length).toBeGreaterThan(0);
  expect(firstColumn("Reasons of a loss").sort()).toEqual(reasons.sort());
});
