import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { MemberClients, prefixEnd } from "../support/member-clients.ts";
import type { RawClient } from "../support/raw-client.ts";
import { eventLine, WatchStream } from "../support/watch-stream.ts";
import { versionOf } from "./versions.ts";

describeEachServer("gRPC Watch: events", (server) => {
  const clients = new MemberClients(server);

  const put = async (client: RawClient, key: string, value: string) =>
    (await client.call("KV.Put", { key, value })).header.revision;

  /** A member, a stream to it, and a range of its own. Writes through `client` are applied there. */
  function watched() {
    const client = clients.next();
    const at = server.prefix("watch");
    return {
      client,
      at,
      range: { key: at, range_end: prefixEnd(at) },
      stream: new WatchStream(client),
    };
  }

  describe("events", () => {
    test("of a put carry the whole pair; of a delete the key and its revision", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      await stream.create(range);
      const { ID: lease } = await client.call("Lease.LeaseGrant", { TTL: 100 });
      const key = `${at}k`;
      const first = (await client.call("KV.Put", { key, value: "v", lease })).header.revision;
      await client.call("KV.DeleteRange", { key });
      expect(await stream.events(2)).toEqual([
        {
          type: "PUT",
          prev_kv: null,
          kv: { key, value: "v", create_revision: first, mod_revision: first, version: 1, lease },
        },
        {
          type: "DELETE",
          prev_kv: null,
          kv: {
            key,
            value: "",
            create_revision: 0,
            mod_revision: first + 1,
            version: 0,
            lease: 0n,
          },
        },
      ]);
    });

    test("of one transaction come in one response, in the order of its operations", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      await put(client, `${at}b`, "old");
      await stream.create(range);
      const { header } = await client.call("KV.Txn", {
        success: [
          { request_put: { key: `${at}c`, value: "1" } },
          { request_delete_range: { key: `${at}b` } },
          { request_put: { key: `${at}a`, value: "2" } },
        ],
      });
      const { revision } = header;
      const response = await stream.next();
      expect(response.header.revision).toBe(revision);
      expect(response.events.map(eventLine)).toEqual([
        `PUT ${at}c=1@${revision}`,
        `DELETE ${at}b@${revision}`,
        `PUT ${at}a=2@${revision}`,
      ]);
    });

    test("of a revoked lease are deletes in key order, in one revision", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      const { ID: lease } = await client.call("Lease.LeaseGrant", { TTL: 100 });
      for (const key of ["c", "a", "b"]) await client.call("KV.Put", { key: at + key, lease });
      await stream.create(range);
      const { revision } = (await client.call("Lease.LeaseRevoke", { ID: lease })).header;
      const response = await stream.next();
      expect(response.events.map(eventLine)).toEqual(
        ["a", "b", "c"].map((key) => `DELETE ${at}${key}@${revision}`),
      );
    });

    test("go to every watcher whose range holds the key, by its id", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      await stream.create({ key: `${at}a` });
      await stream.create(range);
      await stream.create({ key: `${at}b` });
      await stream.create({ key: `${at}a`, range_end: "\x00" });
      await put(client, `${at}a`, "v");
      const ids = [await stream.next(), await stream.next(), await stream.next()];
      expect(ids.map((response) => response.watch_id).toSorted()).toEqual([0, 1, 3]);
      await stream.expectNothingBefore();
    });

    test("written through any member arrive in the order of their revisions", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      await stream.create(range);
      const expected: string[] = [];
      for (let index = 0; index < 30; index++) {
        const revision = await put(clients.next(), `${at}k`, `${index}`);
        expected.push(`PUT ${at}k=${index}@${revision}`);
      }
      await client.call("KV.Range", { key: at }); // linearizable: this member has them all now
      expect((await stream.events(30)).map(eventLine)).toEqual(expected);
    });
  });

  describe("start_revision", () => {
    test("in the past replays every event since, then goes on", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      const first = await put(client, `${at}a`, "1");
      await put(client, `${at}b`, "2");
      await client.call("KV.DeleteRange", { key: `${at}a` });
      await put(client, `${at}a`, "3");
      await stream.create({ ...range, start_revision: first + 1 });
      await put(client, `${at}b`, "4");
      expect((await stream.events(4)).map(eventLine)).toEqual([
        `PUT ${at}b=2@${first + 1}`,
        `DELETE ${at}a@${first + 2}`,
        `PUT ${at}a=3@${first + 3}`,
        `PUT ${at}b=4@${first + 4}`,
      ]);
    });

    test("never splits a revision over responses", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      const puts = (value: string) =>
        ["a", "b", "c"].map((key) => ({ request_put: { key: at + key, value } }));
      const first = (await client.call("KV.Txn", { success: puts("0") })).header.revision;
      for (let index = 1; index < 20; index++) {
        await client.call("KV.Txn", { success: puts(`${index}`) });
      }
      await stream.create({ ...range, start_revision: first });
      const counted = new Map<number, number>();
      while (counted.size < 20) {
        for (const { kv } of (await stream.next()).events) {
          counted.set(kv.mod_revision, (counted.get(kv.mod_revision) ?? 0) + 1);
        }
        expect(new Set(counted.values())).toEqual(new Set([3]));
      }
    });

    test("thousands of revisions back replays them all, once and in order", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      const total = 3_000;
      const revisions: number[] = [];
      for (let done = 0; done < total; done += 100) {
        const batch = Array.from({ length: 100 }, (_, i) => put(client, `${at}k`, `${done + i}`));
        revisions.push(...(await Promise.all(batch)));
      }
      await stream.create({ ...range, start_revision: Math.min(...revisions) });
      const live = put(client, `${at}k`, "live");
      const events = await stream.events(total + 1);
      revisions.push(await live);
      expect(events.map((event) => event.kv.mod_revision)).toEqual(
        revisions.toSorted((a, b) => a - b),
      );
    });

    test("in the future waits for it and sends nothing older", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      const first = await put(client, `${at}k`, "0");
      await stream.create({ ...range, start_revision: first + 3 });
      for (const value of ["1", "2", "3", "4"]) await put(client, `${at}k`, value);
      expect((await stream.events(2)).map(eventLine)).toEqual([
        `PUT ${at}k=3@${first + 3}`,
        `PUT ${at}k=4@${first + 4}`,
      ]);
    });

    test("below 0 is compacted", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      const revision = await put(client, `${at}k`, "v");
      await client.call("KV.Compact", { revision });
      const created = await stream.create({ ...range, start_revision: -5 });
      if (versionOf[server.kind].refusesNegativeWatchAtOnce) {
        expect(created).toMatchObject({
          watch_id: -1,
          created: true,
          canceled: true,
          cancel_reason: "etcdserver: mvcc: required revision has been compacted",
        });
      } else {
        expect(created).toMatchObject({ watch_id: 0, created: true, canceled: false });
        expect(await stream.next()).toMatchObject({ watch_id: 0, canceled: true, events: [] });
      }
    });

    test("that is compacted creates the watcher and then cancels it", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      const first = await put(client, `${at}k`, "1");
      await put(client, `${at}k`, "2");
      const revision = await put(client, `${at}k`, "3");
      await client.call("KV.Compact", { revision });
      await stream.create({ key: "unused" });
      expect(await stream.create({ ...range, start_revision: first })).toMatchObject({
        watch_id: 1,
        created: true,
        canceled: false,
      });
      expect(await stream.next()).toMatchObject({
        watch_id: 1,
        created: false,
        canceled: true,
        compact_revision: revision,
        cancel_reason: "",
        events: [],
        header: { revision: 0 },
      });
    });

    test("that is the compact revision is served", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      await put(client, `${at}k`, "1");
      const revision = await put(client, `${at}k`, "2");
      await put(client, `${at}k`, "3");
      await client.call("KV.Compact", { revision });
      await stream.create({ ...range, start_revision: revision });
      expect((await stream.events(2)).map(eventLine)).toEqual([
        `PUT ${at}k=2@${revision}`,
        `PUT ${at}k=3@${revision + 1}`,
      ]);
    });
  });

  describe("options", () => {
    test("filters leave out puts or deletes", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      const key = `${at}k`;
      const revision = await put(client, key, "0");
      await stream.create({ ...range, filters: ["NOPUT"], start_revision: revision });
      await stream.create({ ...range, filters: ["NODELETE"] });
      await stream.create({ ...range, filters: ["NOPUT", "NODELETE"] });
      await put(client, key, "1");
      await client.call("KV.DeleteRange", { key });
      const seen = [await stream.next(), await stream.next()].map(
        ({ watch_id, events }) => `${watch_id} ${events.map(eventLine).join()}`,
      );
      expect(seen.toSorted()).toEqual([
        `0 DELETE ${key}@${revision + 2}`,
        `1 PUT ${key}=1@${revision + 1}`,
      ]);
      await stream.expectNothingBefore();
    });

    test("prev_kv brings what an event replaced, and nothing for a new key", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      const key = `${at}k`;
      await stream.create({ ...range, prev_kv: true });
      const first = await put(client, key, "1");
      await put(client, key, "2");
      await client.call("KV.DeleteRange", { key });
      await put(client, key, "3");
      const kv = { key, create_revision: first, lease: 0n };
      const events = await stream.events(4);
      expect(events.map((event) => event.prev_kv)).toEqual([
        null,
        { ...kv, value: "1", mod_revision: first, version: 1 },
        { ...kv, value: "2", mod_revision: first + 1, version: 2 },
        null,
      ]);
    });

    test("prev_kv that was compacted is left out", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      await put(client, `${at}k`, "1");
      const revision = await put(client, `${at}k`, "2");
      await client.call("KV.Compact", { revision, physical: true });
      await stream.create({ ...range, prev_kv: true, start_revision: revision });
      expect(await stream.events(1)).toMatchObject([{ kv: { value: "2" }, prev_kv: null }]);
    });

    const megabyte = 1_000_000;
    test.each([{ fragment: true }, { fragment: false }])(
      "fragment $fragment: a revision larger than 2 MiB with its previous pairs",
      async ({ fragment }) => {
        const { client, at, range, stream } = watched();
        using _ = stream;
        const puts = (fill: string) =>
          ["a", "b", "c"].map((key) => ({
            request_put: { key: at + key, value: fill.repeat(0.45 * megabyte) },
          }));
        await client.call("KV.Txn", { success: puts("1") });
        await stream.create({ ...range, prev_kv: true, fragment });
        const { revision } = (await client.call("KV.Txn", { success: puts("2") })).header;
        const responses = [await stream.next()];
        while (responses.at(-1)?.fragment) responses.push(await stream.next());
        expect(responses.length > 1).toBe(fragment);
        const events = responses.flatMap((response) => response.events);
        expect(events.map((event) => event.kv.key)).toEqual([`${at}a`, `${at}b`, `${at}c`]);
        expect(events.map((event) => event.prev_kv?.value[0])).toEqual(["1", "1", "1"]);
        for (const response of responses) {
          expect(response).toMatchObject({ watch_id: 0, header: { revision } });
        }
      },
    );
  });
});
