import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

/** The page of what was proven, by which run, and what was not. Each of its sections is written by the run itself. */
export const RELIABILITY_PAGE = fileURLToPath(
  new URL("../../docs/reliability.md", import.meta.url),
);

/**
 * Puts a section into a page between its marks, in place of what an earlier run had put there. A section that the page
 * does not know yet goes to its end. The text between the marks is the run's alone: what people write stands outside.
 */
export function writeSection(path: string, name: string, text: string): void {
  writeFileSync(path, withSection(readFileSync(path, "utf8"), name, text));
}

/** {@link writeSection} on the text of a page. */
export function withSection(page: string, name: string, text: string): string {
  const begin = `<!-- ${name} -->\n`;
  const end = `<!-- end of ${name} -->\n`;
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 !== to < 0 || to < from)
    throw new Error(`the marks of section ${name} do not match`);
  const [before, after] =
    from < 0 ? [`${page}\n`, ""] : [page.slice(0, from), page.slice(to + end.length)];
  return `${before}${begin}${text.trimEnd()}\n${end}${after}`;
}

/** When and on what figures were measured: `2026-11-21, 2 × AMD EPYC, 24 GiB`. */
export function dayAndMachine(): string {
  const [cpu] = cpus();
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, ${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}
