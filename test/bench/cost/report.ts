import { table } from "../servers/report.ts";
import { figureText } from "../statistics.ts";
import type { PathCost } from "./measure-path.ts";
import { ROOMS } from "./rooms.ts";
import type { FunctionShare } from "./shares.ts";
import type { SystemCalls } from "./system-calls.ts";

const TOP_FUNCTIONS = 10;
const TOP_ALLOCATIONS = 5;
const TOP_CALLS = 8;
const NOT_TRACED = "strace is not installed, or may not attach";

/** The split over the rooms, a column a path. */
export function roomsTable(costs: readonly PathCost[]): string {
  const heading = ["µs of the main thread, for", ...costs.map(({ path }) => path.unit)];
  const rooms = ROOMS.map((room) => [
    room,
    ...costs.map(({ cpu, main }) => figureText((cpu.rooms.get(room) ?? 0) * sum(main))),
  ]);
  const all = ["all of it", ...costs.map(({ main }) => `**${figureText(sum(main))}**`)];
  const kernel = ["of that, in the kernel", ...costs.map(({ main }) => figureText(main.kernel))];
  const others = [
    "other threads, beside it",
    ...costs.map(({ others }) => figureText(sum(others))),
  ];
  const rule = ["---", ...costs.map(() => "--:")];
  return table([heading, rule, ...rooms, all, kernel, others]);
}

/** What one path costs, whole. */
export function pathText(cost: PathCost): string {
  const { path, cpu, allocations, main } = cost;
  const top = cpu.functions.filter(({ place }) => !place.name.startsWith("("));
  const parts = [
    table([["", path.unit], ["---", "--:"], ...figuresOf(cost)]),
    "Functions by their own time, without those that they call:\n",
    functionsTable(top.slice(0, TOP_FUNCTIONS), "µs", sum(main)),
    "By what they allocate:\n",
    functionsTable(allocations.functions.slice(0, TOP_ALLOCATIONS), "bytes", allocations.bytesEach),
    callsText(cost),
    floorText(cost),
  ];
  return `### ${path.title}\n\n${parts.join("\n")}`;
}

function figuresOf(cost: PathCost): string[][] {
  const { main, others, log, wire, calls } = cost;
  const cpu = (time: PathCost["main"]) =>
    `**${figureText(sum(time))}** (${figureText(time.kernel)} of it in the kernel)`;
  const bytes = (direction: "toServer" | "fromServer") => {
    const ours = wire.conclave[direction];
    const theirs = wire.etcd?.[direction];
    const beside =
      theirs === undefined
        ? "etcd is not installed"
        : `etcd ${figureText(theirs)}, ${figureText(ours / theirs)} ×`;
    return `**${figureText(ours)}** (${beside})`;
  };
  return [
    ["done in a second", figureText(cost.perSecond)],
    ["CPU of the main thread, µs", cpu(main)],
    ["CPU of the other threads, µs", cpu(others)],
    ["CPU of the load, µs", figureText(cost.loadCpu)],
    ["share of the time in which the event loop did not wait", percent(cost.busyShare)],
    ["in one turn of the event loop", figureText(cost.perTurn)],
    ...(log === null || !cost.path.isLogged
      ? []
      : [
          ["in one write of the log", figureText(log.perWrite)],
          ["bytes of a write of the log", figureText(log.bytes)],
        ]),
    ["bytes allocated in V8's heap", figureText(cost.allocations.bytesEach)],
    ["reads and writes of the kernel", figureText(cost.readsAndWrites)],
    [
      "all system calls, under strace",
      calls === null ? NOT_TRACED : figureText(totalOf(calls.each)),
    ],
    ["bytes on the wire, to the server", bytes("toServer")],
    ["bytes on the wire, from the server", bytes("fromServer")],
  ];
}

function functionsTable(functions: readonly FunctionShare[], unit: string, whole: number): string {
  const lines = functions.map(({ place: { name, source, line }, share }) => [
    `\`${name}\``,
    source === "" ? "built in" : `\`${source}:${line}\``,
    percent(share),
    figureText(share * whole),
  ]);
  return table([["function", "where", "share", unit], ["---", "---", "--:", "--:"], ...lines]);
}

function callsText({ calls, path }: PathCost): string {
  if (calls === null) return `System calls were not counted: ${NOT_TRACED}.\n`;
  const { each, turnsEach } = calls;
  const largest = [...each].sort(([, a], [, b]) => b - a).slice(0, TOP_CALLS);
  const heading = ["system call", path.unit, "a turn of the event loop"];
  const perTurn = (count: number) => (turnsEach === 0 ? "–" : figureText(count / turnsEach));
  const lines = largest.map(([name, count]) => [`\`${name}\``, figureText(count), perTurn(count)]);
  const all = ["all", figureText(totalOf(each)), perTurn(totalOf(each))];
  return `Under strace, which makes the server slower and its turns larger:\n\n${table([heading, ["---", "--:", "--:"], ...lines, all])}`;
}

/** What remains if nothing was computed: one write of the log, one read and one write of a socket for a batch. */
function floorText({ floor, path, perTurn, log, main }: PathCost): string {
  const sockets = (floor.socketRead + floor.socketWrite) / perTurn;
  const disk = floor.logWrite === null ? null : floor.logWrite / log!.perWrite;
  const batch = [
    `one read of ${figureText(floor.socketRead)} µs and one write of ${figureText(floor.socketWrite)} µs for the ${figureText(perTurn)} of a turn`,
    ...(floor.logWrite === null
      ? []
      : [
          `one durable write of ${figureText(floor.logWrite)} µs for the ${figureText(log!.perWrite)} in a write of the log`,
        ]),
  ].join(", and ");
  const each = [
    `${figureText(sockets)} µs of the processor`,
    ...(disk === null ? [] : [`${figureText(disk)} µs of the disk`]),
  ].join(" and ");
  return [
    `The floor, on this machine: ${batch}. That is ${each} for ${path.unit}. The main thread takes`,
    `${figureText(sum(main))} µs: ${figureText(sum(main) - sockets)} beside it, ${figureText(main.user)} of the whole in its own code.\n`,
  ].join("\n");
}

function sum({ user, kernel }: PathCost["main"]): number {
  return user + kernel;
}

function totalOf(calls: SystemCalls): number {
  return [...calls.values()].reduce((total, count) => total + count, 0);
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
