import type { Deployment } from "../../../support/server-process.ts";
import type { Effort } from "../../section.ts";
import { LoadProcess, type LoadSettings } from "../load-process.ts";
import { loadTimes, type MeasuredLoad, measureLoad, quantileMs } from "../measure-load.ts";
import type { Figure, Sample } from "../row.ts";
import type { GrowthLine } from "./line.ts";

/** Few: a server that visits a million keys for each answer shall come to some. */
const FEW = { connections: 4, callers: 8 } as const;

const CROWD = { connections: 16, callers: 256 } as const;

const PUT_FIGURES: readonly Figure[] = [
  { name: "put", title: "puts/s", isBetter: "more" },
  { name: "putP99", title: "put p99, ms", isBetter: "less" },
  { name: "putCpu", title: "CPU of the server, µs a put", isBetter: "less" },
];

const GET_FIGURES: readonly Figure[] = [
  { name: "get", title: "linearizable gets/s", isBetter: "more" },
  { name: "getCpu", title: "CPU of the server, µs a get", isBetter: "less" },
];

/** How many a second, and what each cost the server, under the names that the figures have. */
function rateAndCpu(name: string, load: MeasuredLoad): Readonly<Record<string, number>> {
  return {
    [name]: load.operations / load.seconds,
    [`${name}Cpu`]: load.serverCpuMicros / load.operations,
  };
}

async function puts(deployment: Deployment, effort: Effort, load: LoadSettings = CROWD) {
  const settings = { ...load, ...loadTimes(effort) };
  const put = await measureLoad(deployment, "put", settings);
  return { ...rateAndCpu("put", put), putP99: quantileMs(put, 0.99) };
}

async function putsAndGets(deployment: Deployment, keys: number, effort: Effort): Promise<Sample> {
  const times = loadTimes(effort);
  const get = await measureLoad(deployment, "get", { ...CROWD, keys, filled: true, ...times });
  const page = await measureLoad(deployment, "page", { ...FEW, keys, ...times });
  return {
    figures: {
      ...(await puts(deployment, effort, { ...CROWD, keys })),
      ...rateAndCpu("get", get),
      page: page.operations / page.seconds,
    },
  };
}

/** Opens what `load hold` can, and keeps it open. */
async function held(deployment: Deployment, settings: LoadSettings): Promise<AsyncDisposable> {
  const load = new LoadProcess("hold", deployment.endpoints, { ...CROWD, ...settings });
  await load.next("held");
  return load;
}

const keys: GrowthLine = {
  name: "keys",
  title: "Work beside more and more keys",
  counted: "keys",
  points: [1_000, 100_000, 1_000_000],
  quickPoints: [100, 1_000],
  figures: [
    ...PUT_FIGURES,
    ...GET_FIGURES,
    { name: "page", title: "pages of ten keys/s, 8 callers", isBetter: "more" },
  ],
  isHeld: true,
  async grow(deployment, from, to) {
    await measureLoad(deployment, "fill", { ...CROWD, count: from, keys: to });
    return null;
  },
  measure: putsAndGets,
};

const leases: GrowthLine = {
  name: "leases",
  title: "Work beside more and more leases",
  counted: "leases",
  points: [1, 10_000, 100_000],
  quickPoints: [1, 200],
  figures: [
    ...PUT_FIGURES,
    { name: "renewed", title: "keep-alives/s", isBetter: "more" },
    { name: "renewedCpu", title: "CPU of the server, µs a keep-alive", isBetter: "less" },
  ],
  isHeld: true,
  grow: (deployment, from, to) => held(deployment, { leases: to - from }),
  async measure(deployment, _, effort) {
    const settings = { ...CROWD, ...loadTimes(effort) };
    const renewed = await measureLoad(deployment, "keep-alive", settings);
    return { figures: { ...(await puts(deployment, effort)), ...rateAndCpu("renewed", renewed) } };
  },
};

const watchers: GrowthLine = {
  name: "watchers",
  title: "Work beside more and more watchers of other keys",
  counted: "idle watchers",
  points: [0, 10_000, 100_000],
  quickPoints: [0, 200],
  figures: PUT_FIGURES,
  isHeld: true,
  bytesEachGoal: 300,
  grow: (deployment, from, to) => held(deployment, { watchers: to - from }),
  measure: async (deployment, _, effort) => ({ figures: await puts(deployment, effort) }),
};

const connections: GrowthLine = {
  name: "connections",
  title: "Work beside more and more idle connections",
  counted: "idle connections",
  points: [0, 500, 2_000],
  quickPoints: [0, 20],
  figures: PUT_FIGURES,
  isHeld: true,
  bytesEachGoal: 40 * 1024,
  grow: (deployment, from, to) =>
    to === from ? Promise.resolve(null) : held(deployment, { connections: to - from }),
  measure: async (deployment, _, effort) => ({ figures: await puts(deployment, effort) }),
};

const callers: GrowthLine = {
  name: "callers",
  title: "Puts of more and more callers",
  counted: "callers",
  points: [1, 4, 16, 64, 256, 1_000, 4_000],
  quickPoints: [1, 16],
  figures: PUT_FIGURES,
  isHeld: false,
  grow: () => Promise.resolve(null),
  measure: async (deployment, count, effort) => ({
    figures: await puts(deployment, effort, { connections: Math.min(16, count), callers: count }),
  }),
};

const queue: GrowthLine = {
  name: "queue",
  title: "Asking for the oldest of a queue that more and more have left",
  counted: "keys created and deleted",
  points: [0, 10_000, 100_000],
  quickPoints: [0, 200],
  figures: [
    { name: "oldest", title: "answers/s, 8 callers", isBetter: "more" },
    { name: "oldestCpu", title: "CPU of the server, µs an answer", isBetter: "less" },
  ],
  isHeld: true,
  async grow(deployment, from, to) {
    await measureLoad(deployment, "leave-queue", { ...CROWD, count: from, keys: to });
    return null;
  },
  async measure(deployment, _, effort) {
    const oldest = await measureLoad(deployment, "oldest", { ...FEW, ...loadTimes(effort) });
    return { figures: rateAndCpu("oldest", oldest) };
  },
};

export const growthLines: readonly GrowthLine[] = [
  keys,
  queue,
  leases,
  watchers,
  connections,
  callers,
];
