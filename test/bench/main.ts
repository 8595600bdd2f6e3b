/**
 * `npm run bench [-- SECTION ROW SECTION/ROW …]`: measures, and writes docs/benchmarks.md; single rows are printed only.
 * --quick: as little as shows that everything works; printed, never written.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeSection } from "../support/page-section.ts";
import { chosenBy } from "./order.ts";
import type { Section, SectionReport } from "./section.ts";
import { sections } from "./sections.ts";

const DOCS = fileURLToPath(new URL("../../docs/", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    "warm-up": { type: "string", default: "4" },
    /** What to say of the machine, such as "shared with other work". */
    remark: { type: "string", default: "" },
  },
});

// Ends in order, so that no server is left behind.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const effort = values.quick
  ? { rounds: 1, durationMs: 60, warmUpMs: 20, isQuick: true }
  : {
      rounds: Number(values.rounds),
      durationMs: Number(values.seconds) * 1000,
      warmUpMs: Number(values["warm-up"]) * 1000,
      isQuick: false,
    };
const progress = (line: string) => console.error(line);
for (const { section, rows, isWhole } of chosenBy(positionals, sections)) {
  const report = await section.run({ rows, effort, remark: values.remark, progress });
  if (isWhole && !values.quick) write(section, report);
  else console.log(report.markdown);
}

function write({ name }: Section, { markdown, drawings }: SectionReport): void {
  mkdirSync(join(DOCS, "benchmarks"), { recursive: true });
  for (const [file, svg] of drawings) writeFileSync(join(DOCS, "benchmarks", file), svg);
  writeSection(join(DOCS, "benchmarks.md"), `bench ${name}`, markdown);
}
