import { expect, test } from "vitest";
import { blockThread } from "../client/block-thread.ts";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { HeldCaller } from "./held-caller.ts";

const TXN = "/etcdserverpb.KV/Txn";

describeEachServer(
  "failure mode 1, the write after a pause",
  (server) => {
    const clients = clientsOf(server);

    test("whoever was stopped beyond the deadline finds its signal aborted in the next line", async () => {
      const client = await clients.connect({ session: { ttl: "2s" } });
      const lock = await client.locks.acquire("job");
      blockThread(2_500);
      expect(lock.signal.aborted).toBe(true);
      expect(() => lock.assert()).toThrow(/lost/);
      const late = lock.kv.put("state", "late");
      await expect(late).rejects.toMatchObject({ code: "LOCK_LOST", outcome: "not-applied" });
      expect(await client.kv.get("state")).toBeNull();
    });

    test("a write that left in time and arrives after the successor's is refused where it arrives", async () => {
      const { client, caller } = await clients.connectThrough((channel) => new HeldCaller(channel));
      const other = await clients.connect();
      const lock = await client.locks.acquire("job");
      caller.hold("requests", TXN);
      const late = lock.kv.put("state", "late");
      const refused = expect(late).rejects.toMatchObject({ code: "LOCK_LOST" });
      await eventually(() => expect(caller.heldCount).toBe(1));
      await other.leases.revoke(await client.session.open());
      const next = await other.locks.acquire("job", { timeout: "3s" });
      expect(next.fence > lock.fence).toBe(true);
      await next.kv.put("state", "new");
      caller.letGo();
      await refused;
      expect((await other.kv.get("state"))?.text).toBe("new");
      await next.release();
    });
  },
  { sizes: [1] },
);
