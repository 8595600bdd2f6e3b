import { expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";

describeEachServer(
  "failure mode 11, a compaction ends a watch quietly",
  (server) => {
    const clients = clientsOf(server);

    test("a mirror that was cut off while its next revision was compacted reads anew, and tells the deletes it missed", async () => {
      const { client, faults } = await clients.connectFaulty({ retry: { retries: 0 } });
      const writer = await clients.connect();
      await writer.kv.put("flags/kept", "1");
      await writer.kv.put("flags/deleted", "1");
      await using flags = await client.mirror("flags/");
      await eventually(() => expect(flags.synced).toBe(true));
      const batches = flags.changes();
      await batches.next();
      faults.cutOffStreams();
      await writer.kv.delete("flags/deleted");
      const { revision } = await writer.kv.put("flags/new", "1");
      await writer.kv.compact(revision);
      faults.restoreStreams();
      await eventually(
        () => expect([...flags.keys()].sort()).toEqual(["flags/kept", "flags/new"]),
        3_000,
      );
      const { value: batch } = await batches.next();
      expect(batch).toMatchObject({ resync: true, deletes: new Set(["flags/deleted"]) });
    });

    test("a watch that cannot go on says so, and from where it could", async () => {
      const client = await clients.connect();
      const first = await client.kv.put("a", "1");
      const last = await client.kv.put("a", "2");
      await client.kv.compact(last.revision);
      const ended = client.watch("a", { from: first.revision }).next();
      const late = new Promise((_, reject) => setTimeout(reject, 3_000, new Error("silence")));
      await expect(Promise.race([ended, late])).rejects.toMatchObject({
        code: "COMPACTED",
        compactRevision: last.revision,
      });
    });
  },
  { sizes: [1] },
);
