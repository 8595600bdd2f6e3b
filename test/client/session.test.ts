import { setTimeout as sleep } from "node:timers/promises";
import { type Client, connect } from "@conclave/client";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { freePorts } from "../support/free-ports.ts";
import { aborted, clientsOf } from "./client-support.ts";

const BRISK = { session: { ttl: "2s", margin: "600ms" } } as const;
const opened = async (client: Client) => client.leases.timeToLive(await client.session.open());

describeEachServer(
  "SDK sessions",
  (server) => {
    const clients = clientsOf(server);

    test("a session keeps its lease for longer than its TTL", async () => {
      const client = await clients.connect(BRISK);
      const leaseId = await client.session.open();
      await sleep(3_500);
      expect(client.session.state).toBe("held");
      expect(await client.leases.timeToLive(leaseId)).not.toBeNull();
    });

    test("a session keeps its lease while its stream is cut again and again", async () => {
      const { client, faults } = await clients.connectFaulty(BRISK);
      const leaseId = await client.session.open();
      const cutting = setInterval(() => faults.cutStreams(), 100);
      await sleep(3_500);
      clearInterval(cutting);
      expect(client.session.signal.aborted).toBe(false);
      expect(await client.leases.timeToLive(leaseId)).not.toBeNull();
    });

    // Failure mode 25.
    test("a lease that an administrator revokes ends the session as revoked", async () => {
      const [a, b] = [await clients.connect(BRISK), await clients.connect()];
      const { session } = a;
      await b.leases.revoke(await session.open());
      await aborted(session.signal);
      expect(session.signal.reason).toMatchObject({ code: "SESSION_LOST", reason: "revoked" });
    });

    test("an uncontended hold knows how long it is proven, and a fork has a lease of its own", async () => {
      const client = await clients.connect(BRISK);
      await using lock = await client.locks.acquire("l");
      expect(lock.remaining()).toBeGreaterThan(0);
      expect(lock.remaining()).toBeLessThanOrEqual(1_400);
      await using fork = client.session.fork({ ttl: "5s" });
      expect(await fork.open()).not.toBe(await client.session.open());
      expect(fork.remaining()).toBeGreaterThan(client.session.remaining());
    });

    // Failure mode 20.
    test("closing a client revokes its lease", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const leaseId = await a.session.open();
      expect(await opened(a)).not.toBeNull();
      await a.close();
      expect(await b.leases.timeToLive(leaseId)).toBeNull();
      expect(a.session.signal.reason).toMatchObject({ reason: "shutdown" });
    });

    test("connecting where nobody listens fails with UNAVAILABLE, within its timeout", async () => {
      const [port] = await freePorts(1);
      const started = performance.now();
      const options = { timeout: "400ms" } as const;
      await expect(connect(`127.0.0.1:${port}`, options)).rejects.toMatchObject({
        code: expect.stringMatching(/^(UNAVAILABLE|TIMEOUT)$/),
        outcome: "not-applied",
      });
      expect(performance.now() - started).toBeLessThan(2_000);
    });

    test("connecting with a signal that has aborted is refused", async () => {
      const signal = AbortSignal.abort(new Error("never mind"));
      await expect(clients.connect({ signal })).rejects.toMatchObject({ outcome: "not-applied" });
    });

    test("the signal given to connect closes the client", async () => {
      const controller = new AbortController();
      const client = await clients.connect({ signal: controller.signal });
      const lock = await client.locks.acquire("l");
      controller.abort();
      expect(lock.signal.reason).toMatchObject({ reason: "shutdown" });
    });
  },
  { sizes: [1] },
);

describeEachServer(
  "SDK sessions over failures",
  (server) => {
    const clients = clientsOf(server);

    // Failure modes 1, 2 and 3: the server is silent, so validity can no longer be proven.
    test("while the server is silent a lock goes through doubt and is lost before its TTL is over", async () => {
      const client = await clients.connect(BRISK);
      const lock = await client.locks.acquire("l");
      const { session } = client;
      const lost = new Promise<number>((resolve) =>
        lock.signal.addEventListener("abort", () => resolve(performance.now())),
      );
      const silentSince = performance.now();
      const [member] = server.deployment.members;
      process.kill(member!.pid, "SIGSTOP");
      try {
        await eventually(() => expect(session.state).toBe("doubt"), 3_000, 5);
        expect(lock.signal.aborted).toBe(false);
        expect((await lost) - silentSince).toBeLessThan(2_000);
        expect(lock.signal.reason).toMatchObject({ code: "LOCK_LOST", reason: "expired" });
      } finally {
        process.kill(member!.pid, "SIGCONT");
      }
    });
  },
  { sizes: [1] },
);

describeEachServer(
  "SDK sessions over the death of a member",
  (server) => {
    const clients = clientsOf(server);

    test("while a member hangs, reads that meet it go to another in time", async () => {
      const client = await clients.connect({ timeout: "4s" });
      await client.kv.put("a", "1");
      const [member] = server.deployment.members;
      process.kill(member!.pid, "SIGSTOP");
      try {
        for (let n = 0; n < 6; n += 1) expect((await client.kv.get("a"))?.text).toBe("1");
      } finally {
        process.kill(member!.pid, "SIGCONT");
      }
    }, 40_000);

    test("a lock is kept while any one member of three is killed and restarted", async () => {
      const client = await clients.connect({ session: { ttl: "6s", margin: "2s" } });
      const lock = await client.locks.acquire("l");
      for (const member of server.deployment.members) {
        await member.kill();
        await sleep(2_500);
        member.start();
        await member.waitHealthy();
      }
      lock.assert();
      await lock.verify();
      expect(await lock.release()).toBe("released");
    }, 60_000);
  },
  { sizes: [3] },
);
