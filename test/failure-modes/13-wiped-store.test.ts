import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer, type ServerUnderTest } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";

/** Loses the member's data, as an operator does who starts it on an empty disk, and starts it again. */
async function wipe(server: ServerUnderTest): Promise<void> {
  const [member] = server.deployment.members;
  await member!.kill();
  await rm(join(member!.settings.dataDir, member!.name), { recursive: true });
  await member!.restart();
}

describeEachServer(
  "failure mode 13, the store that was wiped or restored",
  (server) => {
    const clients = clientsOf(server);

    test("a watch does not wait for revisions of the past to come again: it fails by name", async () => {
      const client = await clients.connect();
      for (let count = 0; count < 20; count += 1) await client.kv.put("k", `${count}`);
      await using changes = client.watch("k");
      await changes.started(); // etcd may take what is asked on two streams in either order
      await client.kv.put("k", "last");
      const events = changes[Symbol.asyncIterator]();
      await events.next();
      const next = events.next();
      const failed = expect(next).rejects.toMatchObject({ code: "REVISION_REGRESSED" });
      await wipe(server);
      await failed;
    });

    test("a hold is lost, for anybody may have been granted its name, and a mirror shows the new store", async () => {
      const client = await clients.connect({ session: { ttl: "60s" } });
      for (let count = 0; count < 20; count += 1) await client.kv.put("flags/old", `${count}`);
      await using flags = await client.mirror("flags/");
      const lock = await client.locks.acquire("job");
      await eventually(() => expect(flags.size).toBe(1));
      await wipe(server);
      await eventually(() => expect(lock.signal.aborted).toBe(true), 8_000);
      expect(lock.signal.reason).toMatchObject({ code: "LOCK_LOST" });
      await eventually(() => expect(flags.size).toBe(0), 8_000);
      await eventually(() => client.kv.put("flags/new", "1"));
      await eventually(() => expect([...flags.keys()]).toEqual(["flags/new"]), 8_000);
    });
  },
  { sizes: [1] },
);
