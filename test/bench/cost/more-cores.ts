import { table } from "../servers/report.ts";
import { figureText } from "../statistics.ts";
import type { HandOverCost } from "./hand-over.ts";
import type { PathCost } from "./measure-path.ts";
import { ROOMS, type Room } from "./rooms.ts";

/** What could be done on another thread: it needs a connection's bytes, and nothing of the member. */
const TRANSPORT: readonly Room[] = [
  ROOMS[0],
  "Node's sockets",
  "libuv and the kernel, beside JavaScript",
];
const MICROS = 1_000_000;
const CORES = 2;

/** What a thread for the transport would change, by what was measured. See docs/more-cores.md. */
export function moreCoresText(costs: readonly PathCost[], handed: readonly HandOverCost[]): string {
  const ringOf = ({ perTurn }: PathCost): number => {
    const rings = handed.filter(({ way }) => way === "ring");
    const { main, count } = rings.filter(({ count }) => count <= perTurn).at(-1) ?? rings[0]!;
    return main / count;
  };
  const line = (title: string, of: (cost: PathCost) => number) => [
    title,
    ...costs.map((cost) => figureText(of(cost))),
  ];
  const perSecond = (micros: number, cores = 1) => (micros === 0 ? 0 : (cores * MICROS) / micros);
  const lines = [
    line("main thread, µs", mainOf),
    line("of that, what could leave it, µs", transportOf),
    line("its end of the ring, µs", ringOf),
    line(
      "main thread without it, with its end of the ring, µs",
      (cost) => keptOf(cost) + ringOf(cost),
    ),
    line("a second, by one event loop as it is", (cost) => perSecond(mainOf(cost))),
    line("a second, by one event loop without the transport", (cost) =>
      perSecond(keptOf(cost) + ringOf(cost)),
    ),
    line(`a second, by ${CORES} cores, with the load on them, as it is`, (cost) =>
      perSecond(serverOf(cost) + cost.loadCpu, CORES),
    ),
    line(`a second, by ${CORES} cores, with the load on them, with both ends of the ring`, (cost) =>
      perSecond(serverOf(cost) + cost.loadCpu + 2 * ringOf(cost), CORES),
    ),
    line(`a second, by ${CORES} cores of the server's own, as it is`, (cost) =>
      Math.min(perSecond(mainOf(cost)), perSecond(serverOf(cost), CORES)),
    ),
    line(`a second, by ${CORES} cores of the server's own, with both ends of the ring`, (cost) =>
      Math.min(
        perSecond(keptOf(cost) + ringOf(cost)),
        perSecond(serverOf(cost) + 2 * ringOf(cost), CORES),
      ),
    ),
  ];
  const heading = ["at most", ...costs.map(({ path }) => path.unit)];
  return [
    "A thread for the transport would take what could leave the main thread, and both would pay for the ring between them:",
    "what the largest batch above takes that is not larger than a turn. What that comes to, if nothing else were in the way:\n",
    table([heading, ["---", ...costs.map(() => "--:")], ...lines]),
  ].join("\n");
}

function mainOf({ main }: PathCost): number {
  return main.user + main.kernel;
}

function serverOf(cost: PathCost): number {
  return mainOf(cost) + cost.others.user + cost.others.kernel;
}

function transportOf(cost: PathCost): number {
  const share = TRANSPORT.reduce((sum, room) => sum + (cost.cpu.rooms.get(room) ?? 0), 0);
  return share * mainOf(cost);
}

function keptOf(cost: PathCost): number {
  return mainOf(cost) - transportOf(cost);
}
