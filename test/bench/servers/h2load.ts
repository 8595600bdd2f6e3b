import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../support/run-command.ts";
import type { Deployment } from "../../support/server-process.ts";
import { h2load } from "../../support/tools.ts";
import { residentMiB, serverCpuMicros } from "./cost.ts";

/** What h2load says of a run, and what it cost the server. */
export interface H2loadReport {
  readonly answered: number;
  readonly perSecond: number;
  /** Of the answers' messages. */
  readonly bodyBytes: number;
  readonly meanMs: number;
  readonly serverCpuMicros: number;
  readonly residentMiB: number;
}

/** Sends one gRPC request again and again, to all members alike. */
export interface H2loadSettings {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** The message; its prefix of gRPC is put before it. */
  readonly message: Uint8Array;
  /** To all members together. Requires: a multiple of their number. */
  readonly connections: number;
  /** Requests under way on each connection. */
  readonly streams: number;
  /** How long, or how many. */
  readonly amount: Amount;
}

/** `requests` are those to each member. */
type Amount = { readonly durationMs: number } | { readonly requests: number };

/** What one h2load says. */
type ParsedReport = ReturnType<typeof reportIn>;

const TIMEOUT_MS = 300_000;

/** @throws Error when a request was not answered with 200 */
export async function runH2load(
  deployment: Deployment,
  settings: H2loadSettings,
): Promise<H2loadReport> {
  const { endpoints } = deployment;
  const directory = await mkdtemp(join(tmpdir(), "bench-h2load-"));
  try {
    const body = join(directory, "body");
    await writeFile(body, withPrefix(settings.message));
    const before = serverCpuMicros(deployment);
    const runs = endpoints.map((endpoint) => runAt(endpoint, endpoints.length, body, settings));
    const report = sumOf(await Promise.all(runs));
    const cost = {
      serverCpuMicros: serverCpuMicros(deployment) - before,
      residentMiB: residentMiB(deployment),
    };
    return { ...report, ...cost };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function runAt(
  endpoint: string,
  endpointCount: number,
  body: string,
  { path, connections, streams, amount }: H2loadSettings,
): Promise<ParsedReport> {
  const args = [
    ...("requests" in amount ? ["-n", `${amount.requests}`] : ["-D", `${amount.durationMs}ms`]),
    ...["-c", `${connections / endpointCount}`, "-m", `${streams}`, "-d", body],
    ...["-H", "content-type: application/grpc", "-H", "te: trailers"],
    `http://${endpoint}${path}`,
  ];
  const { code, stdout, stderr } = await runCommand(h2load.path, args, { timeoutMs: TIMEOUT_MS });
  if (code !== 0) throw new Error(`h2load ended with ${code}: ${stderr}`);
  return reportIn(stdout);
}

function sumOf(reports: readonly ParsedReport[]): ParsedReport {
  const total = (of: (report: ParsedReport) => number) =>
    reports.reduce((sum, report) => sum + of(report), 0);
  const answered = total((report) => report.answered);
  return {
    answered,
    perSecond: total((report) => report.perSecond),
    bodyBytes: total((report) => report.bodyBytes),
    meanMs: total((report) => report.meanMs * report.answered) / answered,
  };
}

/** Exported for its test: the words of h2load are not ours. */
export function reportIn(output: string) {
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const [answered, refused] = [number(/ (\d+) succeeded/), number(/ (\d+) failed/)];
  const unwelcome = number(/2xx, (\d+) 3xx/) + number(/3xx, (\d+) 4xx/) + number(/4xx, (\d+) 5xx/);
  if (answered === 0 || refused !== 0 || unwelcome !== 0) {
    throw new Error(`h2load was not answered as it should be:\n${output}`);
  }
  return {
    answered,
    perSecond: number(/, ([\d.]+) req\/s/),
    bodyBytes: number(/\((\d+)\) data/),
    meanMs: meanMsIn(output),
  };
}

/** min, max and mean stand in a row, each with a unit of its own. */
function meanMsIn(output: string): number {
  const mean = /time for request:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)\s/.exec(output);
  const unitMs = { us: 0.001, ms: 1, s: 1000 };
  return Number(mean?.[1]) * (unitMs[mean?.[2] as keyof typeof unitMs] ?? Number.NaN);
}

function withPrefix(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5); // not compressed
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
