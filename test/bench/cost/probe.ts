/**
 * Loaded into a server before its own code. It does nothing until it is asked, through a Unix socket, to watch one window
 * of time: it counts, and profiles where it is told to.
 */
import fs from "node:fs";
import { type HeapProfiler, type Profiler, Session } from "node:inspector";
import { syncBuiltinESMExports } from "node:module";
import { createServer } from "node:net";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";

/** What watches a window; each slows the server in its own way, so each has a window of its own. */
export type Instrument = "counters" | "cpu" | "allocations";

/** What a window came to. */
export interface Seen {
  /** Turns of the event loop. */
  readonly turns: number;
  /** Share of the time in which the event loop was not waiting. */
  readonly busyShare: number;
  /** Durable writes of the log: those through descriptors with O_DSYNC. */
  readonly logWrites: number;
  readonly logBytes: number;
  readonly cpu?: Profiler.Profile;
  readonly allocations?: HeapProfiler.SamplingHeapProfile;
}

const SOCKET = process.env.CONCLAVE_PROBE_SOCKET;
if (SOCKET === undefined) throw new Error("CONCLAVE_PROBE_SOCKET names no socket");
const SAMPLE_EVERY_MICROS = 500;
const SAMPLE_EVERY_BYTES = 16_384;

const log = { writes: 0, bytes: 0 };
const durable = new Set<number>();
noteDurableFiles();
countWrites("write");
countWrites("writeSync");
syncBuiltinESMExports();

const session = new Session();
session.connect();
let before = counters();
let instrument: Instrument = "counters";

createServer((socket) => {
  socket.unref();
  createInterface({ input: socket }).on("line", async (line) => {
    const answer = line === "end" ? await end() : await begin(line as Instrument);
    socket.write(`${JSON.stringify(answer)}\n`);
  });
})
  .listen(SOCKET)
  .unref();

async function begin(asked: Instrument): Promise<Record<string, never>> {
  instrument = asked;
  if (asked === "cpu") {
    await post("Profiler.enable");
    await post("Profiler.setSamplingInterval", { interval: SAMPLE_EVERY_MICROS });
    await post("Profiler.start");
  }
  if (asked === "allocations") {
    await post("HeapProfiler.startSampling", {
      samplingInterval: SAMPLE_EVERY_BYTES,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
  }
  before = counters();
  return {};
}

async function end(): Promise<Seen> {
  const after = counters();
  const loop = performance.eventLoopUtilization(after.loop, before.loop);
  const seen = {
    turns: after.turns - before.turns,
    busyShare: loop.utilization,
    logWrites: after.logWrites - before.logWrites,
    logBytes: after.logBytes - before.logBytes,
  };
  if (instrument === "cpu") {
    const { profile } = await post<Profiler.StopReturnType>("Profiler.stop");
    return { ...seen, cpu: profile };
  }
  if (instrument === "allocations") {
    const stopped = await post<HeapProfiler.StopSamplingReturnType>("HeapProfiler.stopSampling");
    return { ...seen, allocations: stopped.profile };
  }
  return seen;
}

function counters() {
  return {
    turns: loopCount(),
    loop: performance.eventLoopUtilization(),
    logWrites: log.writes,
    logBytes: log.bytes,
  };
}

/** Node 20.18 and 22.8 have it; the types do not yet. */
function loopCount(): number {
  const timing = performance.nodeTiming as { readonly uvMetricsInfo?: { loopCount: number } };
  return timing.uvMetricsInfo?.loopCount ?? 0;
}

function post<Result>(method: string, parameters: object = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    session.post(method, parameters, (error, result) => {
      if (error === null) resolve(result as Result);
      else reject(error);
    });
  });
}

type Opened = (error: Error | null, file: number) => void;

/** The log's descriptors; `storage/node-disk.ts` opens one for durable writes and another for all else. */
function noteDurableFiles(): void {
  const original = fs.open as (...args: unknown[]) => void;
  Object.assign(fs, {
    open: (path: unknown, flags: unknown, ...rest: unknown[]) => {
      const opened = rest.pop() as Opened;
      const isDurable = typeof flags === "number" && (flags & fs.constants.O_DSYNC) !== 0;
      const noting: Opened = (error, file) => {
        if (isDurable) durable.add(file);
        else durable.delete(file);
        opened(error, file);
      };
      original(path, flags, ...rest, noting);
    },
  });
}

function countWrites(name: "write" | "writeSync"): void {
  const original = fs[name] as (...args: unknown[]) => unknown;
  Object.assign(fs, {
    [name]: (...args: unknown[]) => {
      const [file, , , length] = args;
      if (typeof length === "number" && durable.has(file as number)) {
        log.writes++;
        log.bytes += length;
      }
      return Reflect.apply(original, fs, args);
    },
  });
}
