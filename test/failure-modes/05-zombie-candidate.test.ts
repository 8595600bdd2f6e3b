import { deferred } from "@conclave/base";
import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";

describeEachServer(
  "failure mode 5, the zombie candidate",
  (server) => {
    const clients = clientsOf(server);

    test("a candidate whose session died stands again, and leads when its turn comes", async () => {
      const [leader, candidate] = [await clients.connect(), await clients.connect()];
      const term = await leader.election("boss").campaign({ value: "first" });
      const stop = new AbortController();
      const leads = deferred<void>();
      const leading = candidate
        .election("boss", { value: "second" })
        .lead(() => leads.resolve(), { signal: stop.signal });
      const election = leader.election("boss");
      await eventually(async () => expect((await election.candidates()).length).toBe(2));
      const [, before] = await election.candidates();
      await leader.leases.revoke(await candidate.session.open());
      await eventually(async () => {
        const [, after] = await election.candidates();
        expect(after?.text).toBe("second");
        expect(after!.fence.revision).toBeGreaterThan(before!.fence.revision);
      });
      await term.resign();
      await leads.promise;
      stop.abort();
      await leading;
    });
  },
  { sizes: [1] },
);
