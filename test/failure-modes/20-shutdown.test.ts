import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";

const LEASE_REVOKE = "/etcdserverpb.Lease/LeaseRevoke";

describeEachServer(
  "failure mode 20, the shutdown that leaves its locks until their TTL",
  (server) => {
    const clients = clientsOf(server);

    test("closing a client frees everything it holds at once, in one call, after its signals aborted", async () => {
      const { client, faults } = await clients.connectFaulty({ session: { ttl: "60s" } });
      const other = await clients.connect();
      const locks = [await client.locks.acquire("a"), await client.locks.acquire("b")];
      const term = await client.election("boss").campaign();
      await client.close();
      for (const { signal } of [...locks, term]) {
        expect(signal.reason).toMatchObject({ reason: "shutdown" });
      }
      expect(faults.calls.get(LEASE_REVOKE)).toBe(1);
      await (await other.locks.acquire(["a", "b"], { timeout: "2s" })).release();
      await (await other.election("boss").campaign({ timeout: "2s" })).resign();
    });
  },
  { sizes: [1] },
);
