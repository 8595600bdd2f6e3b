import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { HeldCaller } from "./held-caller.ts";

const GRANT = "/etcdserverpb.Lease/LeaseGrant";
const TTL_MS = 6_000;
const MARGIN_MS = 1_000;
const LATE_MS = 1_500;

describeEachServer(
  "failure mode 2, the client that believes in its lease for longer than the server",
  (server) => {
    const clients = clientsOf(server);

    test("an answer that comes late proves the lease from when it was asked for, less the margin", async () => {
      const { client, caller } = await clients.connectThrough(
        (channel) => new HeldCaller(channel),
        {
          session: { ttl: TTL_MS, margin: MARGIN_MS },
        },
      );
      caller.hold("answers", GRANT);
      const askedMs = performance.now();
      const opening = client.session.open();
      await eventually(() => expect(performance.now() - askedMs).toBeGreaterThan(LATE_MS));
      caller.letGo();
      await opening;
      const sinceMs = performance.now() - askedMs;
      expect(client.session.remaining()).toBeLessThanOrEqual(TTL_MS - MARGIN_MS - LATE_MS);
      expect(client.session.remaining()).toBeGreaterThan(TTL_MS - MARGIN_MS - sinceMs - 100);
    });

    test("the signal aborts while the server still keeps the key", async () => {
      const { client, faults } = await clients.connectFaulty({
        session: { ttl: "2s", margin: "800ms" },
      });
      const observer = await clients.connect();
      const lock = await client.locks.acquire("job");
      faults.cutOffStreams();
      faults.faultOf = () => "drop-request";
      await eventually(() => expect(lock.signal.aborted).toBe(true), 4_000, 5);
      expect(await observer.kv.get(lock.key)).not.toBeNull();
    });
  },
  { sizes: [1] },
);
