import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { goWithEtcd } from "../../support/go-program.ts";
import type { Order, Section, SectionReport } from "../section.ts";
import { latencyDrawing, ratiosDrawing } from "./drawings.ts";
import { conditions, goalsTable, rowTable } from "./report.ts";
import type { ServerRow } from "./row.ts";
import { type RowResult, runRow } from "./runner.ts";

/** `TMPFS_MAGIC` of statfs(2). */
const MEMORY_FILE_SYSTEM = 0x01021994;

export interface ServerSectionOptions {
  readonly name: string;
  readonly title: string;
  /** What a reader must know to read the figures; Markdown. */
  readonly notes: readonly string[];
  readonly rows: readonly ServerRow[];
}

/** A section whose rows put a foreign client's load on both servers. */
export function serverSection({ name, title, notes, rows }: ServerSectionOptions): Section {
  return {
    name,
    title,
    rows,
    run(order) {
      const heading = [`## ${title}\n`, ...notes.map((note) => `${note}\n`)];
      return unlessItCannotRun(heading, name, order, () => measured(heading, order));
    },
  };

  async function measured(heading: readonly string[], order: Order): Promise<SectionReport> {
    const chosen = rows.filter((row) => order.rows.includes(row.name));
    const results: RowResult[] = [];
    for (const row of chosen) {
      if (row.needs?.present === false) order.progress(absenceOf(row));
      else results.push(await runRow(row, order.effort, order.progress));
    }
    const absences = chosen.filter(({ needs }) => needs?.present === false).map(absenceOf);
    const drawings = drawingsOf(name, title, results);
    const parts = results.map((result) => {
      const picture = pictureOf(drawings, latencyFile(name, result));
      return `### ${result.row.title}\n\n${rowTable(result)}${picture}`;
    });
    const ratios = pictureOf(drawings, `${name}.svg`);
    const page = [
      ...heading,
      `${conditions(order)}\n`,
      goalsTable(results),
      ratios,
      ...parts,
      ...absences,
    ];
    return { markdown: page.join("\n"), drawings };
  }
}

function absenceOf({ title, needs }: ServerRow): string {
  return `### ${title}\n\nNot measured: ${needs?.name} is not installed.\n`;
}

const latencyFile = (section: string, { row }: RowResult) => `${section}-${row.name}.svg`;

function drawingsOf(name: string, title: string, results: readonly RowResult[]) {
  const drawings = new Map<string, string>();
  const ratios = ratiosDrawing(title, results);
  if (ratios !== null) drawings.set(`${name}.svg`, ratios);
  for (const result of results) {
    const latency = latencyDrawing(result);
    if (latency !== null) drawings.set(latencyFile(name, result), latency);
  }
  return drawings;
}

/** The line of Markdown that shows a drawing, if there is one. */
export function pictureOf(drawings: ReadonlyMap<string, string>, file: string): string {
  return drawings.has(file) ? `\n![${file}](benchmarks/${file})\n` : "";
}

/** Measures, unless there is nothing to make the load with: then it says so, in the page too. */
export async function unlessItCannotRun(
  heading: readonly string[],
  name: string,
  order: Order,
  measured: () => Promise<SectionReport>,
): Promise<SectionReport> {
  if (goWithEtcd.present) {
    requireDisk();
    return await measured();
  }
  const why = `${name} was not measured: ${goWithEtcd.name} is not installed`;
  order.progress(why);
  return { markdown: [...heading, `${why}.\n`].join("\n"), drawings: new Map() };
}

/** @throws Error where syncing would cost nothing: no figure would be worth its name */
function requireDisk(): void {
  if (statfsSync(tmpdir()).type === MEMORY_FILE_SYSTEM) {
    throw new Error(`${tmpdir()} is in memory; set TMPDIR to a directory on a disk`);
  }
}
