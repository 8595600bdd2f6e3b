import { deferred } from "@conclave/base";
import type { Term } from "@conclave/client";
import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";

describeEachServer(
  "failure mode 6, the work that outlives its leadership",
  (server) => {
    const clients = clientsOf(server);

    test("a body that ignores the end of its term is reported, and no second one starts beside it", async () => {
      const client = await clients.connect();
      const administrator = await clients.connect();
      const stop = new AbortController();
      const ending = deferred<void>();
      const overran: Term[] = [];
      let terms = 0;
      let running = 0;
      const leading = client.election("boss").lead(
        async () => {
          terms += 1;
          running += 1;
          expect(running).toBe(1);
          if (terms === 1)
            await ending.promise; // Deaf to its signal.
          else stop.abort();
          running -= 1;
        },
        { signal: stop.signal, grace: 500, onOverrun: (term) => overran.push(term) },
      );
      await eventually(() => expect(terms).toBe(1));
      await administrator.leases.revoke(await client.session.open());
      await eventually(() => expect(overran.length).toBe(1));
      expect(overran[0]!.signal.aborted).toBe(true);
      await expect(overran[0]!.kv.put("k", "late")).rejects.toMatchObject({
        code: "LEADERSHIP_LOST",
        outcome: "not-applied",
      });
      expect(terms).toBe(1);
      ending.resolve();
      await leading;
      expect(terms).toBe(2);
    });
  },
  { sizes: [1] },
);
