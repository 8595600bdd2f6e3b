import { methodOf } from "../../../support/etcd-protocol.ts";
import { RawClient } from "../../../support/raw-client.ts";
import type { Deployment } from "../../../support/server-process.ts";
import { h2load } from "../../../support/tools.ts";
import type { Effort } from "../../section.ts";
import { type H2loadReport, type H2loadSettings, runH2load } from "../h2load.ts";
import type { Figure, Sample, ServerRow } from "../row.ts";

const KEY = "k".repeat(16);
const VALUE = "v".repeat(256);

interface H2loadRowOptions {
  readonly name: string;
  readonly title: string;
  readonly members?: 1 | 3;
  /** A message of etcd's, and where it goes. */
  readonly request: Pick<H2loadSettings, "path" | "message">;
  readonly writes: boolean;
  readonly reads: boolean;
  readonly load: Pick<H2loadSettings, "connections" | "streams">;
  /** What Conclave ÷ etcd has to be. */
  readonly rateGoal: number;
}

function requestOf(name: string, request: object) {
  const { path, encode } = methodOf(name);
  return { path, message: encode(request) };
}

const PUT = requestOf("KV.Put", { key: KEY, value: VALUE });
const GET = requestOf("KV.Range", { key: KEY });
const SERIALIZABLE_GET = requestOf("KV.Range", { key: KEY, serializable: true });
const TXN = requestOf("KV.Txn", {
  compare: [{ key: KEY, target: "VERSION", result: "GREATER", version: -1 }],
  success: [{ request_put: { key: KEY, value: VALUE } }, { request_range: { key: KEY } }],
});

const PUTS = { request: PUT, writes: true, reads: false } as const;
const GETS = { request: GET, writes: false, reads: true } as const;
const CROWD = { connections: 16, streams: 16 } as const;
/** Of three members, each with a third of the connections. */
const SPREAD_CROWD = { connections: 15, streams: 17 } as const;

/** The same requests from a generator that costs next to nothing: what the server can do when it has a core to itself. */
export const h2loadRows: readonly ServerRow[] = [
  h2loadRow({
    name: "put-h2load",
    title: "Put of one key, 1 member, 256 requests of h2load under way",
    ...PUTS,
    load: CROWD,
    rateGoal: 2.5,
  }),
  h2loadRow({
    name: "put-1000-h2load",
    title: "Put of one key, 1 member, 1,008 requests of h2load under way",
    ...PUTS,
    load: { connections: 16, streams: 63 },
    rateGoal: 2.2,
  }),
  h2loadRow({
    name: "put-lone-h2load",
    title: "Put of one key, 1 member, one request of h2load under way",
    ...PUTS,
    load: { connections: 1, streams: 1 },
    rateGoal: 1.3,
  }),
  h2loadRow({
    name: "put-3-h2load",
    title: "Put of one key, 3 members, 255 requests of h2load under way over all members",
    members: 3,
    ...PUTS,
    load: SPREAD_CROWD,
    rateGoal: 2.5,
  }),
  h2loadRow({
    name: "txn-h2load",
    title: "Transaction (1 compare, put and get) on one key, 256 requests of h2load under way",
    request: TXN,
    writes: true,
    reads: true,
    load: CROWD,
    rateGoal: 4,
  }),
  h2loadRow({
    name: "get-h2load",
    title: "Linearizable get of one key, 1 member, 256 requests of h2load under way",
    ...GETS,
    load: CROWD,
    rateGoal: 5,
  }),
  h2loadRow({
    name: "get-3-h2load",
    title:
      "Linearizable get of one key, 3 members, 255 requests of h2load under way over all members",
    members: 3,
    ...GETS,
    load: SPREAD_CROWD,
    rateGoal: 3.5,
  }),
  h2loadRow({
    name: "get-serializable-h2load",
    title: "Serializable get of one key, 1 member, 256 requests of h2load under way",
    ...GETS,
    request: SERIALIZABLE_GET,
    load: CROWD,
    rateGoal: 5,
  }),
];

function h2loadRow(options: H2loadRowOptions): ServerRow {
  const { name, title, members = 1, load, request, writes, reads, rateGoal } = options;
  return {
    name,
    title,
    members,
    needs: h2load,
    figures: figuresWith(rateGoal),
    async measure(deployment, effort) {
      await runH2load(deployment, { ...PUT, ...load, amount: warmUpOf(effort) });
      const before = await revisionOf(deployment);
      const report = await runH2load(deployment, { ...request, ...load, amount: amountOf(effort) });
      const written = (await revisionOf(deployment)) - before;
      if (writes) checkWrites(report, written);
      if (reads) checkReads(report);
      return sampleOf(report);
    },
  };
}

function figuresWith(rateGoal: number): readonly Figure[] {
  return [
    { name: "rate", title: "calls/s", isBetter: "more", ratioGoal: rateGoal },
    { name: "mean", title: "mean, ms", isBetter: "less" },
    { name: "serverCpu", title: "CPU of the servers, µs each", isBetter: "less" },
    { name: "resident", title: "RSS of the largest member, MiB", isBetter: "less" },
  ];
}

/** h2load looks at the status of HTTP only: whether gRPC's was good shows in what became of the calls. */
function checkWrites({ answered }: H2loadReport, written: number): void {
  if (written < answered) throw new Error(`${answered} answers, ${written} puts`);
}

function checkReads({ answered, bodyBytes }: H2loadReport): void {
  if (bodyBytes >= answered * VALUE.length) return;
  throw new Error(`${answered} answers are ${bodyBytes} bytes only`);
}

/** A short time may pass without an answer, on a busy machine. */
function amountOf({ isQuick, durationMs }: Pick<Effort, "isQuick" | "durationMs">) {
  return isQuick ? { requests: 512 } : { durationMs };
}

function warmUpOf({ isQuick, warmUpMs }: Effort) {
  return amountOf({ isQuick, durationMs: warmUpMs });
}

function sampleOf(report: H2loadReport): Sample {
  return {
    figures: {
      rate: report.perSecond,
      mean: report.meanMs,
      serverCpu: report.serverCpuMicros / report.answered,
      resident: report.residentMiB,
    },
  };
}

async function revisionOf({ endpoints }: Deployment): Promise<number> {
  using client = new RawClient(endpoints[0]!);
  const { header } = await client.call("KV.Range", { key: "nothing" });
  return header.revision;
}
