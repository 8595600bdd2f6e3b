import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";

describeEachServer(
  "failure mode 12, a member that is cut off keeps a silent stream",
  (server) => {
    const clients = clientsOf(server);

    test("a mirror of a member that lost its leader does not take the silence for peace, and catches up after it", async () => {
      const [alone, ...others] = server.deployment.members;
      const client = await clients.connectTo([alone!.endpoint]);
      const writer = await clients.connectTo(others.map(({ endpoint }) => endpoint));
      await writer.kv.put("flags/a", "1");
      await using flags = await client.mirror("flags/");
      await eventually(() => expect(flags.synced).toBe(true));
      for (const member of others) await member.signal("SIGSTOP");
      try {
        await eventually(() => expect(flags.synced).toBe(false), 4_000);
        expect(flags.size).toBe(1);
      } finally {
        for (const member of others) await member.signal("SIGCONT");
      }
      await eventually(() => writer.kv.put("flags/b", "1"));
      await eventually(() => expect([flags.synced, flags.size]).toEqual([true, 2]));
    });
  },
  { sizes: [3], flags: ["--heartbeat-interval=50", "--election-timeout=250"] },
);
