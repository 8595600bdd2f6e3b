import { spawnSync } from "node:child_process";
import { seededPrng } from "@conclave/base";
import { afterAll, expect, test } from "vitest";
import { sourceProgram } from "../support/source-program.ts";
import { type Door, Knocker } from "./door.ts";
import { HangGuard } from "./hang-guard.ts";

const guard = new HangGuard();
afterAll(() => guard[Symbol.asyncDispose]());

const knocking = (knock: Door["knock"]) =>
  new Knocker(
    { name: "a door", corpus: [Buffer.from("in order")], knock, refusals: [RangeError] },
    guard,
  );
const input = Uint8Array.of(0xca, 0xfe);

test("an error that is no refusal is a bug, told with its input", async () => {
  const knocker = knocking(() => {
    throw new TypeError("cannot read properties of undefined");
  });
  await expect(knocker.knock(input)).rejects.toThrow("a door broke on cafe");
});

test("so is memory that an input only claims", async () => {
  const knocker = knocking(() => new Uint8Array(64 * 2 ** 20));
  await expect(knocker.knock(input)).rejects.toThrow(/took .* bytes for cafe/);
});

test("so is an input that keeps the event loop for a second, again and again", async () => {
  const knocker = knocking(() => {
    const untilMs = performance.now() + 1_050;
    while (performance.now() < untilMs);
  });
  await expect(knocker.knock(input)).rejects.toThrow(/took \d+ ms for cafe/);
});

test("what is refused in a new way is mutated in its turn", async () => {
  const seen = new Set<number>();
  const knocker = knocking((bytes) => {
    const depth = Buffer.from(bytes).toString("latin1").split("x").length;
    seen.add(depth);
    return "x".repeat(Math.min(depth, 20)); // each x more ends in another way
  });
  await knocker.knockAtRandom(seededPrng(1), 20_000);
  expect(knocker.result.outcomes).toBeGreaterThan(5);
  expect(knocker.result).toMatchObject({ count: 20_000, accepted: 20_000 });
});

test("an input on which a door hangs is told, and ends the run", async () => {
  await using program = await sourceProgram(
    new URL("hanging-program.ts", import.meta.url).pathname,
  );
  const { signal, stderr } = spawnSync(process.execPath, [program.file], { timeout: 60_000 });
  expect(stderr.toString()).toContain("a door hangs on cafe");
  expect(signal).toBe("SIGKILL");
}, 90_000);
