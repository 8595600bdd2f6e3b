/**
 * `npm run bench -- SECTION…`: measures, and writes docs/benchmarks.md.
 * --quick: one short round of each, to see that everything works; printed, never written.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeSection } from "../support/page-section.ts";
import { reportOf } from "./report.ts";
import { runSection } from "./runner.ts";
import { sections } from "./sections.ts";

const PAGE = fileURLToPath(new URL("../../docs/benchmarks.md", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    /** Only rows whose name holds this; printed, not written. */
    row: { type: "string", default: "" },
    /** What to say of the machine, such as "shared with other work". */
    remark: { type: "string", default: "" },
  },
});

// Ends in order, so that no server is left behind.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const chosen = positionals.length === 0 ? sections.map(({ name }) => name) : positionals;
const effort = values.quick
  ? { rounds: 1, durationMs: 60 }
  : { rounds: Number(values.rounds), durationMs: Number(values.seconds) * 1000 };
for (const name of chosen) {
  const found = sections.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no section ${name}`);
  const section = { ...found, rows: found.rows.filter((row) => row.name.includes(values.row)) };
  const results = await runSection(section, effort, (line) => console.error(line));
  const report = reportOf(section, results, effort, values.remark);
  if (values.quick || values.row !== "") console.log(report);
  else writeSection(PAGE, `bench ${section.name}`, report);
}
