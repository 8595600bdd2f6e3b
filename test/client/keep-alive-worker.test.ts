import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { connect, type SessionOptions } from "@conclave/client";
import { describe, expect, test } from "vitest";
import { ScriptedCaller } from "../../packages/client/src/testing/scripted-caller.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { blockThread } from "./block-thread.ts";
import { aborted, clientsOf } from "./client-support.ts";

const WORKER = { ttl: "2s", margin: "600ms", keepalive: "worker" } as const;

/** The next thread that is started. */
function nextThread(): Promise<Worker> {
  return new Promise((resolve) => process.once("worker", resolve));
}

describeEachServer(
  "SDK sessions kept by a worker",
  (server) => {
    const clients = clientsOf(server);
    const connectKept = (options: SessionOptions = {}) =>
      clients.connect({ session: { ...WORKER, ...options } });

    test("a session and its fork are kept for longer than their TTL", async () => {
      const client = await connectKept();
      const fork = client.session.fork();
      const [leaseId, forkedId] = [await client.session.open(), await fork.open()];
      await sleep(3_500);
      expect([client.session.state, fork.state]).toEqual(["held", "held"]);
      expect(await client.leases.timeToLive(leaseId)).not.toBeNull();
      expect(await client.leases.timeToLive(forkedId)).not.toBeNull();
    });

    test("code that goes on after a long computation finds the lock held, and proven for longer", async () => {
      const client = await connectKept({ stallLimit: "10s" });
      const lock = await client.locks.acquire("l");
      blockThread(2_500);
      expect(lock.remaining()).toBeGreaterThan(0);
      await null;
      expect(lock.signal.aborted).toBe(false);
      await lock.verify();
    });

    test("when the thread ends, the main thread goes on renewing", async () => {
      const started = nextThread();
      const client = await connectKept();
      const leaseId = await client.session.open();
      const warned = new Promise((resolve) => process.once("warning", resolve));
      await (await started).terminate();
      expect(await warned).toMatchObject({ code: "CONCLAVE_KEEPALIVE_WORKER" });
      await sleep(2_500);
      expect(client.session.state).toBe("held");
      expect(await client.leases.timeToLive(leaseId)).not.toBeNull();
      const restarted = nextThread();
      await client.session.fork().open();
      await restarted;
    });

    test("closing the client revokes the lease and ends the thread", async () => {
      const started = nextThread();
      const [client, other] = [await connectKept(), await clients.connect()];
      const leaseId = await client.session.open();
      const thread = await started;
      const ended = new Promise((resolve) => thread.once("exit", resolve));
      await client.close();
      await ended;
      expect(await other.leases.timeToLive(leaseId)).toBeNull();
    });

    test("a lease that an administrator revokes ends the session as revoked", async () => {
      const client = await connectKept();
      const { session } = client;
      await client.leases.revoke(await session.open());
      await aborted(session.signal);
      expect(session.signal.reason).toMatchObject({ reason: "revoked" });
    });

    test("while renewWhile says no the session is in doubt, and lost at its deadline", async () => {
      let isHealthy = true;
      const client = await connectKept({ renewWhile: () => isHealthy });
      await client.session.open();
      await sleep(1_000);
      expect(client.session.state).toBe("held");
      isHealthy = false;
      await eventually(() => expect(client.session.state).toBe("doubt"), 3_000, 5);
      await aborted(client.session.signal);
      expect(client.session.signal.reason).toMatchObject({ reason: "expired" });
    });
  },
  { sizes: [1] },
);

describe("a keep-alive worker", () => {
  test("is refused at once over a transport that a thread cannot be given", async () => {
    const options = { transport: () => new ScriptedCaller(), session: WORKER };
    await expect(connect("127.0.0.1:1", options)).rejects.toThrow(/needs the default transport/);
  });

  test("is refused at once with TLS options that a thread cannot be given", async () => {
    const tls = { checkServerIdentity: () => undefined };
    await expect(connect("https://127.0.0.1:1", { tls, session: WORKER })).rejects.toThrow(
      /cannot be given to a thread/,
    );
  });
});
