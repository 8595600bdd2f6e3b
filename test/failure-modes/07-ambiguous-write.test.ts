import { op } from "@conclave/client";
import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";

const PUT = "/etcdserverpb.KV/Put";
const TXN = "/etcdserverpb.KV/Txn";

/** The connection was lost when the server had done what was asked of it. */
const IN_DOUBT = { code: "UNAVAILABLE", outcome: "unknown" };

describeEachServer(
  "failure mode 7, the write that is applied twice",
  (server) => {
    const clients = clientsOf(server);

    test("a write whose answer was lost is not sent again, and its error says that it may have been applied", async () => {
      const { client, faults } = await clients.connectFaulty();
      faults.failNext(PUT, "drop-answer");
      await expect(client.kv.put("put", "1")).rejects.toMatchObject(IN_DOUBT);
      faults.failNext(TXN, "drop-answer");
      const writing = client.txn().then(op.put("txn", "1")).commit();
      await expect(writing).rejects.toMatchObject(IN_DOUBT);
      const versions = [await client.kv.get("put"), await client.kv.get("txn")];
      expect(versions.map((pair) => pair?.version)).toEqual([1, 1]);
    });

    test("a transaction that runs again on conflict does not run again on doubt: it finds out", async () => {
      const { client, faults } = await clients.connectFaulty();
      await client.kv.put("balance", "100");
      await client.session.open();
      let runs = 0;
      await client.transact(async (tx) => {
        runs += 1;
        const balance = Number(await tx.get("balance"));
        tx.put("balance", String(balance - 30));
        if (runs === 1) faults.failNext(TXN, "drop-answer"); // Of the commit: the read has been answered.
      });
      expect(runs).toBe(1);
      expect(await client.kv.get("balance")).toMatchObject({ text: "70", version: 2 });
    });

    test("an acquisition whose answer was lost looks for its own entry, and holds with that one", async () => {
      const { client, faults } = await clients.connectFaulty();
      await client.session.open();
      faults.failNext(TXN, "drop-answer");
      const lock = await client.locks.acquire("job", { timeout: "5s" });
      const { items } = await client.kv.getAll("job/");
      expect(items.map((entry) => [entry.version, entry.createRevision])).toEqual([
        [1, lock.fence.revision],
      ]);
    });
  },
  { sizes: [1] },
);
