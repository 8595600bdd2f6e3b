import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { Etcdctl } from "../support/etcdctl.ts";
import { eventually } from "../support/eventually.ts";
import { etcdctl } from "../support/tools.ts";

describeEachServer(
  "failure mode 28, two libraries that disagree on the layout of keys",
  (server) => {
    const clients = clientsOf(server);

    test("etcdctl lock and ours keep each other out, in the order of asking", async () => {
      const client = await clients.connect({ namespace: "" });
      const name = `${clients.namespace}interop`;
      const entries = async () => client.kv.count({ prefix: name });
      const lock = await client.locks.acquire(name);
      const foreign = new Etcdctl(server).start("lock", name);
      await eventually(async () => expect(await entries()).toBe(2));
      expect(foreign.stdout).toBe("");
      const next = client.locks.acquire(name, { timeout: "10s" });
      await lock.release();
      await eventually(() => expect(foreign.stdout).toContain(name));
      expect(await Promise.race([next.then(() => "held"), entries().then(() => "waits")])).toBe(
        "waits",
      );
      foreign.kill("SIGINT");
      await (await next).release();
    });
  },
  { sizes: [1], needs: [etcdctl] },
);
