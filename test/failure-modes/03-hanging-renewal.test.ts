import { setTimeout as sleep } from "node:timers/promises";
import { LockLostError } from "@conclave/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aborted, clientsOf } from "../client/client-support.ts";
import { CuttingProxy } from "../support/cutting-proxy.ts";
import { describeEachServer } from "../support/each-server.ts";

const session = { ttl: "3s", margin: "1s" } as const;
const VALID_MS = 2_000;

describeEachServer(
  "failure mode 3, the renewal that hangs",
  (server) => {
    const clients = clientsOf(server);
    let networks: CuttingProxy[] = [];
    beforeEach(async () => {
      const target = server.deployment.endpoints[0]!;
      networks = await Promise.all([CuttingProxy.start(target), CuttingProxy.start(target)]);
    });
    afterEach(() => Promise.all(networks.map((network) => network[Symbol.asyncDispose]())));

    const acquired = async () => {
      const endpoints = networks.map(({ endpoint }) => endpoint);
      const client = await clients.connectTo(endpoints, { session, timeout: "1s" });
      const lock = await client.locks.acquire("job");
      await sleep(200); // its own key is watched by now, and nothing but renewals moves
      return lock;
    };

    test("a renewal whose answer never comes is sent over another connection, and the lock stays", async () => {
      const lock = await acquired();
      for (const network of networks) {
        network.arm({ direction: "down", afterBytes: 0, kind: "black-hole" }, () => {
          for (const each of networks) each.disarm();
        });
      }
      await sleep(VALID_MS + 500);
      lock.assert();
      expect(lock.signal.aborted).toBe(false);
    });

    test("when no renewal gets through, the holder is told before the server gives the lock away", async () => {
      const observer = await clients.connect();
      const lock = await acquired();
      for (const network of networks) network.silence();
      const startedMs = performance.now();
      await aborted(lock.signal);
      expect(performance.now() - startedMs).toBeLessThan(VALID_MS + 900);
      expect(lock.signal.reason).toBeInstanceOf(LockLostError);
      expect(lock.signal.reason).toMatchObject({ reason: "expired" });
      expect(await observer.kv.get(lock.key)).not.toBeNull();
      for (const network of networks) network.speak();
    }, 10_000);
  },
  { sizes: [1] },
);
