import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const directory = import.meta.dirname;
const scripts = readdirSync(directory).filter(
  (name) => name.endsWith(".mjs") && !name.endsWith(".test.mjs"),
);

test.each(scripts)("%s starts in a fresh clone, where nothing is installed yet", (name) => {
  const source = readFileSync(join(directory, name), "utf8");
  const imported = [...source.matchAll(/^(?:import|export)\b[^;]*?from "([^"]+)";/gm)].map(
    ([, from]) => from,
  );
  expect(imported.filter((from) => !/^(node:|\.\/)/.test(from ?? ""))).toEqual([]);
});
