import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Calls by name. */
export type SystemCalls = ReadonlyMap<string, number>;

const ATTACH_TIMEOUT_MS = 10_000;

/** The kernel does not let this process look at that one. */
export class TraceRefusedError extends Error {
  override readonly name = "TraceRefusedError";
}

/** Counts the system calls of all threads of a process, by strace; the process is several times slower meanwhile. */
export class SystemCallCounter {
  readonly #directory = mkdtempSync(join(tmpdir(), "strace-"));
  readonly #child: ChildProcess;
  #said = "";

  private constructor(pid: number) {
    const args = ["-f", "-c", "-o", join(this.#directory, "summary"), "-p", `${pid}`];
    this.#child = spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#said += text;
    });
  }

  /** @throws TraceRefusedError with what strace says */
  static async attach(pid: number): Promise<SystemCallCounter> {
    const counter = new SystemCallCounter(pid);
    const deadline = performance.now() + ATTACH_TIMEOUT_MS;
    while (!/attached/.test(counter.#said)) {
      if (counter.#child.exitCode !== null || performance.now() > deadline) {
        counter.#child.kill("SIGKILL");
        throw new TraceRefusedError(counter.#said);
      }
      await Promise.race([
        once(counter.#child.stderr!, "data", { signal: AbortSignal.timeout(ATTACH_TIMEOUT_MS) }),
        once(counter.#child, "close"),
      ]);
    }
    return counter;
  }

  async detach(): Promise<SystemCalls> {
    const closed = once(this.#child, "close");
    this.#child.kill("SIGINT");
    await closed;
    const summary = readFileSync(join(this.#directory, "summary"), "utf8");
    rmSync(this.#directory, { recursive: true });
    return callsIn(summary);
  }
}

/** Reads the table of `strace -c`: share, seconds, µs a call, calls, errors if any, name. */
export function callsIn(summary: string): SystemCalls {
  const line = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$/gm;
  const calls = [...summary.matchAll(line)].map(
    ([, count, name]) => [name!, Number(count)] as const,
  );
  return new Map(calls.filter(([name]) => name !== "total"));
}

const READS_AND_WRITES = /^(read|readv|pread64|preadv2?|write|writev|pwrite64|pwritev2?)$/;

/**
 * Attaching takes a while, in which the server works on: the counts are brought to the whole window by what the kernel
 * itself has counted of reads and writes.
 */
export function scaledTo(readsAndWrites: number, calls: SystemCalls): SystemCalls {
  let counted = 0;
  for (const [name, count] of calls) if (READS_AND_WRITES.test(name)) counted += count;
  if (counted === 0) return calls;
  return new Map([...calls].map(([name, count]) => [name, (count * readsAndWrites) / counted]));
}
