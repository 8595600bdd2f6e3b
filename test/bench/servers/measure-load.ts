import type { Deployment } from "../../support/server-process.ts";
import type { Effort } from "../section.ts";
import { residentMiB, serverCpuMicros } from "./cost.ts";
import { LoadProcess, type LoadReport, type LoadSettings } from "./load-process.ts";

/** A load's own report, and what it cost the servers meanwhile. */
export interface MeasuredLoad extends LoadReport {
  readonly serverCpuMicros: number;
  readonly residentMiB: number;
}

/** Puts a load on all members, and reads their costs when it is warm and when it is over. */
export async function measureLoad(
  deployment: Deployment,
  workload: string,
  settings: LoadSettings,
): Promise<MeasuredLoad> {
  await using load = new LoadProcess(workload, deployment.endpoints, settings);
  await load.next("measuring");
  const before = serverCpuMicros(deployment);
  await load.next("over");
  const cost = {
    serverCpuMicros: serverCpuMicros(deployment) - before,
    residentMiB: residentMiB(deployment),
  };
  return { ...(await load.next<LoadReport>("measured")), ...cost };
}

/** The longest time in ms of this share of the calls; of the largest share below it that so few calls can say. */
export function quantileMs({ quantiles }: LoadReport, share: number): number {
  const known = quantiles.filter(([each]) => each <= share).at(-1);
  if (known === undefined) throw new Error(`no quantile up to ${share}`);
  return known[1];
}

/** How long a load works, and is measured. */
export function loadTimes({ durationMs, warmUpMs }: Effort): { seconds: number; warm: number } {
  return { seconds: durationMs / 1000, warm: warmUpMs / 1000 };
}
