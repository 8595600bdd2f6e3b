import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";

describeEachServer(
  "failure mode 26, the state of a lost term that is used on",
  (server) => {
    const clients = clientsOf(server);

    test("what a term made ends with it, while its body still runs, and takes nothing new", async () => {
      const [client, administrator] = [await clients.connect(), await clients.connect()];
      const term = await client.election("boss").campaign();
      const scope = await term.scope();
      const cache = scope.adopt(new Map([["price", 7]]), (entries) => entries.clear());
      await administrator.kv.delete(term.key);
      await eventually(() => expect(cache.size).toBe(0), 2_000);
      expect(() => scope.defer(() => {})).toThrow(ReferenceError);
    });
  },
  { sizes: [1] },
);
