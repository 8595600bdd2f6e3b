import type { Client, Lock } from "@conclave/client";
import { expect, test } from "vitest";
import type { FaultyCaller } from "../../packages/client/src/testing/faulty-caller.ts";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";

const WAITING = 5;

describeEachServer(
  "failure mode 16, the herd",
  (server) => {
    const clients = clientsOf(server);

    test("a release wakes the next waiter, and none of those behind it", async () => {
      const holder = await clients.connect();
      const lock = await holder.locks.acquire("job");
      const rigs: { client: Client; faults: FaultyCaller; waiting: Promise<Lock> }[] = [];
      for (let count = 1; count <= WAITING; count += 1) {
        const rig = await clients.connectFaulty();
        const waiting = rig.client.locks.acquire("job");
        rigs.push({ ...rig, waiting });
        await eventually(async () => expect(await holder.kv.count("job/")).toBe(1 + count));
      }
      const callsOf = () =>
        rigs.map(({ faults }) => [...faults.calls.values()].reduce((sum, calls) => sum + calls, 0));
      await eventually(() => expect(callsOf().every((calls) => calls >= 3)).toBe(true));
      const before = callsOf();
      await lock.release();
      const first = await rigs[0]!.waiting;
      await holder.kv.get("anything"); // What the release set off has been sent by now.
      const woken = callsOf().filter((calls, at) => calls !== before[at]);
      expect(woken.length).toBe(1);
      await first.release();
      for (const { waiting } of rigs.slice(1)) await (await waiting).release();
    });

    test("five hundred tasks of one process are a few entries and one lease", async () => {
      const client = await clients.connect();
      const leasesBefore = (await client.leases.list()).length;
      let entriesMost = 0;
      await Promise.all(
        Array.from({ length: 500 }, (_, task) =>
          client.locks.request("job", async () => {
            if (task % 50 === 0) {
              entriesMost = Math.max(entriesMost, await client.kv.count("job/"));
            }
          }),
        ),
      );
      expect(entriesMost).toBeLessThanOrEqual(8);
      expect((await client.leases.list()).length).toBeLessThanOrEqual(leasesBefore + 1);
    });
  },
  { sizes: [1] },
);
