import type { LoadSettings } from "./load-process.ts";
import { loadTimes, type MeasuredLoad, measureLoad, quantileMs } from "./measure-load.ts";
import type { Figure, Sample, ServerRow } from "./row.ts";

export interface LoadRowOptions {
  readonly name: string;
  readonly title: string;
  /** The Go program's word for it. Default: the row's name. */
  readonly workload?: string;
  readonly members?: 1 | 3;
  readonly load: LoadSettings;
  /** What is counted. Default: calls. */
  readonly unit?: string;
  /** What Conclave ÷ etcd has to be. */
  readonly goals?: { readonly rate: number; readonly p99?: number };
}

/** How large a load is when it is only tried whether it works. */
const QUICK_MAX = { connections: 4, callers: 16, keys: 200, watchers: 20, count: 20 } as const;

/** A row that is one load for a time. */
export function loadRow(options: LoadRowOptions): ServerRow {
  const { name, title, workload = name, members = 1, load } = options;
  return {
    name,
    title,
    members,
    figures: figuresOf(options),
    async measure(deployment, effort) {
      const settings = { ...(effort.isQuick ? small(load) : load), ...loadTimes(effort) };
      return sampleOf(await measureLoad(deployment, workload, settings));
    },
  };
}

function figuresOf({ goals, unit = "calls" }: LoadRowOptions): Figure[] {
  const rateGoal = goals === undefined ? {} : { ratioGoal: goals.rate };
  const p99Goal = goals?.p99 === undefined ? {} : { ratioGoal: goals.p99 };
  return [
    { name: "rate", title: `${unit}/s`, isBetter: "more", ...rateGoal },
    { name: "p50", title: "p50, ms", isBetter: "less" },
    { name: "p99", title: "p99, ms", isBetter: "less", ...p99Goal },
    { name: "p999", title: "p99.9, ms", isBetter: "less" },
    { name: "serverCpu", title: "CPU of the servers, µs each", isBetter: "less" },
    { name: "loadCpu", title: "CPU of the load, µs each", isBetter: "less" },
    { name: "resident", title: "RSS of the largest member, MiB", isBetter: "less" },
  ];
}

function sampleOf(load: MeasuredLoad): Sample {
  return {
    quantiles: load.quantiles,
    figures: {
      rate: load.operations / load.seconds,
      p50: quantileMs(load, 0.5),
      p99: quantileMs(load, 0.99),
      p999: quantileMs(load, 0.999),
      serverCpu: load.serverCpuMicros / load.operations,
      loadCpu: load.cpuMicros / load.operations,
      resident: load.residentMiB,
    },
  };
}

function small(load: LoadSettings): LoadSettings {
  const limited = Object.entries(QUICK_MAX).map(([name, most]) => [
    name,
    Math.min(load[name as keyof typeof QUICK_MAX] ?? most, most),
  ]);
  return { ...load, ...Object.fromEntries(limited) };
}
