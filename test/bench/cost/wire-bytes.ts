import { CuttingProxy } from "../../support/cutting-proxy.ts";
import type { LoadSettings } from "../servers/load-process.ts";
import { watchLoad } from "./window.ts";

/** Payload of TCP, for each thing that is counted. */
export interface WireBytes {
  readonly toServer: number;
  readonly fromServer: number;
}

/** Counts what passes between a load and a server, in a relay that both think is the other. */
export async function wireBytes(
  workload: string,
  endpoint: string,
  settings: LoadSettings,
): Promise<WireBytes> {
  await using relay = await CuttingProxy.start(endpoint);
  const { report, seen } = await watchLoad(workload, relay.endpoint, settings, {
    begin: () => relay.count(),
    end: () => ({ ...relay.passed }),
  });
  return {
    toServer: seen.up / report.operations,
    fromServer: seen.down / report.operations,
  };
}
