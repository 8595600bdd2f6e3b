import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const root = import.meta.dirname;

/** Entries of their own, which a simulated client does not come by. */
const OTHER_ENTRIES = /^(grpc-js|shutdown|web-locks)\//;

function sources(): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !OTHER_ENTRIES.test(file),
  );
}

test("everything that a client loads on demand is loaded at once by the entry for simulations", () => {
  const onDemand = sources().flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    const imported = [...text.matchAll(/import\("(\.[^"]+)"\)/g)].map(([, path]) => path!);
    return imported.map((path) => normalize(join(dirname(file), path)));
  });
  const entry = readFileSync(join(root, "simulation.ts"), "utf8");
  const atOnce = [...entry.matchAll(/^import "\.\/([^"]+)";/gm)].map(([, path]) => path!);
  expect(atOnce).toEqual([...new Set(onDemand)].sort());
});
