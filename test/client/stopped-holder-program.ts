/**
 * A process that adds 10 to an account under a lock, and is stopped in the middle of it by the test. Prints a line of JSON for
 * what happens, so that their order is what the process itself saw.
 *
 * Arguments: the account's address, "conclave" or "redlock", the lock server's address, and for Conclave the keys'
 * namespace and the thread that renews.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type ConclaveError, connect, op } from "@conclave/client";
import { fenceHeaders } from "@conclave/client/fencing";
import { Redis } from "ioredis";
import Redlock from "redlock";
import { readBalance, writeBalance } from "./account-service.ts";

const [account = "", kind, address = "", namespace = "", keepalive] = process.argv.slice(2);

function print(what: string, more: object = {}): void {
  process.stdout.write(
    `${JSON.stringify({ what, atMs: Number(process.hrtime.bigint()) / 1e6, ...more })}\n`,
  );
}

async function think(): Promise<void> {
  await (await fetch(`${account}/think`)).text();
}

async function holdConclave(): Promise<void> {
  const session = {
    ttl: "2s",
    margin: "600ms",
    keepalive: keepalive as "main" | "worker",
  } as const;
  const client = await connect(address, { namespace, session });
  const lock = await client.locks.acquire("account");
  let hasFired = false;
  lock.signal.addEventListener("abort", () => {
    hasFired = true;
    print("aborted", { reason: lock.signal.reason.reason });
  });
  // Asked of the listener, not of the signal, which would look at the clock for us.
  const goesOn = (after: string) => print("goes on", { after, hasFired });

  const timers = async () => {
    for (; !hasFired; goesOn("a timer")) await sleep(5);
  };
  const calls = async () => {
    for (; !hasFired; goesOn("a call")) await client.kv.get("anything");
  };
  const events = async () => {
    for await (const _ of client.watch("poke")) goesOn("an event");
  };
  void timers();
  void calls();
  events().catch(() => {}); // until the client is closed

  const balance = await readBalance(account);
  print("held", { fence: lock.fence.revision });
  await think();
  goesOn("an answer");
  print("wrote to the account", {
    status: await writeBalance(account, balance + 10, fenceHeaders(lock.fence)),
  });
  const guarded = await lock.kv.put("balance", "stale").then(
    () => "committed",
    (error: ConclaveError) => `${error.code} ${error.outcome}`,
  );
  print("wrote by the lock", { guarded });
  const { succeeded } = await client.txn().if(lock.guard).then(op.put("balance", "stale")).commit();
  print("wrote under the guard", { succeeded });
  await client.close();
}

/** Asks its signal before it writes, but no question is asked at the very moment of the write. */
async function holdRedlock(): Promise<void> {
  const redis = new Redis(Number(address));
  const redlock = new Redlock([redis], { retryCount: 0 });
  const section = redlock.using(["account"], 2_000, async (signal) => {
    const balance = await readBalance(account);
    signal.throwIfAborted();
    print("held");
    await think();
    print("wrote to the account", { status: await writeBalance(account, balance + 10) });
  });
  await section.catch((error: Error) => print("failed", { error: error.message }));
  redis.disconnect();
}

await (kind === "conclave" ? holdConclave() : holdRedlock());
