import type { LoadSettings } from "../servers/load-process.ts";

/** A request that servers get by the million, and the load that asks for it. */
export interface HotPath {
  readonly name: string;
  readonly title: string;
  /** The Go program's word for it. */
  readonly workload: string;
  /** What is counted, with its article. */
  readonly unit: string;
  /** Whether each has to be in the log before it is answered. */
  readonly isLogged: boolean;
  /** @param seconds how long it is to last; a load of so many puts takes as many as that takes about */
  load(seconds: number): LoadSettings;
}

const CROWD = { connections: 16, callers: 256 } as const;
/** Of the fan-out, on a machine of two cores. */
const PUTS_PER_SECOND = 1_000;

export const hotPaths: readonly HotPath[] = [
  {
    name: "put",
    title: "What a put costs",
    workload: "put",
    unit: "a put",
    isLogged: true,
    load: (seconds) => ({ ...CROWD, seconds }),
  },
  {
    name: "get",
    title: "What a linearizable get costs",
    workload: "get",
    unit: "a get",
    isLogged: false,
    load: (seconds) => ({ ...CROWD, seconds }),
  },
  {
    name: "txn",
    title: "What a transaction costs (1 compare, put and get)",
    workload: "txn",
    unit: "a transaction",
    isLogged: true,
    load: (seconds) => ({ ...CROWD, seconds }),
  },
  {
    name: "keep-alive",
    title: "What the renewal of a lease costs",
    workload: "keep-alive",
    unit: "a renewal",
    isLogged: false,
    load: (seconds) => ({ ...CROWD, seconds }),
  },
  {
    name: "fan-out",
    title: "What an event costs at one of 1,000 watchers",
    workload: "fan-out",
    unit: "an event",
    isLogged: false,
    load: (seconds) => ({
      connections: 16,
      callers: 64,
      watchers: 1_000,
      count: Math.ceil(seconds * PUTS_PER_SECOND),
    }),
  },
];

/** As little of a load as shows that it works. */
export function smallLoad(load: LoadSettings): LoadSettings {
  const { watchers, count } = load;
  return {
    ...load,
    connections: 4,
    callers: 16,
    keys: 200,
    ...(watchers === undefined ? {} : { watchers: 20 }),
    ...(count === undefined ? {} : { count: 20 }),
  };
}

/** Over few connections: what is counted goes through a relay of ours. */
export function relayedLoad(load: LoadSettings): LoadSettings {
  return { ...load, connections: 4, callers: Math.min(load.callers ?? 64, 64) };
}
