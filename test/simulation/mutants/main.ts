/**
 * `npm run mutants [-- ID…] [--all] [--held] [--seeds N] [--report] [--verdicts FILE]`: hunts the named mutants, or all, or those whose
 * turn it is, or those that only tests hold so far. `CONCLAVE_SEED` is the first seed, and chooses whose turn it is.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { RELIABILITY_PAGE, writeSection } from "../../support/page-section.ts";
import { HELD, HUNTED, MUTANTS, QUICKLY_HUNTED } from "./all.ts";
import { dayOf, mutantsNamed, partOf } from "./choice.ts";
import { type HuntOptions, huntAll, type Verdict } from "./hunter.ts";
import { mutantsSection } from "./table.ts";

const SEEDS_MAX_DEFAULT = 2_000;
const HUNT_TIMEOUT_MS = 15 * 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: "boolean", default: false },
    held: { type: "boolean", default: false },
    seeds: { type: "string", default: String(SEEDS_MAX_DEFAULT) },
    report: { type: "boolean", default: false },
    verdicts: { type: "string" },
  },
});

const { CONCLAVE_SEED } = process.env;
const turn = CONCLAVE_SEED === undefined ? dayOf(new Date()) : Number(CONCLAVE_SEED);
const options: HuntOptions = {
  root: process.cwd(),
  firstSeed: Number(CONCLAVE_SEED ?? 1),
  seedsMax: Number(values.seeds),
  timeoutMs: HUNT_TIMEOUT_MS,
};

function chosen(): readonly (typeof MUTANTS)[number][] {
  if (positionals.length > 0) return mutantsNamed(MUTANTS, positionals);
  if (values.held) return HELD;
  return values.all ? HUNTED : partOf(QUICKLY_HUNTED, turn);
}

function lineOf({ mutant, outcome, seeds, reason, elapsedMs }: Verdict): string {
  const seconds = (elapsedMs / 1000).toFixed(1);
  return `   ${outcome} ${mutant.id} (${mutant.bug}): ${seeds} seeds, ${seconds} s. ${reason}\n`;
}

const mutants = chosen();
const whose = mutants === HUNTED ? "all" : `turn ${turn}`;
process.stdout.write(
  `   ${mutants.length} of ${HUNTED.length} mutants (${whose}), seeds from ${options.firstSeed}\n`,
);
const verdicts = await huntAll(mutants, options, (verdict) => {
  process.stdout.write(lineOf(verdict));
});
if (values.verdicts !== undefined) {
  const outcomes = verdicts.map(({ mutant, outcome }) => ({ id: mutant.id, outcome }));
  writeFileSync(values.verdicts, JSON.stringify(outcomes));
}
if (values.report) {
  if (mutants !== HUNTED) throw new Error("only a run of --all writes the table");
  const inOrder = HUNTED.flatMap((mutant) => verdicts.filter((each) => each.mutant === mutant));
  writeSection(RELIABILITY_PAGE, "mutants", mutantsSection(inOrder, options));
}
if (verdicts.some(({ outcome }) => outcome !== "killed")) process.exitCode = 1;
