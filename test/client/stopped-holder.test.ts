import { fileURLToPath } from "node:url";
import { fenceHeaders } from "@conclave/client/fencing";
import { Redis } from "ioredis";
import Redlock from "redlock";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { startRedis } from "../support/redis-process.ts";
import { RunningCommand } from "../support/run-command.ts";
import { sourceProgram } from "../support/source-program.ts";
import { redisServer } from "../support/tools.ts";
import { AccountService, readBalance, writeBalance } from "./account-service.ts";
import { clientsOf } from "./client-support.ts";

interface Line {
  readonly what: string;
  /** Monotonic time of the machine. */
  readonly atMs: number;
  readonly [more: string]: unknown;
}

const machineNowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** The program that holds a lock, and the account that it works on. */
let program: Awaited<ReturnType<typeof sourceProgram>>;
let account: AccountService;
let address: string;
beforeAll(async () => {
  program = await sourceProgram(
    fileURLToPath(new URL("stopped-holder-program.ts", import.meta.url)),
  );
});
afterAll(() => program[Symbol.asyncDispose]());
beforeEach(async () => {
  account = new AccountService();
  address = await account.start();
});
afterEach(() => account[Symbol.asyncDispose]());

/**
 * Starts a holder, stops it while it thinks, lets `meanwhile` happen, and lets it go on. Returns what it printed, and when
 * it went on.
 */
async function stopHolder(args: readonly string[], meanwhile: () => Promise<void>) {
  await using holder = new RunningCommand(process.execPath, [program.file, address, ...args]);
  await holder.waitForOutput(/"held"/);
  await eventually(() => expect(account.thinkers).toBe(1));
  holder.kill("SIGSTOP");
  let continuedAtMs = 0;
  try {
    await meanwhile();
    account.endThinking();
  } finally {
    continuedAtMs = machineNowMs();
    holder.kill("SIGCONT");
  }
  const { stdout, stderr, code } = await holder.result(10_000);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout
    .trim()
    .split("\n")
    .map((line): Line => JSON.parse(line));
  return { lines, continuedAtMs };
}

const theLine = (lines: readonly Line[], what: string) => lines.find((line) => line.what === what);

describeEachServer(
  "a holder that is stopped for longer than its TTL",
  (server) => {
    const clients = clientsOf(server);

    test.each(["main", "worker"])(
      "is told before any of its code goes on, its writes are refused, and the next fence is greater (renewed by: %s)",
      async (keepalive) => {
        const [endpoint = ""] = server.deployment.endpoints;
        const args = ["conclave", endpoint, clients.namespace, keepalive];
        const other = await clients.connect();
        let nextFence = 0;
        const { lines, continuedAtMs } = await stopHolder(args, async () => {
          await using lock = await other.locks.acquire("account", { timeout: "10s" });
          nextFence = lock.fence.revision;
          const balance = await readBalance(address);
          expect(await writeBalance(address, balance + 1, fenceHeaders(lock.fence))).toBe(204);
          await lock.kv.put("balance", "fresh");
          await other.kv.put("poke", "");
        });
        expect(theLine(lines, "aborted")).toMatchObject({ reason: "stalled" });
        const wentOn = lines.filter(({ what, atMs }) => what === "goes on" && atMs > continuedAtMs);
        expect(new Set(wentOn.map(({ after }) => after))).toContain("an answer");
        expect(wentOn.filter(({ hasFired }) => hasFired !== true)).toEqual([]);

        expect(nextFence).toBeGreaterThan(theLine(lines, "held")?.fence as number);
        expect(theLine(lines, "wrote to the account")).toMatchObject({ status: 412 });
        expect(theLine(lines, "wrote by the lock")).toMatchObject({
          guarded: "LOCK_LOST not-applied",
        });
        expect(theLine(lines, "wrote under the guard")).toMatchObject({ succeeded: false });
        expect(account.balance).toBe(101);
        expect((await other.kv.get("balance"))?.text).toBe("fresh");
      },
    );
  },
  { sizes: [1] },
);

const missing = redisServer.present ? "" : " (redis-server: not installed)";
describe.skipIf(!redisServer.present)(`for comparison, a lock without a fence${missing}`, () => {
  test("a holder of a Redis lock that is stopped for longer than its TTL undoes what the next one wrote", async () => {
    await using server = await startRedis();
    const redis = new Redis(server.port);
    const redlock = new Redlock([redis], { retryCount: 100, retryDelay: 100 });
    const { lines } = await stopHolder(["redlock", `${server.port}`], async () => {
      await redlock.using(["account"], 2_000, async () => {
        expect(await writeBalance(address, (await readBalance(address)) + 1)).toBe(204);
      });
      expect(account.balance).toBe(101);
    });
    redis.disconnect();
    expect(theLine(lines, "wrote to the account")).toMatchObject({ status: 204 });
    expect(account.balance).toBe(110);
  });
});
