import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";

const TXN = "/etcdserverpb.KV/Txn";
const RANGE = "/etcdserverpb.KV/Range";

describeEachServer(
  "failure mode 8, the orphan entry",
  (server) => {
    const clients = clientsOf(server);

    test("an entry whose creation was answered by silence, and then given up, keeps nobody waiting", async () => {
      // A session that is renewed for others would keep the orphan for ever; here its lease alone would keep it for a minute.
      const { client, faults } = await clients.connectFaulty({ session: { ttl: "60s" } });
      await client.session.open();
      let lost = 0;
      faults.faultOf = (path) => {
        if (path !== TXN && path !== RANGE) return undefined;
        lost += 1;
        return path === TXN ? "drop-answer" : "drop-request";
      };
      const given = client.locks.acquire("job", { timeout: 300 });
      await expect(given).rejects.toMatchObject({ code: "TIMEOUT" });
      expect(lost).toBeGreaterThan(0);
      faults.faultOf = () => undefined;
      const other = await clients.connect();
      await (await other.locks.acquire("job", { timeout: "3s" })).release();
    });
  },
  { sizes: [1] },
);
