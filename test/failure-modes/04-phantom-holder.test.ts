import { op } from "@conclave/client";
import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";

describeEachServer(
  "failure mode 4, the phantom holder",
  (server) => {
    const clients = clientsOf(server);

    test("a waiter whose own key went away does not take the lock when its predecessor leaves", async () => {
      const [holder, waiter] = await Promise.all([clients.connect(), clients.connect()]);
      await holder.locks.acquire("job");
      const waiting = waiter.locks.acquire("job");
      const refused = expect(waiting).rejects.toMatchObject({
        code: "LOCK_LOST",
        outcome: "not-applied",
      });
      await eventually(async () => expect(await holder.kv.count("job/")).toBe(2));
      // At one revision, so that the waiter hears of both at once.
      await holder.txn().then(op.deleteAll("job/")).commit();
      await refused;
    });
  },
  { sizes: [1] },
);
