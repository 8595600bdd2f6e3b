import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { chooseSeed, replayCommand, testSeeds } from "./seed.ts";

beforeEach(() => {
  vi.stubEnv("CONCLAVE_SEED", undefined);
  vi.stubEnv("CONCLAVE_SEEDS", undefined);
});
afterEach(() => vi.unstubAllEnvs());

test("without variables the usual seeds run, or any", () => {
  expect(chooseSeed(7)).toBe(7);
  expect(chooseSeed()).not.toBe(chooseSeed());
  expect(testSeeds(20, 3)).toEqual([20, 21, 22]);
});

test("CONCLAVE_SEED runs one seed, CONCLAVE_SEEDS so many from there or from the usual one on", () => {
  vi.stubEnv("CONCLAVE_SEED", "41");
  expect([chooseSeed(7), chooseSeed(), testSeeds(20, 3)]).toEqual([41, 41, [41]]);
  vi.stubEnv("CONCLAVE_SEEDS", "2");
  expect(testSeeds(20, 3)).toEqual([41, 42]);
  vi.stubEnv("CONCLAVE_SEED", undefined);
  expect(testSeeds(20, 3)).toEqual([20, 21]);
});

test("a seed that is no number is refused", () => {
  vi.stubEnv("CONCLAVE_SEED", "0x2a");
  expect(() => chooseSeed()).toThrow("CONCLAVE_SEED=0x2a: not a whole number");
});

test("the command replays this file, with what else was set", () => {
  vi.stubEnv("CONCLAVE_SEEDS", "9");
  vi.stubEnv("CONCLAVE_STEPS", "50");
  const command = replayCommand(41);
  expect(command).toMatch(/^CONCLAVE_SEED=41 .*CONCLAVE_STEPS=50 .*npx vitest run /);
  expect(command).toMatch(/packages\/base\/src\/testing\/seed\.test\.ts$/);
  expect(command).not.toContain("CONCLAVE_SEEDS");
});
