import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Script } from "./testing/script.ts";

/** CONCLAVE_REWRITE=1 writes what happens into the scripts; the difference is then read in review. */
const REWRITES = process.env.CONCLAVE_REWRITE === "1";
const FOLDER = new URL("../scripts/", import.meta.url);

/** Blocks of comments and commands, `----`, expected lines; separated by blank lines. */
function play(text: string): string {
  const script = new Script();
  const blocks = text.trim().split(/\n\s*\n/);
  const played = blocks.map((block) => {
    const [input] = block.split(/^----$/m);
    const lines = input!.trim().split("\n");
    const commands = lines.filter((line) => line.trim() !== "" && !line.startsWith("#"));
    if (commands.length === 0) return lines.join("\n");
    return [...lines, "----", ...script.run(commands)].join("\n");
  });
  return `${played.join("\n\n")}\n`;
}

const files = readdirSync(FOLDER).filter((name) => name.endsWith(".txt"));

test("there are scripts to play", () => {
  expect(files.length).toBeGreaterThanOrEqual(25);
});

test.each(files)("%s goes as its script tells", (name) => {
  const file = new URL(name, FOLDER);
  const text = readFileSync(file, "utf8");
  const played = play(text);
  if (REWRITES) writeFileSync(file, played);
  else expect(played).toBe(text);
});
