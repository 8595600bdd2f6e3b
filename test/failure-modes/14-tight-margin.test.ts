import { createChannel } from "@conclave/rpc";
import { expect, test } from "vitest";
import { connectOver } from "../../packages/client/src/client.ts";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { TappedCaller } from "./tapped-caller.ts";

const TIMES = { ttl: "3s", margin: "900ms" } as const;

describeEachServer(
  "failure mode 14, a TTL too short for its surroundings",
  (server) => {
    const clients = clientsOf(server);

    async function connectSlow(delayMs: number) {
      const channel = createChannel({ endpoints: server.deployment.endpoints });
      const caller = new TappedCaller(channel, ({ path, deliver }) => {
        if (path.endsWith("LeaseKeepAlive")) setTimeout(deliver, delayMs);
        else deliver();
      });
      const { namespace } = clients;
      return connectOver(() => caller, { namespace, session: TIMES });
    }

    test("slow renewals show in the session's timing, and a margin of less than three of them is called tight", async () => {
      await using client = await connectSlow(350);
      await client.session.open();
      const timings = client.session.timings();
      expect((await timings.next()).value).toMatchObject({
        renewals: 0,
        p99: null,
        isMarginTight: false,
      });
      const { value: timing } = await timings.next();
      expect(timing).toMatchObject({ renewals: 1, margin: 900, isMarginTight: true });
      expect(timing!.p99).toBeGreaterThanOrEqual(345);
      expect(client.session.state).toBe("held");
      await client.close();
      expect((await timings.next()).done).toBe(true);
    });

    test("a margin that holds three slow renewals is not called tight", async () => {
      await using client = await connectSlow(20);
      await client.session.open();
      const timings = client.session.timings();
      await timings.next();
      expect((await timings.next()).value).toMatchObject({ renewals: 1, isMarginTight: false });
    });
  },
  { sizes: [1] },
);
