import { freePorts } from "./free-ports.ts";
import { RunningCommand } from "./run-command.ts";
import { redisServer } from "./tools.ts";

/** A Redis that keeps nothing on the disk. */
export async function startRedis(): Promise<{ readonly port: number } & AsyncDisposable> {
  const [port = 0] = await freePorts(1);
  const settings = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const redis = new RunningCommand(redisServer.path, settings);
  await redis.waitForOutput(/Ready to accept connections/);
  return { port, [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose]() };
}
