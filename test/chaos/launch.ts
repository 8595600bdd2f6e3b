import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { dataPlace } from "../support/data-place.ts";
import { runCommand } from "../support/run-command.ts";
import { sourceProgram } from "../support/source-program.ts";
import { conclaveServer } from "../support/tools.ts";
import type { Jobs } from "./program.ts";
import { sandbox } from "./sandbox.ts";

const PROGRAM = fileURLToPath(new URL("program.ts", import.meta.url));

/** What every job is told by whoever launches it. */
type Told = "server" | "directory";

/** Starts jobs, each in a process and a sandbox of its own. */
export class Launcher implements AsyncDisposable {
  readonly #program: { readonly file: string } & AsyncDisposable;

  private constructor(program: { readonly file: string } & AsyncDisposable) {
    this.#program = program;
  }

  static async create(): Promise<Launcher> {
    return new Launcher(await sourceProgram(PROGRAM));
  }

  /**
   * @returns what it reported
   * @throws Error with what went wrong, and with the directory where its logs and its history are kept
   */
  async launch<Name extends keyof Jobs>(
    job: Name,
    options: Omit<Parameters<Jobs[Name]>[0], Told>,
    timeoutMs: number,
  ): Promise<Awaited<ReturnType<Jobs[Name]>>> {
    const directory = mkdtempSync(join(await dataPlace(), `chaos-${job}-`));
    const told = { job, options: { ...options, server: conclaveServer.path, directory } };
    const [file = "", ...args] = [...sandbox().command, process.execPath, this.#program.file];
    const ended = await runCommand(file, [...args, JSON.stringify(told)], { timeoutMs });
    if (ended.code === 0) {
      await rm(directory, { recursive: true, force: true });
      return JSON.parse(ended.stdout);
    }
    const reason = ended.code === null ? `not over after ${timeoutMs} ms` : ended.stderr.trim();
    throw new Error(`${reason}\nlogs and history: ${directory}`);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#program[Symbol.asyncDispose]();
  }
}
