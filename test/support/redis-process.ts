import { freePorts } from "./free-ports.ts";
import { RunningCommand } from "./run-command.ts";
import { redisServer } from "./tools.ts";

const NOTHING_ON_THE_DISK = ["--appendonly", "no"];

/** A Redis without snapshots. What it writes to the disk otherwise, and where, is in `settings`: by default nothing. */
export async function startRedis(
  settings: readonly string[] = NOTHING_ON_THE_DISK,
): Promise<{ readonly port: number; readonly pid: number } & AsyncDisposable> {
  const [port = 0] = await freePorts(1);
  const common = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", ""];
  const redis = new RunningCommand(redisServer.path, [...common, ...settings]);
  process.once("exit", () => redis.kill("SIGKILL")); // whatever ends this process
  await redis.waitForOutput(/Ready to accept connections/);
  return { port, pid: redis.pid, [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose]() };
}
