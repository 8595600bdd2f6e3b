import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const page = readFileSync(root("docs/threats.md"), "utf8");
const [proven = ""] = page.split("## Open today");
const rows = proven.split("\n").filter((line) => /^\| (?!threat|---)/.test(line));

/** `` `file`: "title"; "another" `` of each row, taken apart. */
const proofs = rows.flatMap((row) => {
  const threat = row.split("|")[1]!.trim();
  const cell = row.split("|").at(-2)!;
  return [...cell.matchAll(/`([^`]+)`((?:[:;] "[^"]+")*)/g)].map(([, file = "", titles = ""]) => ({
    threat,
    file,
    titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => title),
  }));
});

test("every threat that is met names the test that shows it", () => {
  expect(rows.length).toBeGreaterThan(20);
  for (const row of rows) expect(row, "a row without a test").toMatch(/`[^`]+\.test\.ts`/);
});

test.each(proofs)("$threat: $file is there, with the tests that are named", ({ file, titles }) => {
  expect(existsSync(root(file))).toBe(true);
  const source = readFileSync(root(file), "utf8");
  for (const title of titles) expect(source).toContain(`"${title}`);
});
