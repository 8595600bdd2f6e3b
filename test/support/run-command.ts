import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";

/** What a finished command left behind. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code, or null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface CommandOptions {
  /** Written to stdin, which is then closed. Default: nothing. */
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The command is killed after this long. Default 15 s. */
  readonly timeoutMs?: number;
}

const COMMAND_TIMEOUT_MS = 15_000;

/** A command that is talked to while it runs: a watch, an election, an interactive shell. */
export class RunningCommand implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<unknown>;
  #stdout = "";
  #stderr = "";
  #changed: (() => void)[] = [];

  constructor(file: string, args: readonly string[], options: CommandOptions = {}) {
    this.#child = spawn(file, args, { env: options.env ?? process.env, stdio: "pipe" });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#wake();
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      this.#wake();
    });
    this.#child.stdin.on("error", () => {}); // the command may end before it has read all
    this.#closed = once(this.#child, "close").then(() => this.#wake());
    if (options.input !== undefined) this.#child.stdin.end(options.input);
  }

  get stdout(): string {
    return this.#stdout;
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.#child.spawnfile} did not start`);
    return pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  kill(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  /**
   * Resolves with stdout once `accept` holds of it.
   * @throws Error with everything printed so far when the command ends, or time passes, before that.
   */
  async waitForOutput(
    accept: RegExp | ((stdout: string) => boolean),
    timeoutMs = 10_000,
  ): Promise<string> {
    const accepted = () =>
      typeof accept === "function" ? accept(this.#stdout) : accept.test(this.#stdout);
    const deadline = performance.now() + timeoutMs;
    while (!accepted()) {
      const left = deadline - performance.now();
      if (left <= 0 || !this.running) {
        throw new Error(
          `${this.#child.spawnargs.join(" ")}: ${this.running ? "no" : "ended without"} output ` +
            `matching ${accept}\nstdout: ${this.#stdout}\nstderr: ${this.#stderr}`,
        );
      }
      await this.#nextChange(left);
    }
    return this.#stdout;
  }

  /** Resolves when the command has ended; kills it when it does not end in time. */
  async result(timeoutMs = COMMAND_TIMEOUT_MS): Promise<CommandResult> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), timeoutMs);
    await this.#closed;
    clearTimeout(timer);
    const { exitCode: code, signalCode: signal } = this.#child;
    return { stdout: this.#stdout, stderr: this.#stderr, code, signal };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#closed;
  }

  #wake(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }

  #nextChange(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#changed.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const command = new RunningCommand(file, args, { input: "", ...options });
  return command.result(options.timeoutMs);
}
