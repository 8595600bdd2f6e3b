import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedis } from "../../support/redis-process.ts";
import { Deployment, type ServerKind } from "../../support/server-process.ts";
import { redisServer, type Tool } from "../../support/tools.ts";
import type { BenchServer } from "./row.ts";

/** One member of a kind. Both sync the log to the disk before they answer. */
export function member(kind: ServerKind, tool: Tool) {
  return async (): Promise<BenchServer | null> => {
    if (!tool.present) return null;
    const deployment = await Deployment.start({ kind, dataPlace: tmpdir() });
    const [first] = deployment.members;
    return {
      address: first!.endpoint,
      pid: first!.pid,
      [Symbol.asyncDispose]: () => deployment[Symbol.asyncDispose](),
    };
  };
}

/** A Redis with an append-only file that is synced every second, or before each answer. */
export function redis(appendfsync: "everysec" | "always") {
  return async (): Promise<BenchServer | null> => {
    if (!redisServer.present) return null;
    const directory = await mkdtemp(join(tmpdir(), "bench-redis-"));
    const server = await startRedis([
      ...["--dir", directory, "--appendonly", "yes", "--appendfsync", appendfsync],
    ]);
    return {
      address: `127.0.0.1:${server.port}`,
      pid: server.pid,
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]();
        await rm(directory, { recursive: true, force: true });
      },
    };
  };
}
