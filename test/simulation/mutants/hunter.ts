import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleHunt } from "./bundle.ts";
import type { Hunt } from "./hunt.ts";
import type { Mutant, Simulator } from "./mutant.ts";

export interface HuntOptions {
  /** Of the repository. */
  readonly root: string;
  readonly firstSeed: number;
  /** Seeds after which a mutant has survived. Count. */
  readonly seedsMax: number;
  /** Of one mutant: one that makes a run go round for ever is found out by this. Milliseconds. */
  readonly timeoutMs: number;
}

export interface Verdict {
  readonly mutant: Mutant;
  readonly outcome: "killed" | "survived" | "unsound";
  /** Until it was killed, that one included. Count. */
  readonly seeds: number;
  /** What the failing run said; empty if none failed. */
  readonly reason: string;
  readonly elapsedMs: number;
}

/** Hunts mutants, two at once, and tells each verdict as it comes. */
export async function huntAll(
  mutants: readonly Mutant[],
  options: HuntOptions,
  onVerdict: (verdict: Verdict) => void,
): Promise<readonly Verdict[]> {
  const directory = mkdtempSync(join(tmpdir(), "conclave-mutants-"));
  try {
    const shipped = join(directory, "shipped.mjs");
    await bundleHunt(options.root, [], shipped);
    const waiting = [...mutants];
    const verdicts: Verdict[] = [];
    const worker = async (): Promise<void> => {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        const verdict = await hunt(mutant, options, directory, shipped);
        verdicts.push(verdict);
        onVerdict(verdict);
      }
    };
    await Promise.all([worker(), worker()]);
    return verdicts;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function hunt(
  mutant: Mutant,
  options: HuntOptions,
  directory: string,
  shipped: string,
): Promise<Verdict> {
  const { firstSeed, seedsMax, timeoutMs } = options;
  const startedMs = performance.now();
  const program = join(directory, `${mutant.id}.mjs`);
  await bundleHunt(options.root, mutant.edits, program);
  const { simulator } = mutant;
  const found = await runHunt(program, simulator, firstSeed, seedsMax, timeoutMs);
  const elapsedMs = performance.now() - startedMs;
  const { seeds, reason } = found;
  if (reason === null) return { mutant, outcome: "survived", seeds, reason: "", elapsedMs };
  // A seed that fails without the mutant says nothing about it.
  const without = await runHunt(shipped, simulator, firstSeed + seeds - 1, 1, timeoutMs);
  const outcome = without.reason === null ? "killed" : "unsound";
  return { mutant, outcome, seeds, reason, elapsedMs };
}

function runHunt(
  program: string,
  simulator: Simulator,
  firstSeed: number,
  seedsMax: number,
  timeoutMs: number,
): Promise<Hunt> {
  const args = [program, simulator, String(firstSeed), String(seedsMax)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  return outcomeOf(child, timeoutMs);
}

/** What a hunt printed last. A process that says nothing was killed by what it ran, or by its time. */
function outcomeOf(child: ChildProcess, timeoutMs: number): Promise<Hunt> {
  return new Promise((resolve, reject) => {
    let output = "";
    let errors = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4_000);
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(timer);
      const last = output.trimEnd().split("\n").at(-1) ?? "";
      if (last.startsWith("{")) resolve(JSON.parse(last) as Hunt);
      else reject(new Error(`a hunt ended without a word: ${errors}`));
    });
  });
}
