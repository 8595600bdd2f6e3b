import { readFileSync, writeFileSync } from "node:fs";
import { hexOf, type Knocks } from "./door.ts";

/** Lines of a door, a tab and an input in hex. */
const CORPUS = new URL("corpus/inputs.txt", import.meta.url);
/** What is kept of one door by `CONCLAVE_KEEP=1`: the shortest of what ended each in a way of its own. */
const KEPT_OF_A_DOOR = 8;
const KEPT_BYTES_MAX = 160;

/** What is kept, by door: what once failed, and what got somewhere that other inputs did not. */
export function keptInputs(): ReadonlyMap<string, readonly Uint8Array[]> {
  const kept = new Map<string, Uint8Array[]>();
  for (const line of readFileSync(CORPUS, "utf8").split("\n")) {
    const [door = "", hex] = line.split("\t");
    if (hex === undefined) continue;
    const inputs = kept.get(door) ?? [];
    inputs.push(Buffer.from(hex, "hex"));
    kept.set(door, inputs);
  }
  return kept;
}

/** Adds what a run found to what is kept. */
export function keepFinds(all: readonly Knocks[]): void {
  const lines = new Set(
    readFileSync(CORPUS, "utf8")
      .split("\n")
      .filter((line) => line !== ""),
  );
  for (const { door, finds } of all) {
    const short = finds.filter(({ length }) => length > 0 && length <= KEPT_BYTES_MAX);
    const sorted = short.toSorted((a, b) => a.length - b.length);
    for (const find of sorted.slice(0, KEPT_OF_A_DOOR)) lines.add(`${door}\t${hexOf(find)}`);
  }
  writeFileSync(CORPUS, `${[...lines].toSorted().join("\n")}\n`);
}
