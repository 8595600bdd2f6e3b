import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { buildGoProgram } from "../../support/go-program.ts";

/** What the Go program is asked for, in the words of its flags. */
export interface LoadSettings {
  readonly connections?: number;
  readonly callers?: number;
  readonly seconds?: number;
  /** Seconds of work before it is measured. */
  readonly warm?: number;
  readonly keys?: number;
  readonly watchers?: number;
  readonly leases?: number;
  readonly rate?: number;
  readonly count?: number;
  readonly filled?: boolean;
}

/** Pairs of a share of the calls, and the time in ms that none of that share took longer than; ascending. */
export type Quantiles = readonly (readonly [share: number, ms: number])[];

/** What a load came to. */
export interface LoadReport {
  readonly operations: number;
  readonly seconds: number;
  readonly quantiles: Quantiles;
  /** CPU that the load itself took, all threads; µs. */
  readonly cpuMicros: number;
}

/** Loads that must not outlive this process, whatever ends it. */
const alive = new Set<LoadProcess>();
process.on("exit", () => {
  for (const load of alive) load.kill();
});

/** One run of the Go program in `load/`, which says in lines of JSON how far it is. */
export class LoadProcess implements AsyncDisposable {
  readonly #workload: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<void>;
  #complaint = "";

  constructor(workload: string, endpoints: readonly string[], settings: LoadSettings) {
    this.#workload = workload;
    const flags = Object.entries(settings).flatMap(([name, value]) => `-${name}=${value}`);
    const args = [workload, "-endpoints", endpoints.join(","), ...flags];
    this.#child = spawn(buildGoProgram("bench/load", "bench-load"), args, { stdio: "pipe" });
    this.#child.stdin.on("error", () => {}); // it may have ended before it has read all
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint += text;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => this.#child.once("close", () => resolve()));
    alive.add(this);
    this.#child.once("close", () => alive.delete(this));
  }

  /**
   * Waits for the next thing it says, which must be this event.
   * @throws Error with what it complained about when it ends instead
   */
  async next<Event = unknown>(event: string): Promise<Event> {
    const { value, done } = await this.#lines.next();
    if (done === true) {
      await this.#ended;
      throw new Error(`${this.#workload} ended before it was ${event}: ${this.#complaint}`);
    }
    const said = JSON.parse(value) as { readonly event: string };
    if (said.event !== event) throw new Error(`${this.#workload} said ${value}, not ${event}`);
    return said as Event;
  }

  tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#ended;
  }
}
