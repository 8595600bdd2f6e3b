import { RunningCommand } from "../support/run-command.ts";
import { sourceProgram } from "../support/source-program.ts";

/** Latencies of one kind, ms. */
export interface Latencies {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Felt {
  readonly keepAlive: Latencies;
  readonly put: Latencies;
  /** Texts of refused puts, with how often. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** Keep-alives and puts from a process of its own, while others load the server. */
export class Pulse implements AsyncDisposable {
  readonly #command: RunningCommand;
  readonly #program: AsyncDisposable;
  #linesTaken = 0;

  private constructor(command: RunningCommand, program: AsyncDisposable) {
    this.#command = command;
    this.#program = program;
  }

  static async begin(endpoint: string): Promise<Pulse> {
    const program = await sourceProgram(new URL("pulse-program.ts", import.meta.url).pathname);
    const command = new RunningCommand(process.execPath, [program.file, endpoint]);
    return new Pulse(command, program);
  }

  /** What was felt since the last call. */
  async take(): Promise<Felt> {
    this.#command.write("\n");
    this.#linesTaken += 1;
    const output = await this.#command.waitForOutput(
      (stdout) => stdout.split("\n").length > this.#linesTaken,
    );
    const { keepAliveMs, putMs, refusals } = JSON.parse(output.split("\n")[this.#linesTaken - 1]!);
    return { keepAlive: latencies(keepAliveMs), put: latencies(putMs), refusals };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#command[Symbol.asyncDispose]();
    await this.#program[Symbol.asyncDispose]();
  }
}

function latencies(ms: number[]): Latencies {
  ms.sort((a, b) => a - b);
  const at = (share: number) => ms[Math.min(ms.length - 1, Math.floor(ms.length * share))] ?? 0;
  return { count: ms.length, p50: at(0.5), p99: at(0.99), max: ms.at(-1) ?? 0 };
}
