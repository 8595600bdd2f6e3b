import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { conclaveServer, etcdServer } from "./tools.ts";

/** The two servers that one suite is run against. */
export type ServerKind = "conclave" | "etcd";

export interface MemberSettings {
  readonly kind: ServerKind;
  readonly name: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly clientPort: number;
  readonly peerPort: number;
  /** `name=peerUrl` of every member, comma-separated. */
  readonly initialCluster: string;
  /** Whether that cluster is to be formed or joined. Default new. */
  readonly initialClusterState?: "new" | "existing";
  /** Flags beyond those every member gets, under etcd's names. */
  readonly flags: readonly string[];
  /** Address that it listens on. Default 127.0.0.1. */
  readonly host?: string;
  /** What is started, before the flags. Default: the server of that kind. */
  readonly command?: readonly string[];
  /** Variables of its environment beside our own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A member did not come up because another process had taken one of its ports. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
}

const HEALTHY_TIMEOUT_MS = 30_000;
const EXIT_TIMEOUT_MS = 15_000;

/** Processes that must not outlive this one, whatever ends it. */
const alive = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

/** One server process with its data directory; it can be killed, paused and started again. */
export class MemberProcess {
  readonly settings: MemberSettings;
  #child: ChildProcess | undefined;

  constructor(settings: MemberSettings) {
    this.settings = settings;
  }

  get name(): string {
    return this.settings.name;
  }

  /** `host:port`, the form that gRPC channels and etcdctl take. */
  get endpoint(): string {
    return `${hostOf(this.settings)}:${this.settings.clientPort}`;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} is not running`);
    return pid;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && !this.#child.signalCode;
  }

  /** Spawns the process. Requires: not running. */
  start(): void {
    if (this.running) throw new Error(`${this.name} runs already`);
    const [file = "", ...args] = commandLine(this.settings);
    const log = openSync(this.settings.logFile, "a");
    const env = { ...process.env, ...this.settings.env };
    const child = spawn(file, args, { stdio: ["ignore", log, log], env });
    closeSync(log);
    alive.add(child);
    child.once("exit", () => alive.delete(child));
    child.once("error", () => alive.delete(child));
    this.#child = child;
  }

  /**
   * Resolves once the member answers `/health` with true, which takes a leader and a linearizable read.
   * @throws Error with the end of the log when it exits first or takes too long.
   */
  async waitHealthy(timeoutMs = HEALTHY_TIMEOUT_MS): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await isHealthy(this.settings))) {
      if (!this.running) {
        const log = this.logTail();
        if (/address already in use|EADDRINUSE/i.test(log)) throw new PortTakenError(log);
        throw new Error(`${this.name} ended before it was healthy\n${log}`);
      }
      if (performance.now() > deadline) {
        throw new Error(`${this.name} was not healthy after ${timeoutMs} ms\n${this.logTail()}`);
      }
      await sleep(20);
    }
  }

  /** Sends a signal and, unless it only pauses or resumes, waits for the process to end. */
  async signal(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || !this.running) return child?.exitCode ?? null;
    const exit = once(child, "exit");
    child.kill(signal);
    if (signal === "SIGSTOP" || signal === "SIGCONT") return null;
    const timer = setTimeout(() => child.kill("SIGKILL"), EXIT_TIMEOUT_MS);
    await exit;
    clearTimeout(timer);
    return child.exitCode;
  }

  /** The power cord: nothing is flushed, nobody is told. */
  async kill(): Promise<void> {
    await this.signal("SIGKILL");
  }

  /** SIGTERM. @returns the exit code, or null when it had to be killed. */
  terminate(): Promise<number | null> {
    return this.signal("SIGTERM");
  }

  async restart(): Promise<void> {
    this.start();
    await this.waitHealthy();
  }

  /** Resolves with the code when the process has ended by itself. */
  async ended(timeoutMs = EXIT_TIMEOUT_MS): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || !this.running) return child?.exitCode ?? null;
    await once(child, "exit", { signal: AbortSignal.timeout(timeoutMs) });
    return child.exitCode;
  }

  /** Resident memory of the process, bytes, as the kernel counts it. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    if (kibibytes === undefined) throw new Error("no VmRSS in /proc");
    return Number(kibibytes) * 1024;
  }

  logTail(lines = 15): string {
    const { logFile } = this.settings;
    const text = existsSync(logFile) ? readFileSync(logFile, "utf8") : "(never started)";
    const log = text.trimEnd().split("\n");
    const last = log.slice(-lines).map((line) => line.slice(0, 300));
    return `--- ${this.settings.kind} ${this.name} ---\n${last.join("\n")}`;
  }
}

const hostOf = ({ host = "127.0.0.1" }: MemberSettings) => host;

function commandLine(settings: MemberSettings): string[] {
  const clientUrl = `http://${hostOf(settings)}:${settings.clientPort}`;
  const peerUrl = `http://${hostOf(settings)}:${settings.peerPort}`;
  const flags = [
    ["--name", settings.name],
    ["--data-dir", join(settings.dataDir, settings.name)],
    ["--listen-client-urls", clientUrl],
    ["--advertise-client-urls", clientUrl],
    ["--listen-peer-urls", peerUrl],
    ["--initial-advertise-peer-urls", peerUrl],
    ["--initial-cluster", settings.initialCluster],
    ["--initial-cluster-state", settings.initialClusterState ?? "new"],
    ["--log-level", "info"],
  ].flat();
  const conclave = [process.execPath, conclaveServer.path, "serve"];
  if (settings.kind === "conclave") {
    return [...(settings.command ?? conclave), ...flags, ...settings.flags];
  }
  const etcd = settings.command ?? [etcdServer.path];
  return [...etcd, ...flags, "--logger", "zap", ...settings.flags];
}

function isHealthy(settings: MemberSettings): Promise<boolean> {
  const place = { host: hostOf(settings), port: settings.clientPort };
  return new Promise((resolve) => {
    const request = get({ ...place, path: "/health", agent: false, timeout: 2_000 }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve(/"health":\s*"true"/.test(body)));
      response.on("error", () => resolve(false));
    });
    request.on("timeout", () => request.destroy(new Error("no answer")));
    request.on("error", () => resolve(false));
  });
}
