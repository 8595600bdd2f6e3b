import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** One turn as the contender itself told it. Times are the machine's clock, ms. */
export interface ReportedTurn {
  readonly who: string;
  readonly key: string;
  readonly fence: number;
  readonly acquiredAtMs: number;
  /** Null while it lasts, or when it was cut short. */
  releasedAtMs: number | null;
}

/** What a contender has told so far. */
export class Reports {
  readonly who: string;
  readonly turns: ReportedTurn[] = [];
  /** Why turns, or places in the queue, were lost. */
  readonly losses: string[] = [];
  #isHolding = false;

  constructor(who: string) {
    this.who = who;
  }

  /** Between `acquired` and whatever ended that turn. */
  get isHolding(): boolean {
    return this.#isHolding;
  }

  acquired(key: string, fence: number, acquiredAtMs: number): void {
    this.turns.push({ who: this.who, key, fence, acquiredAtMs, releasedAtMs: null });
    this.#isHolding = true;
  }

  released(fence: number, atMs: number): void {
    const last = this.turns.at(-1);
    if (last?.fence !== fence) throw new Error(`${this.who} released what it did not hold`);
    last.releasedAtMs = atMs;
    this.#isHolding = false;
  }

  lost(reason: string): void {
    this.losses.push(reason);
    this.#isHolding = false;
  }

  /** Its process was killed. @returns whether it held */
  killed(): boolean {
    const held = this.#isHolding;
    this.#isHolding = false;
    return held;
  }
}

/** Who stands in the queue. `kill` is `kill -9`; it can be started again. */
export interface Contender {
  readonly reports: Reports;
  /** In the middle of the run. */
  readonly mayBeKilled: boolean;
  start(): void;
  kill(): Promise<void>;
  /** Why it ended although nobody killed it, or null. */
  failure(): string | null;
}

const STDERR_KEPT_CHARS = 2_000;

interface ReportLine {
  readonly event: "acquired" | "released" | "lost";
  readonly atMs: number;
  readonly key: string;
  readonly fence: number;
  readonly reason: string;
}

/** A contender that is a process of its own and prints a line of JSON for what happens. */
export class ContenderProcess implements Contender {
  readonly reports: Reports;
  readonly mayBeKilled = true;
  readonly #file: string;
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;
  #stderr = "";

  constructor(who: string, file: string, args: readonly string[]) {
    this.reports = new Reports(who);
    this.#file = file;
    this.#args = args;
  }

  start(): void {
    const child = spawn(this.#file, this.#args, { stdio: ["ignore", "pipe", "pipe"] });
    createInterface({ input: child.stdout }).on("line", (line) => this.#accept(line));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT_CHARS);
    });
    this.#child = child;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || hasEnded(child)) return;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed; // with everything it had printed
  }

  failure(): string | null {
    if (this.#child === null || !hasEnded(this.#child)) return null;
    return `${this.reports.who} ended by itself: ${this.#stderr}`;
  }

  #accept(text: string): void {
    const line = JSON.parse(text) as ReportLine;
    if (line.event === "acquired") this.reports.acquired(line.key, line.fence, line.atMs);
    else if (line.event === "released") this.reports.released(line.fence, line.atMs);
    else this.reports.lost(line.reason);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
