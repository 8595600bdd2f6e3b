import { writeSync } from "node:fs";
import type { ProcessHost } from "./command.ts";

/** The real process. */
export function processHost(): ProcessHost {
  return {
    args: process.argv.slice(2),
    environment: process.env,
    isTerminal: process.stderr.isTTY === true,
    printLine: (text) => writeAll(1, text),
    printError: (text) => writeAll(2, text),
    now: () => new Date(),
    nowMs: () => performance.now(),
    onStopSignal: (callback) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, callback);
    },
    onUncaughtError: (callback) => {
      process.on("uncaughtException", callback);
      process.on("unhandledRejection", callback);
    },
    exit: (code) => process.exit(code),
  };
}

/**
 * Straight to the descriptor: what is said last must not sit in a stream's buffer when the process
 * ends. A reader that is gone or slow, or a full disk behind it, is no reason to stop serving.
 */
function writeAll(descriptor: 1 | 2, text: string): void {
  let rest = Buffer.from(text, "utf8");
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
  } catch {
    // There is nobody left to tell.
  }
}
