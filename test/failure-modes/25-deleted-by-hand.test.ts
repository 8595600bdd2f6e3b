import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";

describeEachServer(
  "failure mode 25, the key deleted or the lease revoked by hand",
  (server) => {
    const clients = clientsOf(server);

    test("a holder whose key an administrator deletes is told at once", async () => {
      const [holder, administrator] = await Promise.all([clients.connect(), clients.connect()]);
      const lock = await holder.locks.acquire("job");
      await administrator.kv.delete(lock.key);
      await eventually(() => expect(lock.signal.aborted).toBe(true), 2_000);
      expect(lock.signal.reason).toMatchObject({ code: "LOCK_LOST", reason: "deleted" });
    });

    test("a holder whose lease an administrator revokes is told at once", async () => {
      const [holder, administrator] = await Promise.all([clients.connect(), clients.connect()]);
      const lock = await holder.locks.acquire("job");
      await administrator.leases.revoke(await holder.session.open());
      await eventually(() => expect(lock.signal.aborted).toBe(true), 2_000);
    });
  },
  { sizes: [1] },
);
