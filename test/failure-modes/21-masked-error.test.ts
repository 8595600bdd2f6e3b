import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";

const TXN = "/etcdserverpb.KV/Txn";

describeEachServer(
  "failure mode 21, the release that hides an error or frees what is another's",
  (server) => {
    const clients = clientsOf(server);

    test("the body's own error comes out, although the release failed too", async () => {
      const { client, faults } = await clients.connectFaulty({ retry: { retries: 0 } });
      const failing = client.locks.request("job", () => {
        faults.faultOf = (path) => (path === TXN ? "drop-request" : undefined);
        throw new Error("the body's own");
      });
      await expect(failing).rejects.toThrow("the body's own");
      faults.faultOf = () => undefined;
    });

    test("a holder that lost the lock does not free its successor's, and is told so", async () => {
      const [first, second] = await Promise.all([clients.connect(), clients.connect()]);
      const lost = await first.locks.acquire("job");
      await second.kv.delete(lost.key);
      const lock = await second.locks.acquire("job", { timeout: "3s" });
      expect(await lost.release()).toBe("already-lost");
      await lock.verify();
      expect(await lock.release()).toBe("released");
    });
  },
  { sizes: [1] },
);
