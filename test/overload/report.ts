import { dayAndMachine, RELIABILITY_PAGE, writeSection } from "../support/page-section.ts";
import type { Figures } from "./overload-run.ts";

const MIB = 2 ** 20;

interface Row {
  readonly load: string;
  readonly figures: Figures;
  readonly remark: string;
}

const rows: Row[] = [];

export function record(load: string, figures: Figures, remark: string): void {
  rows.push({ load, figures, remark });
}

/** Into docs/reliability.md if `CONCLAVE_REPORT` asks for it; else nowhere but the test's own output. */
export function report(command: string): void {
  const lines = rows.map(({ load, figures, remark }) => {
    const { residentBytesBefore, residentBytesMax, before, during, recoveredAfterMs } = figures;
    const { keepAlive, put } = during;
    return [
      load,
      `${mib(residentBytesBefore)} → ${mib(residentBytesMax)}`,
      `${ms(before.keepAlive.p50)} → ${ms(keepAlive.p50)}, ${ms(keepAlive.max)}`,
      `${ms(before.put.p50)} → ${ms(put.p50)}, ${ms(put.max)}`,
      (recoveredAfterMs / 1_000).toFixed(1),
      remark,
    ].join(" | ");
  });
  const text = [
    "## Overload\n",
    "A server process of its own for each load; the load comes from raw sockets, the pulse (a lease's keep-alive and a put, every 50 ms)",
    `from a third process, all on one machine. ${dayAndMachine()}; \`${command}\`.\n`,
    "| load | resident, MiB: before → most | keep-alive, ms: median before → median, longest | put, ms: the same | quick again after, s | |",
    "|---|--:|--:|--:|--:|---|",
    ...lines.map((line) => `| ${line} |`),
  ].join("\n");
  console.info(text);
  if (process.env.CONCLAVE_REPORT !== undefined) writeSection(RELIABILITY_PAGE, "overload", text);
}

const mib = (bytes: number): string => (bytes / MIB).toFixed(0);
const ms = (milliseconds: number): string => milliseconds.toFixed(milliseconds < 10 ? 1 : 0);
