import type { HeapProfiler, Profiler } from "node:inspector";
import { isIdle, type Room, roomOf } from "./rooms.ts";
import type { CallFrame, Place, Sources } from "./sources.ts";

/** What a function took itself, without those that it called. */
export interface FunctionShare {
  readonly place: Place;
  /** Of what all functions took; idle time is nobody's. */
  readonly share: number;
}

export interface Shares {
  readonly rooms: ReadonlyMap<Room, number>;
  /** The largest first. */
  readonly functions: readonly FunctionShare[];
  /** Of everything: 1, or bytes. */
  readonly total: number;
}

/** Something that was taken at a function, and the functions that had called it. */
interface Taken {
  readonly frame: CallFrame;
  readonly callers: readonly CallFrame[];
  readonly amount: number;
}

/** What is built in and spends its time in the kernel. */
const SYSTEM_CALLS =
  /^(\(program\)|write(Buffer|v|Latin1String|Utf8String|AsciiString|UcsString)|shutdown|fdatasync|open|close)$/;

/**
 * The profiler's clock runs on while the kernel lets another process run, which it does mostly inside a write that wakes
 * the reader. So samples inside system calls share what the kernel counted as its own, and all others share the rest.
 * @param kernelShare of the thread's time
 */
export function cpuShares(
  profile: Profiler.Profile,
  kernelShare: number,
  sources: Sources,
): Shares {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const { id, children = [] } of profile.nodes) {
    for (const child of children) parents.set(child, id);
  }
  // Samples, not the time between them: that is long where the kernel let another process run.
  const samples = new Map<number, number>();
  for (const id of profile.samples ?? []) samples.set(id, (samples.get(id) ?? 0) + 1);
  const taken = [...samples].map(([id, amount]): Taken => {
    const callers: CallFrame[] = [];
    for (let at = parents.get(id); at !== undefined; at = parents.get(at)) {
      callers.push(nodes.get(at)!.callFrame);
    }
    return { frame: nodes.get(id)!.callFrame, callers, amount };
  });
  const busy = taken.filter((each) => !isIdle(each.frame.functionName) && !isOfProbe(each));
  const calls = busy.filter(isSystemCall);
  const code = busy.filter((each) => !isSystemCall(each));
  return sharesOf([...weighed(calls, kernelShare), ...weighed(code, 1 - kernelShare)], sources);
}

export function allocationShares(
  profile: HeapProfiler.SamplingHeapProfile,
  sources: Sources,
): Shares {
  const taken: Taken[] = [];
  const visit = (node: HeapProfiler.SamplingHeapProfileNode, callers: readonly CallFrame[]) => {
    taken.push({ frame: node.callFrame, callers, amount: node.selfSize });
    for (const child of node.children) visit(child, [node.callFrame, ...callers]);
  };
  visit(profile.head, []);
  return sharesOf(taken, sources);
}

const isSystemCall = ({ frame: { url, functionName } }: Taken) =>
  url === "" && SYSTEM_CALLS.test(functionName);

/** The same in proportion, so that all together come to `whole`. */
function weighed(taken: readonly Taken[], whole: number): Taken[] {
  const total = taken.reduce((sum, { amount }) => sum + amount, 0);
  return taken.map((each) => ({ ...each, amount: (each.amount * whole) / total }));
}

/** The profiler's own work, and the probe's that asks for it. */
function isOfProbe({ frame, callers }: Taken): boolean {
  return [frame, ...callers].some(({ url }) => /^node:inspector|\/probe\.mjs$/.test(url));
}

function sharesOf(all: readonly Taken[], sources: Sources): Shares {
  const taken = all.filter((each) => each.amount > 0 && !isOfProbe(each));
  const total = taken.reduce((sum, { amount }) => sum + amount, 0);
  const rooms = new Map<Room, number>();
  const functions = new Map<string, { place: Place; share: number }>();
  for (const { frame, callers, amount } of taken) {
    const place = sources.placeOf(frame);
    const room = roomOf(
      place.name,
      [frame, ...callers].map((each) => sources.placeOf(each).source),
    );
    rooms.set(room, (rooms.get(room) ?? 0) + amount / total);
    const key = `${place.name} ${place.source}:${place.line}`;
    const known = functions.get(key) ?? { place, share: 0 };
    known.share += amount / total;
    functions.set(key, known);
  }
  return { rooms, functions: [...functions.values()].sort((a, b) => b.share - a.share), total };
}
