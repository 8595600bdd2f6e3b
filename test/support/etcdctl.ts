import type { ServerUnderTest } from "./each-server.ts";
import { type CommandOptions, RunningCommand, runCommand } from "./run-command.ts";
import { etcdctl } from "./tools.ts";

export interface EtcdctlResult {
  readonly code: number | null;
  readonly stdout: string;
  /** What etcdctl says itself. The client library's JSON log lines are left out. */
  readonly stderr: string;
  /** Name of the gRPC code of a refused call, as the client library logged it: `NotFound`. */
  readonly grpcCode: string | undefined;
}

/** Runs etcdctl (API 3) against the server under test, each call through the next member. */
export class Etcdctl {
  readonly #server: ServerUnderTest;

  constructor(server: ServerUnderTest) {
    this.#server = server;
  }

  /** Runs a command to its end; `input` is its stdin. */
  async run(args: readonly string[], options: CommandOptions = {}): Promise<EtcdctlResult> {
    const { code, stdout, stderr } = await runCommand(etcdctl.path, this.#addressed(args), {
      ...options,
      env: environment,
    });
    return { code, stdout, ...readStderr(stderr) };
  }

  /** @returns stdout. @throws Error when the command failed. */
  async ok(...args: readonly string[]): Promise<string> {
    const result = await this.run(args);
    if (result.code !== 0) {
      throw new Error(`etcdctl ${args.join(" ")}: exit ${result.code}: ${result.stderr}`);
    }
    return result.stdout;
  }

  /** stdout split into lines, without the empty ones at its end. */
  async lines(...args: readonly string[]): Promise<string[]> {
    const output = await this.ok(...args);
    const text = output.replace(/\n+$/, "");
    return text === "" ? [] : text.split("\n");
  }

  /** The `-w json` output, 64-bit ids kept exact by reading every long number as a string. */
  async json<T>(...args: readonly string[]): Promise<T> {
    const output = await this.ok(...args, "-w", "json");
    return JSON.parse(output.replace(/([:[,])(\d{16,})(?=[,}\]])/g, '$1"$2"')) as T;
  }

  /** The store's revision now. */
  async revision(): Promise<number> {
    const answer = await this.json<{ header: { revision: number } }>("get", "no-such-key");
    return answer.header.revision;
  }

  /** Starts a command that runs until it is told to stop. */
  start(...args: readonly string[]): RunningCommand {
    return new RunningCommand(etcdctl.path, this.#addressed(args), { env: environment });
  }

  /** Adds the next member's address, unless the command brings its own: etcdctl would use both. */
  #addressed(args: readonly string[]): string[] {
    if (args.some((arg) => arg.startsWith("--endpoints="))) return [...args];
    return ["--endpoints", this.#server.deployment.nextMember().endpoint, ...args];
  }
}

/** etcdctl refuses a flag that its environment sets too, so nothing of ours may leak in. */
const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("ETCD"))),
  ETCDCTL_API: "3",
};

function readStderr(stderr: string): { stderr: string; grpcCode: string | undefined } {
  const lines = stderr.split("\n").filter((line) => line !== "");
  const logged = lines.filter((line) => line.startsWith('{"level":'));
  const said = lines.filter((line) => !line.startsWith('{"level":'));
  const grpcCode = /rpc error: code = (\w+) desc/.exec(logged.join("\n"))?.[1];
  return { stderr: said.join("\n"), grpcCode };
}
