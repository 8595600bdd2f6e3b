import { expect, onTestFailed } from "vitest";

/** The seed to run with: `CONCLAVE_SEED`, else the usual one, else one drawn at random. */
export function chooseSeed(usual: number = drawSeed()): number {
  return setting("CONCLAVE_SEED") ?? usual;
}

/** {@link chooseSeed} for the running test, which prints how to replay it if it fails. */
export function testSeed(usual?: number): number {
  const seed = chooseSeed(usual);
  printReplayOnFailure(seed);
  return seed;
}

/**
 * Seeds to run one by one: usually `count` of them from `first` on. `CONCLAVE_SEED` is another first, and alone unless
 * `CONCLAVE_SEEDS` says how many.
 */
export function testSeeds(first: number, count: number): readonly number[] {
  const from = chooseSeed(first);
  const length = setting("CONCLAVE_SEEDS") ?? (setting("CONCLAVE_SEED") === undefined ? count : 1);
  return Array.from({ length }, (_, at) => from + at);
}

/** In a test that runs one of several seeds. */
export function printReplayOnFailure(seed: number): void {
  const command = replayCommand(seed);
  onTestFailed(() => console.error(`replay: ${command}`));
}

/** The command that runs the test file under way again with this seed, and with what else was set for it. */
export function replayCommand(seed: number): string {
  const settings = Object.entries(process.env)
    .filter(
      ([name]) => name.startsWith("CONCLAVE_") && !/^CONCLAVE_(SEEDS?|TEST_REPORT)$/.test(name),
    )
    .map(([name, value]) => `${name}=${value} `);
  const file = expect.getState().testPath ?? "";
  const path = file.startsWith(process.cwd()) ? file.slice(process.cwd().length + 1) : file;
  return `CONCLAVE_SEED=${seed} ${settings.join("")}npx vitest run ${path}`;
}

function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

/** A seed with a typing error must not replay another run. */
function setting(name: "CONCLAVE_SEED" | "CONCLAVE_SEEDS"): number | undefined {
  const text = process.env[name];
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new RangeError(`${name}=${text}: not a whole number`);
  return Number(text);
}
