import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { MemberClients, prefixEnd } from "../support/member-clients.ts";
import type { RawClient } from "../support/raw-client.ts";
import { eventLine, WatchStream } from "../support/watch-stream.ts";
import { versionOf } from "./versions.ts";

describeEachServer("gRPC Watch: creation, cancellation and progress", (server) => {
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

  describe("creation", () => {
    test("is answered first, with the revision after which events come", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      const revision = await put(client, `${at}before`, "0");
      const created = await stream.create(range);
      expect(created).toMatchObject({
        watch_id: 0,
        created: true,
        canceled: false,
        compact_revision: 0,
        cancel_reason: "",
        events: [],
        header: { revision },
      });
      const { header } = await client.call("KV.Range", { key: "k" });
      expect(created.header.cluster_id).toBe(header.cluster_id);
      expect(created.header.member_id).toBe(header.member_id);
      await put(client, `${at}after`, "1");
      expect((await stream.events(1)).map(eventLine)).toEqual([`PUT ${at}after=1@${revision + 1}`]);
    });

    test("many at once are answered in the order asked", async () => {
      using stream = new WatchStream(clients.next());
      for (let index = 0; index < 20; index++) {
        const bad = index % 5 === 4;
        stream.messages.send({ create_request: { key: "b", range_end: bad ? "a" : "c" } });
      }
      const ids: number[] = [];
      for (let index = 0; index < 20; index++) ids.push((await stream.next()).watch_id);
      const expected = Array.from({ length: 20 }, (_, i) =>
        i % 5 === 4 ? -1 : i - Math.floor(i / 5),
      );
      expect(ids).toEqual(expected);
    });

    test("ids count up from 0, past the ones in use, and are not used again", async () => {
      using stream = new WatchStream(clients.next());
      const create = async (watch_id = 0) => (await stream.create({ key: "k", watch_id })).watch_id;
      expect(await create()).toBe(0);
      expect(await create(2)).toBe(2);
      expect(await create()).toBe(1);
      expect(await create()).toBe(3);
      expect(await stream.cancel(1)).toMatchObject({ watch_id: 1, canceled: true });
      expect(await create()).toBe(4);
      expect(await create(1)).toBe(1); // unless asked for by name
    });

    test("with an id in use is refused; the watcher that has it goes on", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      await stream.create({ ...range, watch_id: 7 });
      expect(await stream.create({ ...range, watch_id: 7 })).toMatchObject({
        watch_id: -1,
        created: true,
        canceled: true,
        compact_revision: 0,
        cancel_reason: "mvcc: duplicate watch ID provided on the WatchStream",
      });
      await put(client, `${at}k`, "v");
      expect(await stream.next()).toMatchObject({ watch_id: 7, events: [{ type: "PUT" }] });
    });

    test.each([
      { why: "inverted", key: "b", range_end: "a" },
      { why: "empty", key: "b", range_end: "b" },
    ])("of an $why range is refused", async ({ key, range_end }) => {
      using stream = new WatchStream(clients.next());
      expect(await stream.create({ key, range_end })).toMatchObject({
        watch_id: -1,
        created: true,
        canceled: true,
        cancel_reason: "mvcc: watcher range is empty",
      });
    });

    test("of an empty key with end \\0 watches everything", async () => {
      const { client, at, stream } = watched();
      using _ = stream;
      await stream.create({ range_end: "\x00" });
      await put(client, `${at}k`, "v");
      expect((await stream.events(1))[0]?.kv.key).toBe(`${at}k`);
    });

    test("of an empty key without an end watches key \\0 alone", async () => {
      const { client, at, stream } = watched();
      using _ = stream;
      await stream.create({});
      await put(client, `${at}k`, "unseen");
      const revision = await put(client, "\x00", "seen");
      expect((await stream.events(1)).map(eventLine)).toEqual([`PUT \x00=seen@${revision}`]);
    });
  });

  describe("cancel", () => {
    test("is confirmed without a reason, and ends the events of that watcher alone", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      await stream.create(range);
      await stream.create(range);
      expect(await stream.cancel(0)).toMatchObject({
        watch_id: 0,
        created: false,
        canceled: true,
        compact_revision: 0,
        cancel_reason: "",
      });
      await put(client, `${at}k`, "v");
      expect(await stream.next()).toMatchObject({ watch_id: 1, events: [{ type: "PUT" }] });
      await stream.expectNothingBefore();
    });

    test("of an unknown id is met with silence", async () => {
      using stream = new WatchStream(clients.next());
      stream.messages.send({ cancel_request: { watch_id: 99 } });
      await stream.expectNothingBefore();
    });
  });

  test("a request that asks for nothing is passed over", async () => {
    using stream = new WatchStream(clients.next());
    stream.messages.send({});
    await stream.expectNothingBefore();
  });

  test("half-closing the request side does not end the watch", async () => {
    const { client, at, range, stream } = watched();
    using _ = stream;
    await stream.create(range);
    stream.messages.halfClose();
    await put(client, `${at}k`, "v");
    expect((await stream.events(1))[0]).toMatchObject({ kv: { key: `${at}k` } });
  });

  describe("a progress request", () => {
    test("is answered for the whole stream once its watchers are synced", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      await stream.create(range);
      const revision = await put(client, `${at}k`, "v");
      await stream.events(1);
      stream.messages.send({ progress_request: {} });
      expect(await stream.next()).toMatchObject({
        watch_id: -1,
        created: false,
        canceled: false,
        events: [],
        header: { revision },
      });
    });

    test("tells of revisions that the watchers did not see", async () => {
      const { client, at, range, stream } = watched();
      using _ = stream;
      await stream.create(range);
      const revision = await put(client, `elsewhere-${at}`, "v");
      stream.messages.send({ progress_request: {} });
      expect(await stream.next()).toMatchObject({ watch_id: -1, header: { revision } });
    });

    test("on a stream without watchers", async () => {
      using stream = new WatchStream(clients.next());
      stream.messages.send({ progress_request: {} });
      if (versionOf[server.kind].answersProgressWithoutWatchers) {
        expect(await stream.next()).toMatchObject({ watch_id: -1, events: [] });
      }
      await stream.expectNothingBefore();
    });
  });
});
