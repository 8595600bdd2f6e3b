// A foreign client, as the benchmark drives it: right answers under load. Skipped where h2load is not installed.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createRpcServer } from "./server.ts";
import { listenLocally } from "./testing/listener.ts";
import { message } from "./testing/raw-peer.ts";

function hasH2load(): boolean {
  try {
    execFileSync("h2load", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!hasH2load())(
  "h2load: 20,000 echoes over 4 connections of 100 streams, none fails",
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "conclave-h2load-"));
    const body = join(directory, "body");
    writeFileSync(body, message("x".repeat(300)));
    let calls = 0;
    const server = createRpcServer().unary("/t.S/Echo", (call, bytes) => {
      calls += 1;
      call.reply(bytes);
    });
    const listener = createServer((socket) => server.acceptSocket(socket));
    try {
      const url = `http://127.0.0.1:${await listenLocally(listener)}/t.S/Echo`;
      const { stdout } = await promisify(execFile)("h2load", [
        ...["-n", "20000", "-c", "4", "-m", "100", "-d", body],
        ...["-H", "content-type: application/grpc", "-H", "te: trailers", url],
      ]);
      expect(stdout).toContain("20000 succeeded, 0 failed, 0 errored, 0 timeout");
      expect(stdout).toContain(`(${20_000 * 305}) data`);
      expect(calls).toBe(20_000);
    } finally {
      server.close();
      listener.close();
      rmSync(directory, { recursive: true });
    }
  },
);
