import { flagForSetting } from "../config/command-line.ts";
import { ConfigError } from "../config/config-error.ts";

/** How the process ends. */
export const exitCodes = {
  stopped: 0,
  /** Something went wrong while running. */
  failed: 1,
  /** Asked for something that cannot be: a bad flag, a taken port, a directory of somebody else. */
  refused: 2,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export interface Refusal {
  readonly exitCode: ExitCode;
  /** One line, without newline. */
  readonly message: string;
}

const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use; is another server running?",
  EACCES: "this user may not use that port",
  EPERM: "this user may not use that port",
  EADDRNOTAVAIL: "this machine has no such address",
};

/** A directory that is locked, foreign, damaged or not writable, or that of a member which was removed. */
const dataDirectoryRefusals = new Set([
  "DataDirectoryError",
  "WalMismatch",
  "WalCorruption",
  "MemberRemoved",
]);

/** What to tell about an error that kept the server from starting, and the code to exit with. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof ConfigError) {
    const message = `${flagForSetting(error.setting)} ${error.problem}`;
    return { exitCode: exitCodes.refused, message };
  }
  if (!(error instanceof Error)) return { exitCode: exitCodes.failed, message: String(error) };
  if (dataDirectoryRefusals.has(error.name)) {
    return { exitCode: exitCodes.refused, message: oneLine(error.message) };
  }
  const { code, syscall, address, port } = error as NodeJS.ErrnoException & {
    readonly address?: string;
    readonly port?: number;
  };
  const problem = listenProblems[code ?? ""];
  if (syscall === "listen" && problem !== undefined) {
    const place = port === undefined ? String(address) : `${address}:${port}`;
    return { exitCode: exitCodes.refused, message: `cannot listen on ${place}: ${problem}` };
  }
  return { exitCode: exitCodes.failed, message: oneLine(`${error.name}: ${withCauses(error)}`) };
}

/** What went wrong, and what that came of: of a disk, its own word. */
function withCauses({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${withCauses(cause)}` : message;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
