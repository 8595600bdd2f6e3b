import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Effort } from "../section.ts";
import { table } from "../servers/report.ts";
import { figureText } from "../statistics.ts";
import { type HandOver, SHARED_BYTES, takeBatch, tellBatch } from "./ring.ts";

export const handOver = {
  name: "hand-over",
  title: "What it costs to hand a batch to another thread, and to get it back",
} as const;

/** Beside this file, once both are bundled. */
const WORKER = fileURLToPath(new URL("./hand-over-worker.mjs", import.meta.url));
const BATCHES = [1, 16, 64, 256];
/** About what a put or the answer to a get takes on the wire. */
const MESSAGE_BYTES = 300;
const TURNS = { warm: 3_000, measured: 10_000, quick: 50 };
const WAYS: readonly { readonly way: HandOver; readonly title: string }[] = [
  { way: "port", title: "a buffer that changes its owner, by MessagePort" },
  { way: "ring", title: "copied through shared memory, by `Atomics.waitAsync`" },
];

/** What a batch took. */
export interface HandOverCost {
  readonly way: HandOver;
  readonly count: number;
  /** There and back, µs. */
  readonly wall: number;
  /** Of the thread that asks; µs. */
  readonly main: number;
}

/** One batch under way at a time, so that every hand-over wakes the other thread: it is the dearest case. */
export async function measureHandOver({ isQuick }: Effort): Promise<HandOverCost[]> {
  const costs: HandOverCost[] = [];
  for (const { way } of WAYS) {
    for (const count of BATCHES) {
      await using line = new ThreadedLine(way);
      await line.turns(isQuick ? TURNS.quick : TURNS.warm, count);
      const cost = await line.turns(isQuick ? TURNS.quick : TURNS.measured, count);
      costs.push({ way, count, ...cost });
    }
  }
  return costs;
}

export function handOverText(costs: readonly HandOverCost[]): string {
  const heading = [
    "way",
    `messages of ${MESSAGE_BYTES} bytes`,
    "there and back, µs",
    "CPU of the main thread, µs",
  ];
  const lines = costs.map(({ way, count, wall, main }) => [
    WAYS.find((each) => each.way === way)!.title,
    `${count}`,
    figureText(wall),
    `**${figureText(main)}** (${figureText(main / count)} each)`,
  ]);
  return `### ${handOver.title}\n\n${table([heading, ["---", "--:", "--:", "--:"], ...lines])}`;
}

/** A thread that gives every batch back. */
class ThreadedLine implements AsyncDisposable {
  readonly #way: HandOver;
  readonly #shared = new SharedArrayBuffer(SHARED_BYTES);
  readonly #worker: Worker;
  #done = 0;
  #onAnswer: (answer: ArrayBuffer) => void = () => {};

  constructor(way: HandOver) {
    this.#way = way;
    this.#worker = new Worker(WORKER, { workerData: { way, shared: this.#shared } });
    this.#worker.on("message", (answer: ArrayBuffer) => this.#onAnswer(answer));
  }

  /** @returns time there and back, and CPU of this thread; µs for a batch */
  async turns(turns: number, count: number): Promise<{ wall: number; main: number }> {
    const batch = new Uint8Array(count * MESSAGE_BYTES).fill(1);
    const taken = new Uint8Array(batch.length);
    const [begun, cpu] = [performance.now(), mainThreadMicros()];
    for (let turn = 0; turn < turns; turn++) taken.set(await this.#exchange(batch));
    const [wall, main] = [(performance.now() - begun) * 1_000, mainThreadMicros() - cpu];
    if (taken.some((byte) => byte !== 1)) throw new Error("a batch came back damaged");
    return { wall: wall / turns, main: main / turns };
  }

  async #exchange(batch: Uint8Array): Promise<Uint8Array> {
    if (this.#way === "ring") {
      tellBatch(this.#shared, "request", batch);
      return await takeBatch(this.#shared, "answer", this.#done++);
    }
    const buffer = new ArrayBuffer(batch.length);
    new Uint8Array(buffer).set(batch);
    const answer = new Promise<ArrayBuffer>((resolve) => {
      this.#onAnswer = resolve;
    });
    this.#worker.postMessage(buffer, [buffer]);
    return new Uint8Array(await answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Of the scheduler's own count, for it counts nanoseconds. */
function mainThreadMicros(): number {
  const [nanos] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
  return Number(nanos) / 1_000;
}
