import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";

describeEachServer(
  "failure mode 15, the short trouble that is taken for a loss",
  (server) => {
    const clients = clientsOf(server);

    test("a hold whose renewals hang for a moment is in doubt, not lost, and is held again after it", async () => {
      const client = await clients.connect({ session: { ttl: "6s" } });
      const lock = await client.locks.acquire("job");
      const [member] = server.deployment.members;
      await member!.signal("SIGSTOP");
      try {
        await eventually(() => expect(client.session.state).toBe("doubt"), 5_000, 20);
        expect(lock.signal.aborted).toBe(false);
        expect(lock.remaining()).toBeGreaterThan(0);
      } finally {
        await member!.signal("SIGCONT");
      }
      await eventually(() => expect(client.session.state).toBe("held"), 5_000, 20);
      await lock.verify();
      expect(await lock.release()).toBe("released");
    });
  },
  { sizes: [1] },
);
