import { expect, test } from "vitest";
import { blockThread } from "../client/block-thread.ts";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";

describeEachServer(
  "failure mode 19, the busy thread that cannot renew",
  (server) => {
    const clients = clientsOf(server);

    test("a thread that computes for longer than its TTL keeps its lock, renewed by a worker", async () => {
      const session = { ttl: "2s", keepalive: "worker", stallLimit: "10s" } as const;
      const client = await clients.connect({ session });
      await client.locks.request("job", async (lock) => {
        blockThread(3_000);
        expect(lock.signal.aborted).toBe(false);
        await lock.kv.put("result", "computed");
      });
      expect((await client.kv.get("result"))?.text).toBe("computed");
    });
  },
  { sizes: [1] },
);
