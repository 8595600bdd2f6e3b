import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dayAndMachine } from "../../support/page-section.ts";
import type { Order, Section } from "../section.ts";
import { unlessItCannotRun } from "../servers/section.ts";
import { figureText } from "../statistics.ts";
import { handOver, handOverText, measureHandOver } from "./hand-over.ts";
import { measurePath, type PathCost } from "./measure-path.ts";
import { moreCoresText } from "./more-cores.ts";
import { hotPaths } from "./paths.ts";
import { ProbedServer } from "./probed-server.ts";
import { pathText, roomsTable } from "./report.ts";

const title = "What a request costs";
const heading = [
  `## ${title}\n`,
  [
    "One member of Conclave under the Go program's load, warmed up, and watched in windows of their own: counters that cost nothing, a",
    "profile of the processor (samples every 0.5 ms), one of V8's heap (every 16 KiB, garbage too), strace. A function's µs are its share of",
    "the profile of what the kernel says that the main thread took where nothing watched: samples inside system calls share the kernel's part of it. What is built into V8 and Node belongs to the",
    "room that called it. Bytes on the wire are the payload of TCP, over 4 connections through a relay, with 64 callers.\n",
  ].join("\n"),
];

export const costSection: Section = {
  name: "cost",
  title,
  rows: [...hotPaths, handOver],
  run: (order) =>
    unlessItCannotRun(heading, "cost", order, async () => {
      const costs = await measured(order);
      const parts = costs.length === 0 ? [] : [roomsTable(costs), ...costs.map(pathText)];
      if (order.rows.includes(handOver.name)) {
        const handed = await measureHandOver(order.effort);
        parts.push(handOverText(handed));
        if (costs.length > 0) parts.push(moreCoresText(costs, handed));
      }
      const page = [...heading, `${conditions(order)}\n`, ...parts];
      return { markdown: page.join("\n"), drawings: new Map() };
    }),
};

async function measured({ rows, effort, progress }: Order): Promise<PathCost[]> {
  const directory = mkdtempSync(join(tmpdir(), "probe-"));
  try {
    const costs: PathCost[] = [];
    for (const path of hotPaths.filter(({ name }) => rows.includes(name))) {
      await using server = await ProbedServer.start(directory);
      const cost = await measurePath(path, server, effort);
      costs.push(cost);
      const micros = cost.main.user + cost.main.kernel;
      progress(`cost of ${path.unit}: ${figureText(micros)} µs of the main thread`);
    }
    return costs;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function conditions({ effort, remark }: Order): string {
  return [
    `${dayAndMachine()}${remark === "" ? "" : ` (${remark})`}; Node ${process.versions.node}. Load and server share the machine;`,
    `measured once, after ${effort.warmUpMs / 1_000} s of the same work.`,
  ].join(" ");
}
