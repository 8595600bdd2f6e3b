import { compare, op, type WatchEvent } from "@conclave/client";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { clientsOf } from "./client-support.ts";

async function take(watch: AsyncIterator<WatchEvent>, count: number): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  while (events.length < count) events.push((await watch.next()).value);
  return events;
}

const brief = ({ type, keyText, text }: WatchEvent) => `${type} ${keyText} ${text}`.trim();

describeEachServer(
  "SDK watches",
  (server) => {
    const clients = clientsOf(server);

    test("a watch delivers puts and deletes below a prefix, in order, without the namespace", async () => {
      const client = await clients.connect();
      await using watch = client.watch("o/", { previous: true });
      await watch.started();
      await client.kv.put("o/1", "a");
      await client.kv.put("other", "x");
      await client.kv.put("o/1", "b");
      await client.kv.delete("o/1");
      const events = await take(watch, 3);
      expect(events.map(brief)).toEqual(["put o/1 a", "put o/1 b", "delete o/1"]);
      expect(events.map(({ previous }) => previous?.text)).toEqual([undefined, "a", "b"]);
    });

    // Failure mode 10: nothing can slip through between a read and the watch that follows it.
    test("a watch from the revision after a read misses nothing that came after the read", async () => {
      const client = await clients.connect();
      const { revision } = await client.kv.getAll("o/");
      for (const value of ["a", "b", "c"]) await client.kv.put("o/1", value);
      await using watch = client.watch("o/", { from: revision + 1 });
      expect((await take(watch, 3)).map(({ text }) => text)).toEqual(["a", "b", "c"]);
    });

    test("`only` leaves the other kind of event out", async () => {
      const client = await clients.connect();
      await using deletes = client.watch("a", { only: "delete" });
      await deletes.started();
      await client.kv.put("a", "1");
      await client.kv.delete("a");
      expect((await take(deletes, 1)).map(brief)).toEqual(["delete a"]);
    });

    test("a reader that resumes at an event's `next` gets each event once, and the rest of its revision", async () => {
      const client = await clients.connect();
      const { revision } = await client
        .txn()
        .then(op.put("m/1", ""), op.put("m/2", ""), op.put("m/3", ""))
        .commit();
      await client.kv.put("m/4", "");
      const seen: string[] = [];
      let cursor = revision;
      for (let reader = 0; reader < 2; reader += 1) {
        await using watch = client.watch("m/", { from: cursor });
        for (const event of await take(watch, 3)) {
          seen.push(event.keyText);
          cursor = event.next;
        }
        if (reader === 0) expect(cursor).toBe(revision + 1);
        else break;
        await client.kv.put("m/5", "");
        await client.kv.put("m/6", "");
      }
      expect(seen).toEqual(["m/1", "m/2", "m/3", "m/4", "m/5", "m/6"]);
    });

    // Failure mode 9.
    test("every event comes once and in order while the stream is cut again and again", async () => {
      const { client, faults } = await clients.connectFaulty();
      const writer = await clients.connect();
      await using watch = client.watch("n/");
      await watch.started();
      const cutting = setInterval(() => faults.cutStreams(), 15);
      const writes = 200;
      const writing = (async () => {
        for (let n = 0; n < writes; n += 1) await writer.kv.put(`n/${n % 7}`, String(n));
      })();
      const events = await take(watch, writes);
      clearInterval(cutting);
      await writing;
      expect(events.map(({ text }) => Number(text))).toEqual([...Array(writes).keys()]);
    });

    test("a slow reader with a small buffer gets every event", async () => {
      const client = await clients.connect();
      const { revision } = await client.kv.put("start", "");
      await using watch = client.watch("n/", { from: revision + 1, bufferedEventsMax: 3 });
      for (let n = 0; n < 60; n += 1) await client.kv.put("n/1", String(n));
      const events = await take(watch, 60);
      expect(events.map(({ text }) => Number(text))).toEqual([...Array(60).keys()]);
    });

    // Failure mode 11.
    test("a watch from a compacted revision ends with COMPACTED and says where to go on", async () => {
      const client = await clients.connect();
      const { revision } = await client.kv.put("a", "1");
      const { revision: kept } = await client.kv.put("a", "2");
      await client.kv.compact(kept);
      const watch = client.watch("a", { from: revision });
      await expect(watch.next()).rejects.toMatchObject({
        code: "COMPACTED",
        compactRevision: kept,
      });
      await expect(client.kv.get("a", { revision })).rejects.toMatchObject({ code: "COMPACTED" });
    });

    test("breaking out of the loop ends the watch", async () => {
      const client = await clients.connect();
      const watch = client.watch("a");
      await watch.started();
      await client.kv.put("a", "1");
      for await (const event of watch) {
        expect(event.text).toBe("1");
        break;
      }
      expect(await watch.next()).toEqual({ done: true, value: undefined });
    });

    test("closing the client ends its watches with CLOSED", async () => {
      const client = await clients.connect();
      const next = client.watch("a").next();
      const refused = expect(next).rejects.toMatchObject({ code: "CLOSED" });
      await client.close();
      await refused;
    });
  },
  { sizes: [1] },
);

describeEachServer(
  "SDK watches over failures",
  (server) => {
    const clients = clientsOf(server);

    test("a watch goes on without gap or duplicate when its server is killed and restarted", async () => {
      const client = await clients.connect();
      await using watch = client.watch("n/");
      await watch.started();
      const acknowledged: string[] = [];
      const put = async (value: string) => {
        // The condition makes the put safe to repeat.
        const key = `n/${value}`;
        await eventually(() =>
          client.txn().if(compare(key).absent()).then(op.put(key, value)).commit(),
        );
        acknowledged.push(value);
      };
      for (let n = 0; n < 5; n += 1) await put(`before${n}`);
      const [member] = server.deployment.members;
      await member!.kill();
      member!.start();
      await member!.waitHealthy();
      for (let n = 0; n < 5; n += 1) await put(`after${n}`);
      const events = await take(watch, acknowledged.length);
      expect(events.map(({ text }) => text)).toEqual(acknowledged);
    });
  },
  { sizes: [1, 3] },
);

describeEachServer(
  "SDK watches on a member that hangs",
  (server) => {
    const clients = clientsOf(server);

    // Failure mode 12. With six clients on three members, the member that hangs is sure to carry some of the streams.
    test("watches move to another member, and miss nothing", async () => {
      const watches = [];
      for (let n = 0; n < 6; n += 1) {
        const watch = (await clients.connect()).watch("n/");
        await watch.started();
        watches.push(watch);
      }
      const [hanging, ...others] = server.deployment.members;
      const writer = await clients.connectTo(others.map(({ endpoint }) => endpoint));
      process.kill(hanging!.pid, "SIGSTOP");
      try {
        await eventually(() => writer.kv.put("n/1", "written meanwhile"));
        for (const watch of watches) expect((await take(watch, 1))[0]?.text).toMatch(/^written/);
      } finally {
        process.kill(hanging!.pid, "SIGCONT");
      }
    }, 40_000);
  },
  { sizes: [3] },
);
