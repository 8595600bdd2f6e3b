import { createChannel } from "@conclave/rpc";
import { expect, test } from "vitest";
import { connectOver } from "../../packages/client/src/client.ts";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { TappedCaller } from "./tapped-caller.ts";

const REVISIONS = 60;
const CUTS = 5;

describeEachServer(
  "failure mode 9, a gap in a watch that reconnects",
  (server) => {
    const clients = clientsOf(server);

    test("a watch from the past whose stream breaks right after it was created still gets every event once", async () => {
      const writer = await clients.connect();
      let from = 0;
      for (let n = 0; n < REVISIONS; n += 1) {
        const { revision } = await writer.kv.put("orders/1", String(n));
        if (n === 0) from = revision;
      }
      let cuts = 0;
      const channel = createChannel({ endpoints: server.deployment.endpoints });
      // The answer to the create names the store's revision, far beyond what was delivered: nothing.
      const caller = new TappedCaller(channel, ({ number, deliver, cut }) => {
        deliver();
        if (number !== 1 || cuts === CUTS) return;
        cuts += 1;
        cut();
      });
      const { namespace } = clients;
      await using client = await connectOver(() => caller, { namespace });
      const watch = client.watch("orders/", { from });
      await eventually(() => expect(cuts).toBe(CUTS));
      await writer.kv.put("orders/1", "last");
      const seen: string[] = [];
      for await (const { text } of watch) {
        seen.push(text);
        if (text === "last") break;
      }
      expect(seen).toEqual([...[...Array(REVISIONS).keys()].map(String), "last"]);
    });
  },
  { sizes: [1] },
);
