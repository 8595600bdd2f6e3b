import { tmpdir } from "node:os";
import { Deployment } from "../../support/server-process.ts";
import { etcdServer, strace } from "../../support/tools.ts";
import type { Effort } from "../section.ts";
import type { LoadSettings } from "../servers/load-process.ts";
import { FLAGS } from "../servers/runner.ts";
import { type Floor, measureFloor } from "./floor.ts";
import { type HotPath, relayedLoad, smallLoad } from "./paths.ts";
import type { Instrument, Seen } from "./probe.ts";
import type { ProbedServer } from "./probed-server.ts";
import { type CpuTime, countersSince, processCounters } from "./process-counters.ts";
import { allocationShares, cpuShares, type Shares } from "./shares.ts";
import { Sources } from "./sources.ts";
import {
  SystemCallCounter,
  type SystemCalls,
  scaledTo,
  TraceRefusedError,
} from "./system-calls.ts";
import { watchLoad } from "./window.ts";
import { type WireBytes, wireBytes } from "./wire-bytes.ts";

/** What one thing of a path costs. */
export interface PathCost {
  readonly path: HotPath;
  /** Of the window in which nothing but counters watched; so are all figures without a word of their own. */
  readonly perSecond: number;
  readonly main: CpuTime;
  readonly others: CpuTime;
  readonly loadCpu: number;
  readonly readsAndWrites: number;
  readonly busyShare: number;
  readonly turns: number;
  readonly perTurn: number;
  /** Null: nothing was logged. */
  readonly log: {
    readonly writes: number;
    readonly perWrite: number;
    readonly bytes: number;
  } | null;
  readonly cpu: Shares;
  readonly allocations: Shares & { readonly bytesEach: number };
  /** Null: strace is not installed, or may not attach. */
  readonly calls: { readonly each: SystemCalls; readonly turnsEach: number } | null;
  readonly wire: { readonly conclave: WireBytes; readonly etcd: WireBytes | null };
  readonly floor: Floor;
}

/** Windows of a path, ms. What slows the server is given less time, for it gives its answers sooner than its figures. */
const WINDOW_MS = { counters: 3_000, cpu: 3_000, allocations: 2_000, calls: 2_000, wire: 1_000 };
const AGAIN_WARM_SECONDS = 0.5;

export async function measurePath(
  path: HotPath,
  server: ProbedServer,
  effort: Effort,
): Promise<PathCost> {
  const measure = new PathMeasurement(path, server, effort);
  await measure.warmUp();
  const plain = await measure.counters();
  const cpu = await measure.profile("cpu");
  const allocated = await measure.profile("allocations");
  const calls = strace.present ? await measure.systemCalls().catch(noneIfRefused) : null;
  const wire = await measure.wire();
  const sources = new Sources();
  const allocations = allocationShares(allocated.seen.allocations!, sources);
  const floor = await measureFloor(server.dataDirectory, {
    log: path.isLogged ? (plain.log?.bytes ?? null) : null,
    received: wire.conclave.toServer * plain.perTurn,
    sent: wire.conclave.fromServer * plain.perTurn,
  });
  return {
    path,
    ...plain,
    cpu: cpuShares(cpu.seen.cpu!, kernelShareOf(plain.main), sources),
    allocations: {
      ...allocations,
      bytesEach: allocations.total / allocated.report.operations,
    },
    calls,
    wire,
    floor,
  };
}

/** The windows of one path on one server, each a load of its own. */
class PathMeasurement {
  readonly #path: HotPath;
  readonly #server: ProbedServer;
  readonly #effort: Effort;

  constructor(path: HotPath, server: ProbedServer, effort: Effort) {
    this.#path = path;
    this.#server = server;
    this.#effort = effort;
  }

  async warmUp(): Promise<void> {
    const endpoint = this.#endpoint;
    const settings = this.#load(this.#effort.warmUpMs);
    await watchLoad(this.#path.workload, endpoint, settings, { begin() {}, end() {} });
  }

  async counters() {
    const pid = this.#server.pid;
    let before = processCounters(pid);
    const { report, seen } = await this.#watch(WINDOW_MS.counters, {
      begin: async () => {
        await this.#server.begin("counters");
        before = processCounters(pid);
      },
      end: async () => ({
        process: countersSince(before, processCounters(pid)),
        ...(await this.#server.end()),
      }),
    });
    const { operations } = report;
    const each = ({ user, kernel }: CpuTime) => ({
      user: user / operations,
      kernel: kernel / operations,
    });
    return {
      perSecond: operations / report.seconds,
      main: each(seen.process.main),
      others: each(seen.process.others),
      loadCpu: report.cpuMicros / operations,
      readsAndWrites: seen.process.readsAndWrites / operations,
      busyShare: seen.busyShare,
      turns: seen.turns,
      perTurn: operations / Math.max(1, seen.turns),
      log: logOf(seen, operations),
    };
  }

  profile(instrument: Instrument & ("cpu" | "allocations")) {
    return this.#watch(WINDOW_MS[instrument], {
      begin: () => this.#server.begin(instrument),
      end: () => this.#server.end(),
    });
  }

  async systemCalls() {
    const pid = this.#server.pid;
    let before = processCounters(pid);
    let counter: SystemCallCounter | undefined;
    const { report, seen } = await this.#watch(WINDOW_MS.calls, {
      begin: async () => {
        await this.#server.begin("counters");
        before = processCounters(pid);
        counter = await SystemCallCounter.attach(pid);
      },
      end: async () => {
        const { readsAndWrites } = countersSince(before, processCounters(pid));
        const calls = await counter!.detach();
        return { ...(await this.#server.end()), calls: scaledTo(readsAndWrites, calls) };
      },
    });
    const each = [...seen.calls].map(([name, count]) => [name, count / report.operations] as const);
    return { each: new Map(each), turnsEach: seen.turns / report.operations };
  }

  async wire(): Promise<PathCost["wire"]> {
    const settings = relayedLoad(this.#load(WINDOW_MS.wire));
    const { workload } = this.#path;
    const conclave = await wireBytes(workload, this.#endpoint, settings);
    if (!etcdServer.present) return { conclave, etcd: null };
    await using etcd = await Deployment.start({ kind: "etcd", flags: FLAGS, dataPlace: tmpdir() });
    return { conclave, etcd: await wireBytes(workload, etcd.endpoints[0]!, settings) };
  }

  get #endpoint(): string {
    return this.#server.deployment.endpoints[0]!;
  }

  #watch<Seen>(windowMs: number, watch: Parameters<typeof watchLoad<Seen>>[3]) {
    const settings = { ...this.#load(windowMs), filled: true }; // by the warm-up
    return watchLoad(this.#path.workload, this.#endpoint, settings, watch);
  }

  #load(windowMs: number): LoadSettings {
    const { isQuick, durationMs } = this.#effort;
    const seconds = (isQuick ? durationMs : windowMs) / 1_000;
    const warm = isQuick ? 0.02 : AGAIN_WARM_SECONDS;
    const load = { ...this.#path.load(seconds), warm };
    return isQuick ? smallLoad(load) : load;
  }
}

function noneIfRefused(error: unknown): null {
  if (error instanceof TraceRefusedError) return null;
  throw error;
}

/** Where too little was measured for the kernel's clock: a half, for want of better. */
function kernelShareOf({ user, kernel }: CpuTime): number {
  return user + kernel === 0 ? 0.5 : kernel / (user + kernel);
}

function logOf({ logWrites: writes, logBytes }: Seen, operations: number): PathCost["log"] {
  if (writes === 0) return null;
  return { writes, perWrite: operations / writes, bytes: logBytes / writes };
}
