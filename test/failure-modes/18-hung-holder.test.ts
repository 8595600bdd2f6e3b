import { expect, test } from "vitest";
import { blockThread } from "../client/block-thread.ts";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";

describeEachServer(
  "failure mode 18, the holder that hangs but is renewed",
  (server) => {
    const clients = clientsOf(server);

    test("a thread that hangs for longer than its stall limit is renewed no more, and learns of it first", async () => {
      const session = { ttl: "2s", keepalive: "worker", stallLimit: "500ms" } as const;
      const [holder, other] = [await clients.connect({ session }), await clients.connect()];
      const lock = await holder.locks.acquire("job");
      const leaseId = await holder.session.open();
      const order: string[] = [];
      lock.signal.addEventListener("abort", () => order.push("aborted"));
      const goesOn = Promise.resolve().then(() => order.push("goes on"));
      blockThread(3_600);
      await goesOn;
      expect(order).toEqual(["aborted", "goes on"]);
      expect(lock.signal.reason).toMatchObject({ code: "LOCK_LOST", reason: "stalled" });
      // Over, even if the server has not come to sweep it away.
      expect((await other.leases.timeToLive(leaseId))?.remaining ?? 0).toBe(0);
    });

    test("work that hangs while its thread runs on has its maxHold and no more, then the next one gets the lock", async () => {
      const [holder, other] = [await clients.connect(), await clients.connect()];
      const hung = holder.locks.request(
        "job",
        { maxHold: "200ms" },
        (lock) => new Promise((resolve) => lock.signal.addEventListener("abort", resolve)),
      );
      hung.catch(() => {});
      await eventually(async () => expect(await other.kv.count("job/")).toBe(1));
      await (await other.locks.acquire("job", { timeout: "2s" })).release();
      await expect(hung).rejects.toMatchObject({ code: "LOCK_LOST", reason: "max-hold" });
      expect(holder.session.state).toBe("held");
    });
  },
  { sizes: [1] },
);
