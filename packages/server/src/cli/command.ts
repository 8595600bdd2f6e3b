import { resolve } from "node:path";
import { parseCommandLine } from "../config/command-line.ts";
import { nearestOf } from "../config/nearest.ts";
import type { ServerConfig, ServerOptions } from "../config/options.ts";
import { resolveServerConfig } from "../config/resolve.ts";
import { createLogger, type Logger } from "../observe/logger.ts";
import { type ExitCode, exitCodes, refusalOf } from "./exit.ts";
import { helpText, readyText, versionText } from "./texts.ts";

/** A member that runs in this process. */
export interface StoppableServer {
  /** With the ports that listening really got. */
  readonly clientUrls: readonly string[];
  readonly peerUrls: readonly string[];
  /** Resolves with the reason if it cannot go on by itself. */
  readonly failed: Promise<Error>;
  /** Hands leadership over, flushes and stops. */
  close(): Promise<void>;
}

export type StartServer = (
  options: ServerOptions,
  services: { readonly logger: Logger },
) => Promise<StoppableServer>;

/** The process as the command line sees it. */
export interface ProcessHost {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether a person reads the log. */
  readonly isTerminal: boolean;
  printLine(text: string): void;
  printError(text: string): void;
  now(): Date;
  /** Monotonic. */
  nowMs(): number;
  /** Calls back on every SIGTERM and SIGINT. */
  onStopSignal(callback: (signal: string) => void): void;
  /** Calls back on an exception that nobody caught: the state of the process is unknown then. */
  onUncaughtError(callback: (error: unknown) => void): void;
  /** Ends the process at once. */
  exit(code: number): void;
}

const commands = ["serve", "version", "help"];

/** Runs one command. @returns the code to exit with, once there is nothing left to do */
export async function runCommandLine(host: ProcessHost, start: StartServer): Promise<ExitCode> {
  const [command = "help", ...rest] = host.args;
  if (isAskingFor(["help", "h"], command, rest)) return print(host, helpText());
  if (isAskingFor(["version"], command, rest)) return print(host, versionText());
  if (command === "serve") return serve(host, rest, start);
  const nearest = command.startsWith("-") ? "serve" : nearestOf(command, commands);
  const hint = nearest === undefined ? "see conclave help" : `did you mean conclave ${nearest}?`;
  host.printError(`conclave: ${JSON.stringify(command)} is not a command; ${hint}\n`);
  return exitCodes.refused;
}

/** `conclave help`, `conclave --help` and `conclave serve --help` alike. */
function isAskingFor(names: readonly string[], command: string, rest: readonly string[]): boolean {
  const spellings = names.flatMap((name) => [`-${name}`, `--${name}`]);
  return (
    names.includes(command) ||
    spellings.includes(command) ||
    (command === "serve" && rest.some((arg) => spellings.includes(arg)))
  );
}

function print(host: ProcessHost, text: string): ExitCode {
  host.printLine(text);
  return exitCodes.stopped;
}

async function serve(
  host: ProcessHost,
  args: readonly string[],
  start: StartServer,
): Promise<ExitCode> {
  try {
    const { options, warnings } = parseCommandLine(args, host.environment);
    const config = resolveServerConfig(options);
    const logger = loggerFor(host, config);
    for (const warning of warnings) logger.warn(warning);
    return await runUntilStopped(host, start, options, config, logger);
  } catch (error) {
    const { exitCode, message } = refusalOf(error);
    host.printError(`conclave: ${message}\n`);
    return exitCode;
  }
}

/** Starts, tells that it is ready, and stops on the first signal; the second ends the process. */
async function runUntilStopped(
  host: ProcessHost,
  start: StartServer,
  options: ServerOptions,
  config: ServerConfig,
  logger: Logger,
): Promise<ExitCode> {
  const stopSignal = firstStopSignal(host, logger);
  host.onUncaughtError((error) => {
    const cause = error instanceof Error ? error : new Error(String(error));
    logger.fatal("an error that nobody expected; stopping at once", { error: cause });
    host.exit(exitCodes.failed);
  });
  const server = await start(options, { logger });
  const { storage, name } = config;
  const dataDirectory = storage.kind === "directory" ? resolve(storage.path) : null;
  const { clientUrls, peerUrls } = server;
  host.printLine(readyText({ name, dataDirectory, clientUrls, peerUrls }));
  const end = await Promise.race([stopSignal, server.failed]);
  // Nothing is flushed or handed over: what cannot be written must not be answered for either.
  const isRemoved = end instanceof Error && end.name === "MemberRemoved";
  if (end instanceof Error && !isRemoved) return exitCodes.failed;
  logger.info("stopping", { reason: isRemoved ? "removed from the cluster" : end });
  await server.close();
  logger.info("stopped");
  return exitCodes.stopped;
}

/**
 * One Ctrl-C reaches a server under `npm start` twice: from the terminal, and passed on by npm a
 * millisecond later. Signals this close together are one wish to stop. Milliseconds.
 */
const SAME_SIGNAL_MS = 250;

function firstStopSignal(host: ProcessHost, logger: Logger): Promise<string> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    host.onStopSignal((signal) => {
      if (firstMs === undefined) {
        firstMs = host.nowMs();
        resolve(signal);
      } else if (host.nowMs() - firstMs > SAME_SIGNAL_MS) {
        logger.warn("second signal; stopping at once", { signal });
        host.exit(exitCodes.failed);
      }
    });
  });
}

function loggerFor(host: ProcessHost, config: ServerConfig): Logger {
  return createLogger({
    level: config.logLevel,
    format: config.logFormat ?? (host.isTerminal ? "console" : "json"),
    write: (line) => host.printError(line),
    now: () => host.now(),
  });
}
