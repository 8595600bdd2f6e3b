import { loadRow } from "../load-row.ts";
import type { ServerRow } from "../row.ts";

const CROWD = { connections: 16, callers: 256 } as const;

/** Short calls of a crowd of callers; the goals are those of the project's plan. */
export const requestRows: readonly ServerRow[] = [
  loadRow({
    name: "put",
    title: "Put, 1 member, 256 callers",
    load: CROWD,
    goals: { rate: 2.5, p99: 0.6 },
  }),
  loadRow({
    name: "put-1000",
    title: "Put, 1 member, 1,000 callers",
    workload: "put",
    load: { connections: 16, callers: 1_000 },
    goals: { rate: 2.2 },
  }),
  loadRow({
    name: "put-lone",
    title: "Put, 1 member, one caller",
    workload: "put",
    load: { connections: 1, callers: 1 },
    goals: { rate: 1.3 },
  }),
  loadRow({
    name: "put-3",
    title: "Put, 3 members, 256 callers over all members",
    workload: "put",
    members: 3,
    load: { connections: 18, callers: 256 },
    goals: { rate: 2.5 },
  }),
  loadRow({
    name: "txn",
    title: "Transaction (1 compare, put and get), 256 callers",
    load: CROWD,
    goals: { rate: 4 },
  }),
  loadRow({
    name: "get",
    title: "Linearizable get, 1 member, 256 callers",
    load: CROWD,
    goals: { rate: 5 },
  }),
  loadRow({
    name: "get-3",
    title: "Linearizable get, 3 members, 256 callers over all members",
    workload: "get",
    members: 3,
    load: { connections: 18, callers: 256 },
    goals: { rate: 3.5 },
  }),
  loadRow({
    name: "get-serializable",
    title: "Serializable get, 1 member, 256 callers",
    load: CROWD,
    goals: { rate: 5 },
  }),
  loadRow({
    name: "get-serializable-3",
    title: "Serializable get, 3 members, 256 callers over all members",
    workload: "get-serializable",
    members: 3,
    load: { connections: 18, callers: 256 },
  }),
  loadRow({
    name: "keep-alive",
    title: "Lease keep-alive, 256 callers, each with a stream of its own",
    load: CROWD,
    goals: { rate: 4 },
  }),
  loadRow({
    name: "keep-alive-once",
    title: "Lease keep-alive, 256 callers, a stream for each renewal",
    load: CROWD,
    goals: { rate: 4 },
  }),
  loadRow({
    name: "lock",
    title: "Contended lock (Go `concurrency.Mutex`), 8 callers, 1 name",
    load: { connections: 8, callers: 8 },
    unit: "hand-overs",
    goals: { rate: 15 },
  }),
  loadRow({
    name: "locks",
    title: "Uncontended locks (Go `concurrency.Mutex`), 64 callers, 64 names",
    load: { connections: 16, callers: 64 },
    unit: "acquired and released",
    goals: { rate: 2.5 },
  }),
  loadRow({
    name: "fan-out",
    title: "Watch fan-out, 1,000 watchers of one prefix, 1,000 puts",
    load: { connections: 16, callers: 64, watchers: 1_000, count: 1_000 },
    unit: "events",
    goals: { rate: 1.3, p99: 0.5 },
  }),
];
