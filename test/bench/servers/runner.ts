import { tmpdir } from "node:os";
import { Deployment, type ServerKind } from "../../support/server-process.ts";
import { conclaveServer, etcdServer } from "../../support/tools.ts";
import type { Effort } from "../section.ts";
import { figureText } from "../statistics.ts";
import type { Sample, ServerRow } from "./row.ts";

/** What the rounds of a row came to, in the order they were run. */
export interface RowResult {
  readonly row: ServerRow;
  /** Those that are installed, Conclave first. */
  readonly samples: ReadonlyMap<ServerKind, readonly Sample[]>;
}

/** Room for what a row writes; both servers' own default is 2 GiB. */
export const FLAGS = ["--quota-backend-bytes", `${8 * 2 ** 30}`];

export function installedServers(): ServerKind[] {
  const tools = { conclave: conclaveServer, etcd: etcdServer };
  return (["conclave", "etcd"] as const).filter((kind) => tools[kind].present);
}

/**
 * Measures a row: both servers in turn, round after round (A B A B …), so that whatever else the machine does falls on
 * both. One server rests while the other is measured.
 */
export async function runRow(
  row: ServerRow,
  effort: Effort,
  progress: (line: string) => void,
): Promise<RowResult> {
  const samples = new Map(installedServers().map((kind) => [kind, [] as Sample[]]));
  const shared = row.isFresh === true ? new Map<ServerKind, Deployment>() : await startAll(row);
  try {
    for (let round = 1; round <= effort.rounds; round++) {
      for (const [kind, ofKind] of samples) {
        const sample = await measure(row, kind, shared.get(kind), effort);
        ofKind.push(sample);
        progress(`${row.name} ${round}/${effort.rounds} ${kind}: ${inWords(row, sample)}`);
      }
    }
  } finally {
    for (const deployment of shared.values()) await deployment[Symbol.asyncDispose]();
  }
  return { row, samples };
}

async function measure(
  row: ServerRow,
  kind: ServerKind,
  shared: Deployment | undefined,
  effort: Effort,
): Promise<Sample> {
  if (shared !== undefined) return row.measure(shared, effort);
  await using own = await start(row, kind);
  return await row.measure(own, effort);
}

function start({ members }: Pick<ServerRow, "members">, kind: ServerKind): Promise<Deployment> {
  return Deployment.start({ kind, members, flags: FLAGS, dataPlace: tmpdir() });
}

/** A deployment of each kind that is installed, or none. */
export async function startAll(
  shape: Pick<ServerRow, "members">,
): Promise<Map<ServerKind, Deployment>> {
  const kinds = installedServers();
  const starts = await Promise.allSettled(kinds.map((kind) => start(shape, kind)));
  const running = new Map<ServerKind, Deployment>();
  for (const [at, started] of starts.entries()) {
    if (started.status === "fulfilled") running.set(kinds[at]!, started.value);
  }
  const failed = starts.find(({ status }) => status === "rejected");
  if (failed?.status !== "rejected") return running;
  for (const deployment of running.values()) await deployment[Symbol.asyncDispose]();
  throw failed.reason;
}

export function inWords({ figures }: Pick<ServerRow, "figures">, sample: Sample): string {
  const known = figures.map(({ name, title }) => `${figureText(sample.figures[name]!)} ${title}`);
  return known.slice(0, 4).join("; ");
}
