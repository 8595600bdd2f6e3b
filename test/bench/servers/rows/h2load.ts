import { methodOf } from "../../../support/etcd-protocol.ts";
import { RawClient } from "../../../support/raw-client.ts";
import type { Deployment } from "../../../support/server-process.ts";
import { h2load } from "../../../support/tools.ts";
import type { Effort } from "../../section.ts";
import { type H2loadReport, runH2load } from "../h2load.ts";
import type { Figure, Sample, ServerRow } from "../row.ts";

const KEY = "k".repeat(16);
const VALUE = "v".repeat(256);

/** A message of etcd's, and where it goes. */
function requestOf(name: string, request: object) {
  const { path, encode } = methodOf(name);
  return { path, message: encode(request) };
}

const PUT = requestOf("KV.Put", { key: KEY, value: VALUE });
const GET = requestOf("KV.Range", { key: KEY });
const CROWD = { connections: 16, streams: 16 };

const FIGURES: readonly Figure[] = [
  { name: "rate", title: "calls/s", isBetter: "more" },
  { name: "mean", title: "mean, ms", isBetter: "less" },
  { name: "serverCpu", title: "CPU of the server, µs each", isBetter: "less" },
  { name: "resident", title: "RSS, MiB", isBetter: "less" },
];

/** The same requests from a generator that costs next to nothing: what the server can do when it has a core to itself. */
export const h2loadRows: readonly ServerRow[] = [
  {
    name: "put-h2load",
    title: "Put of one key, 1 member, 256 requests of h2load under way",
    members: 1,
    needs: h2load,
    figures: FIGURES,
    async measure(deployment, effort) {
      await runH2load(deployment, { ...PUT, ...CROWD, amount: warmUpOf(effort) });
      const before = await revisionOf(deployment);
      const report = await runH2load(deployment, { ...PUT, ...CROWD, amount: amountOf(effort) });
      const written = (await revisionOf(deployment)) - before;
      if (written < report.answered) throw new Error(`${report.answered} answers, ${written} puts`);
      return sampleOf(report);
    },
  },
  {
    name: "get-h2load",
    title: "Linearizable get of one key, 1 member, 256 requests of h2load under way",
    members: 1,
    needs: h2load,
    figures: FIGURES,
    async measure(deployment, effort) {
      await runH2load(deployment, { ...PUT, ...CROWD, amount: warmUpOf(effort) });
      const report = await runH2load(deployment, { ...GET, ...CROWD, amount: amountOf(effort) });
      if (report.bodyBytes < report.answered * VALUE.length) {
        throw new Error(`${report.answered} answers are ${report.bodyBytes} bytes only`);
      }
      return sampleOf(report);
    },
  },
];

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
