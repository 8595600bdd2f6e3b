import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { HeldCaller } from "./held-caller.ts";

const TXN = "/etcdserverpb.KV/Txn";

describeEachServer(
  "failure mode 10, the wake-up that is lost between read and watch",
  (server) => {
    const clients = clientsOf(server);

    test("a predecessor that leaves after a waiter looked, and before it watches, wakes it all the same", async () => {
      const holder = await clients.connect();
      const { client, caller } = await clients.connectThrough((channel) => new HeldCaller(channel));
      const lock = await holder.locks.acquire("job");
      await client.session.open();
      caller.hold("answers", TXN); // That of entering the queue, and then that of looking who is ahead.
      const waiting = client.locks.acquire("job", { timeout: "4s" });
      await eventually(() => expect(caller.heldCount).toBe(1));
      caller.letGo();
      caller.hold("answers", TXN);
      await eventually(() => expect(caller.heldCount).toBe(1));
      await lock.release();
      caller.letGo();
      await (await waiting).release();
    });
  },
  { sizes: [1] },
);
