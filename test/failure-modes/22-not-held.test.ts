import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";

describeEachServer(
  "failure mode 22, the section that is entered without the lock",
  (server) => {
    const clients = clientsOf(server);

    test("an acquisition that failed throws, and its body never runs", async () => {
      const [holder, waiter] = await Promise.all([clients.connect(), clients.connect()]);
      await using _held = await holder.locks.acquire("job");
      let ran = 0;
      const late = waiter.locks.request("job", { timeout: 150 }, () => {
        ran += 1;
      });
      await expect(late).rejects.toMatchObject({ code: "TIMEOUT", outcome: "not-applied" });
      expect(await waiter.locks.try("job")).toBeNull();
      expect(ran).toBe(0);
    });
  },
  { sizes: [1] },
);
