import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment, ServerKind } from "../../../support/server-process.ts";
import type { Effort } from "../../section.ts";
import { residentMiB } from "../cost.ts";
import type { Sample } from "../row.ts";
import { inWords, startAll } from "../runner.ts";
import type { GrowthLine } from "./line.ts";

/** What one server came to at one point. */
export interface PointResult {
  readonly point: number;
  readonly kind: ServerKind;
  /** RSS at rest, before anything was measured at this point. */
  readonly residentMiB: number;
  /** What RSS at rest has grown by while it was brought here from the point before; MiB. Work between the points is not in it. */
  readonly grownMiB: number;
  readonly samples: readonly Sample[];
}

/** What has just been opened is tidied up behind. */
const REST_MS = 2_000;

/** Measures a line on a server of each kind: point by point, and at each the servers in turn (A B A B …). */
export async function runGrowth(
  line: GrowthLine,
  effort: Effort,
  progress: (line: string) => void,
): Promise<PointResult[]> {
  const open: AsyncDisposable[] = [];
  try {
    const servers = await startAll({ members: 1 });
    open.push(...servers.values());
    const results: PointResult[] = [];
    let from = 0;
    let isWarm = false;
    for (const point of effort.isQuick ? line.quickPoints : line.points) {
      const before = await restingMiB(servers, effort);
      for (const deployment of servers.values()) {
        const opened = await line.grow(deployment, from, point);
        if (opened !== null) open.unshift(opened);
      }
      for (const deployment of isWarm ? [] : servers.values()) {
        await line.measure(deployment, point, effort); // compiled, and with a heap of its usual size
      }
      isWarm = true;
      const resting = await restingMiB(servers, effort);
      const memory = { before, resting };
      results.push(...(await measurePoint(line, point, servers, memory, effort, progress)));
      from = point;
    }
    return results;
  } finally {
    for (const each of open) await each[Symbol.asyncDispose](); // loads before their servers
  }
}

type Servers = ReadonlyMap<ServerKind, Deployment>;
type Mebibytes = ReadonlyMap<ServerKind, number>;

/** RSS of each server once it has tidied up. */
async function restingMiB(servers: Servers, effort: Effort): Promise<Mebibytes> {
  if (!effort.isQuick) await sleep(REST_MS);
  return new Map([...servers].map(([kind, deployment]) => [kind, residentMiB(deployment)]));
}

async function measurePoint(
  line: GrowthLine,
  point: number,
  servers: Servers,
  memory: { readonly before: Mebibytes; readonly resting: Mebibytes },
  effort: Effort,
  progress: (line: string) => void,
): Promise<PointResult[]> {
  const results = [...servers].map(([kind, deployment]) => ({
    point,
    kind,
    deployment,
    residentMiB: memory.resting.get(kind)!,
    grownMiB: memory.resting.get(kind)! - memory.before.get(kind)!,
    samples: [] as Sample[],
  }));
  for (let round = 1; round <= effort.rounds; round++) {
    for (const { kind, deployment, samples } of results) {
      const sample = await line.measure(deployment, point, effort);
      samples.push(sample);
      const turn = `${line.name} ${point} ${round}/${effort.rounds}`;
      progress(`${turn} ${kind}: ${inWords(line, sample)}`);
    }
  }
  return results;
}
