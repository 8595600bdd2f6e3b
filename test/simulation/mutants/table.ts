import { dayAndMachine } from "../../support/page-section.ts";
import { ABSENT_BUGS } from "./absent.ts";
import { HELD } from "./all.ts";
import type { HuntOptions, Verdict } from "./hunter.ts";

/** The section of the page of reliability: which bug, how many seeds, and what noticed. */
export function mutantsSection(verdicts: readonly Verdict[], options: HuntOptions): string {
  const killed = verdicts.filter(({ outcome }) => outcome === "killed");
  const seeds = killed.map((verdict) => verdict.seeds).sort((a, b) => a - b);
  const median = seeds[Math.floor(seeds.length / 2)] ?? 0;
  return [
    "## Known bugs, put back",
    "",
    "Each row is a change of the shipped sources that brings a historical bug, or a classic mistake of Raft, back. The simulator of whole",
    "members (`cluster`) or that of consensus alone (`consensus`) has to find it, by seeds from the first on; the seed that does must pass",
    "without the change. Thirty of them, others each day, run with `npm test`; all of them, the few among them too that take",
    "hundreds of seeds of whole members, with `npm run mutants -- --all --report`.",
    "",
    `${dayAndMachine()}: ${killed.length} of ${verdicts.length} killed, within ${options.seedsMax} seeds from ${options.firstSeed} on;`,
    `the median needs ${median}, the slowest ${seeds.at(-1) ?? 0}.`,
    "",
    "| bug | what was changed | simulator | seeds | noticed by |",
    "|---|---|---|--:|---|",
    ...verdicts.map(rowOf),
    "",
    ...heldLines(),
    "These of the historical bugs cannot be put back:",
    "",
    "| bug | why |",
    "|---|---|",
    ...ABSENT_BUGS.map(({ bug, why }) => `| ${bug} | ${why} |`),
    "",
  ].join("\n");
}

/** Nothing, if there are none. */
function heldLines(): readonly string[] {
  if (HELD.length === 0) return [];
  return [
    "The simulators have not found these so far; the test that is named does (`CONCLAVE_MUTANT=<id> npx vitest run <file>` fails):",
    "",
    "| bug | what was changed | test |",
    "|---|---|---|",
    ...HELD.map(
      ({ id, bug, title, heldBy }) => `| ${bug} | ${title} (\`${id}\`) | \`${heldBy}\` |`,
    ),
    "",
  ];
}

function rowOf({ mutant, outcome, seeds, reason }: Verdict): string {
  const { id, bug, title, simulator } = mutant;
  const count = outcome === "killed" ? String(seeds) : outcome;
  return `| ${bug} | ${title} (\`${id}\`) | ${simulator} | ${count} | ${cellOf(reason)} |`;
}

/** What a run said, without the particulars of that run. */
function cellOf(reason: string): string {
  return reason
    .replace(/[{[].*$/, "…")
    .replaceAll("|", "\\|")
    .slice(0, 110);
}
