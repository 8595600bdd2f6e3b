import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { MemberClients, prefixEnd } from "../support/member-clients.ts";
import { refusalOf } from "../support/raw-client.ts";
import { eventLine, WatchStream } from "../support/watch-stream.ts";

describeEachServer("a restart of every member", (server) => {
  const clients = new MemberClients(server);

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "after %s keeps keys, revisions, history, compaction and leases",
    async (signal) => {
      const at = server.prefix("restart");
      const range = { key: at, range_end: prefixEnd(at) };
      await clients.call("KV.Put", { key: `${at}a`, value: "1" });
      const compacted = (await clients.call("KV.Put", { key: `${at}a`, value: "2" })).header;
      await clients.call("KV.Put", { key: `${at}b`, value: "3" });
      await clients.call("KV.DeleteRange", { key: `${at}a` });
      await clients.call("KV.Compact", { revision: compacted.revision, physical: true });
      const { ID: lease } = await clients.call("Lease.LeaseGrant", { TTL: 600 });
      const last = (await clients.call("KV.Put", { key: `${at}c`, value: "4", lease })).header;
      const before = await clients.call("KV.Range", range);
      const { hash } = await clients.call("Maintenance.HashKV", { revision: last.revision });

      await Promise.all(server.deployment.members.map((member) => member.signal(signal)));
      for (const member of server.deployment.members) member.start();
      await Promise.all(server.deployment.members.map((member) => member.waitHealthy()));

      for (const client of clients.all()) {
        // A channel that watched its member die may still be waiting to dial again.
        await expect.poll(() => client.call("KV.Range", range), { timeout: 5_000 }).toBeDefined();
        const after = await client.call("KV.Range", range);
        expect(after.kvs).toEqual(before.kvs);
        expect(after.header.revision).toBe(last.revision);
        expect(after.header.cluster_id).toBe(last.cluster_id);
        const tooOld = client.call("KV.Range", { ...range, revision: compacted.revision - 1 });
        expect((await refusalOf(tooOld)).text).toMatch(/has been compacted$/);
        expect((await client.call("Maintenance.HashKV", { revision: last.revision })).hash).toBe(
          hash,
        );
        const left = await client.call("Lease.LeaseTimeToLive", { ID: lease, keys: true });
        expect(left).toMatchObject({ grantedTTL: 600, keys: [`${at}c`] });

        using watch = new WatchStream(client);
        await watch.create({ ...range, start_revision: compacted.revision });
        expect((await watch.events(4)).map(eventLine)).toEqual([
          `PUT ${at}a=2@${compacted.revision}`,
          `PUT ${at}b=3@${compacted.revision + 1}`,
          `DELETE ${at}a@${compacted.revision + 2}`,
          `PUT ${at}c=4@${last.revision}`,
        ]);
      }
      const next = await clients.call("Lease.LeaseRevoke", { ID: lease });
      expect(next.header.revision).toBe(last.revision + 1);
    },
  );
});
