import { dayAndMachine, RELIABILITY_PAGE, writeSection } from "../support/page-section.ts";
import type { Knocks } from "./door.ts";

const thousands = (value: number): string => value.toLocaleString("en");

/** A line for each door; those of etcd's messages are one. */
export function linesOf(all: readonly Knocks[]): string[] {
  const isMessage = ({ door }: Knocks): boolean => door.startsWith("message ");
  const messages = all.filter(isMessage);
  const sum = (of: (knocks: Knocks) => number): number =>
    messages.reduce((total, knocks) => total + of(knocks), 0);
  const together: Knocks = {
    door: `${messages.length} messages of etcd's protocol, each a door`,
    count: sum(({ count }) => count),
    accepted: sum(({ accepted }) => accepted),
    outcomes: sum(({ outcomes }) => outcomes),
    finds: [],
    takenBytesMax: Math.max(0, ...messages.map(({ takenBytesMax }) => takenBytesMax)),
  };
  const rows = [
    ...all.filter((knocks) => !isMessage(knocks)),
    ...(messages.length > 0 ? [together] : []),
  ];
  return rows.map(({ door, count, accepted, outcomes, takenBytesMax }) =>
    [
      `| ${door}`,
      thousands(count),
      `${((100 * accepted) / count).toFixed(1)} %`,
      outcomes,
      `${Math.round(takenBytesMax / 1024)} |`,
    ].join(" | "),
  );
}

/** Into docs/reliability.md if `CONCLAVE_REPORT` asks for it. */
export function report(all: readonly Knocks[], tookMs: number, cpuMs: number): void {
  const total = all.reduce((sum, { count }) => sum + count, 0);
  const text = [
    "## Hostile input\n",
    `${thousands(total)} malformed inputs at ${all.length} doors in ${(tookMs / 1_000).toFixed(0)} s (${(cpuMs / 1_000).toFixed(0)} s of processor time): none`,
    "crashed a door, kept the event loop for a second, took more than 16 MiB or left a promise unhandled. Taken are those that were in order after all.",
    "The corpus, `test/fuzz/corpus`, is let in first. An input whose refusal has a text that was not seen before is mutated in its turn:",
    "that guides as coverage would, and costs nothing for each input, where the coverage of Node's inspector costs milliseconds.",
    `${dayAndMachine()}; \`CONCLAVE_REPORT=1 npx vitest run test/fuzz\`.\n`,
    "| door | inputs | taken | ways to end | most memory for one, KiB |",
    "|---|--:|--:|--:|--:|",
    ...linesOf(all),
  ].join("\n");
  console.info(text);
  if (process.env.CONCLAVE_REPORT !== undefined) {
    writeSection(RELIABILITY_PAGE, "hostile input", text);
  }
}
