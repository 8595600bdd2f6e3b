import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KeyValue, type Mirror, type MirrorBatch, op } from "@conclave/client";
import * as v from "valibot";
import { expect, test } from "vitest";
import { z } from "zod";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { clientsOf } from "./client-support.ts";

const text = (pair: KeyValue) => pair.text;
const number = (pair: KeyValue) => Number(pair.text);

const sorted = <T>(map: Iterable<[string, T]>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

/** What a reader of the batches knows, who has nothing but them. */
function replay<T>(map: Map<string, T>, batch: MirrorBatch<T>): void {
  for (const key of batch.deletes) map.delete(key);
  for (const [key, value] of batch.puts) map.set(key, value);
}

describeEachServer(
  "SDK mirrors",
  (server) => {
    const clients = clientsOf(server);

    test("a mirror has what is there, follows what changes, and leaves the namespace and other keys out", async () => {
      const client = await clients.connect();
      await client.kv.put("f/a", "1");
      await client.kv.put("other", "x");
      await using mirror = await client.mirror("f/", text);
      expect([...mirror]).toEqual([["f/a", "1"]]);
      await client.kv.put("f/b", "2");
      await client.kv.put("other", "y");
      const { revision } = await client.kv.delete("f/a");
      await mirror.atLeast(revision);
      expect([...mirror]).toEqual([["f/b", "2"]]);
      expect([mirror.size, mirror.synced, mirror.revision]).toEqual([1, true, revision]);
    });

    test("without a codec the values are the pairs", async () => {
      const client = await clients.connect();
      const { revision } = await client.kv.put("f/a", "1");
      await using mirror = await client.mirror("f/");
      expect(mirror.get("f/a")).toMatchObject({ modRevision: revision, text: "1", keyText: "f/a" });
    });

    test("a range of more pairs than a page holds is complete", async () => {
      const client = await clients.connect();
      for (let from = 0; from < 2_100; from += 100) {
        const puts = [...Array(100).keys()].map((n) => op.put(`f/${from + n}`, String(from + n)));
        await client
          .txn()
          .then(...puts)
          .commit();
      }
      await using mirror = await client.mirror("f/", number);
      expect([...mirror.values()].sort((a, b) => a - b)).toEqual([...Array(2_100).keys()]);
    });

    test("a transaction never shows in part, in the map or in the batches", async () => {
      const client = await clients.connect();
      const transfer = (amount: number) =>
        client
          .txn()
          .then(op.put("f/a", String(100 - amount)), op.put("f/b", String(amount)))
          .commit();
      await transfer(0);
      await using mirror = await client.mirror("f/", number);
      const sums = new Set<number>();
      const known = new Map<string, number>();
      const reading = (async () => {
        for await (const batch of mirror.changes()) {
          replay(known, batch);
          sums.add(known.get("f/a")! + known.get("f/b")!);
          sums.add(mirror.get("f/a")! + mirror.get("f/b")!);
          if (known.get("f/b") === 60) return;
        }
      })();
      for (let amount = 1; amount <= 60; amount += 1) await transfer(amount);
      await reading;
      expect([...sums]).toEqual([100]);
    });

    test("atLeast makes one's own writes seen: puts, deletes, and writes to keys that are not mirrored", async () => {
      const client = await clients.connect();
      await using mirror = await client.mirror("f/", text);
      for (let n = 0; n < 20; n += 1) {
        const { revision } = await client.kv.put("f/a", String(n));
        await mirror.atLeast(revision);
        expect(mirror.get("f/a")).toBe(String(n));
      }
      await mirror.atLeast((await client.kv.put("elsewhere", "")).revision);
      await mirror.atLeast((await client.kv.delete("f/a")).revision);
      expect(mirror.size).toBe(0);
      const { revision } = await client.kv.put("elsewhere", "");
      await mirror.atLeast(revision);
      expect(mirror.revision).toBeGreaterThanOrEqual(revision);
    });

    test("atLeast of a revision that never comes ends with TIMEOUT", async () => {
      const client = await clients.connect();
      await using mirror = await client.mirror("f/");
      const waiting = mirror.atLeast(mirror.revision + 1_000_000, { timeout: 150 });
      await expect(waiting).rejects.toMatchObject({ code: "TIMEOUT" });
    });

    // Failure mode 9.
    test("a mirror ends up equal to the store while its stream is cut again and again", async () => {
      const { client, faults } = await clients.connectFaulty();
      const writer = await clients.connect();
      await using mirror = await client.mirror("f/", text);
      const known = new Map<string, string>();
      const reading = (async () => {
        for await (const batch of mirror.changes()) replay(known, batch);
      })();
      const cutting = setInterval(() => faults.cutStreams(), 15);
      let revision = 0;
      for (let n = 0; n < 200; n += 1) {
        const key = `f/${n % 7}`;
        if (n % 5 === 0) ({ revision } = await writer.kv.delete(key));
        else ({ revision } = await writer.kv.put(key, String(n)));
      }
      clearInterval(cutting);
      await mirror.atLeast(revision);
      const { items } = await writer.kv.getAll("f/");
      const stored = items.map((pair): [string, string] => [pair.keyText, pair.text]);
      expect(sorted(mirror)).toEqual(sorted(stored));
      await mirror[Symbol.asyncDispose]();
      await reading;
      expect(sorted(known)).toEqual(sorted(stored));
    });

    // Failure mode 11.
    test("a mirror whose next revision was compacted away is resynced, with the deletes it missed", async () => {
      const { client, faults } = await clients.connectFaulty({ retry: { retries: 0 } });
      const writer = await clients.connect();
      for (const key of ["f/kept", "f/changed", "f/deleted"]) await writer.kv.put(key, "1");
      await using mirror = await client.mirror("f/", text);
      await eventually(() => expect(mirror.synced).toBe(true));
      const batches = mirror.changes();
      await batches.next();
      faults.cutOffStreams();
      await writer.kv.put("f/changed", "2");
      await writer.kv.delete("f/deleted");
      const { revision } = await writer.kv.put("f/new", "2");
      await writer.kv.compact(revision);
      faults.restoreStreams();
      const known = new Map([...mirror]);
      await mirror.atLeast(revision);
      const batch: MirrorBatch<string> = (await batches.next()).value;
      replay(known, batch);
      expect(sorted(mirror)).toEqual([
        ["f/changed", "2"],
        ["f/kept", "1"],
        ["f/new", "2"],
      ]);
      expect(sorted(known)).toEqual(sorted(mirror));
      expect([...batch.deletes]).toEqual(["f/deleted"]);
    });

    test("closing the client ends its mirrors with CLOSED; what they hold can still be read", async () => {
      const client = await clients.connect();
      await client.kv.put("f/a", "1");
      const mirror = await client.mirror("f/", text);
      const batches = mirror.changes();
      await batches.next();
      const refused = expect(batches.next()).rejects.toMatchObject({ code: "CLOSED" });
      await client.close();
      await refused;
      expect(mirror.get("f/a")).toBe("1");
      expect(mirror.failure).toMatchObject({ code: "CLOSED" });
    });

    test.each([
      ["zod", z.object({ size: z.number().min(1), name: z.string().default("none") })],
      [
        "valibot",
        v.object({ size: v.pipe(v.number(), v.minValue(1)), name: v.optional(v.string(), "none") }),
      ],
    ])(
      "a schema of %s gives values their type and defaults, and says what is wrong with a bad one",
      async (_, schema) => {
        const client = await clients.connect();
        await client.kv.put("config/app", '{"size":3}');
        await using config = await client.live("config/app", schema);
        const size: number = config.value.size;
        expect([size, config.value.name]).toEqual([3, "none"]);
        await config.atLeast((await client.kv.put("config/app", '{"size":0}')).revision);
        expect([config.value.size, config.current.source]).toEqual([3, "last-good"]);
        expect(config.error?.message).toMatch(/"config\/app" is not valid: .*1/);
        await config.atLeast((await client.kv.put("config/app", "no JSON")).revision);
        expect([config.value.size, config.error?.code]).toEqual([3, "INVALID_VALUE"]);
        await config.atLeast((await client.kv.put("config/app", '{"size":4}')).revision);
        expect([config.value.size, config.error]).toEqual([4, null]);
        await client.kv.put("config/bad", "[]");
        await using all = await client.mirror("config/", schema);
        expect([[...all.keys()], [...all.invalid.keys()]]).toEqual([
          ["config/app"],
          ["config/bad"],
        ]);
      },
    );

    test("a fallback file is used while there is no key, and has to be valid itself", async () => {
      const client = await clients.connect();
      const directory = await mkdtemp(join(tmpdir(), "live-"));
      const schema = z.object({ size: z.number() });
      try {
        const fallbackFile = join(directory, "config.json");
        await writeFile(fallbackFile, '{"size":1}');
        await using config = await client.live("config", schema, { fallbackFile });
        expect(config.current).toEqual({ value: { size: 1 }, revision: null, source: "fallback" });
        await config.atLeast((await client.kv.put("config", '{"size":2}')).revision);
        expect(config.value).toEqual({ size: 2 });
        await writeFile(fallbackFile, '{"size":"x"}');
        await expect(client.live("config", schema, { fallbackFile })).rejects.toMatchObject({
          code: "INVALID_VALUE",
          message: expect.stringContaining(fallbackFile),
        });
        const missing = client.live("config", schema, { fallbackFile: `${fallbackFile}.not` });
        await expect(missing).rejects.toMatchObject({ code: "ENOENT" });
      } finally {
        await rm(directory, { recursive: true });
      }
    });

    test("a live value follows its key past bad writes", async () => {
      const client = await clients.connect();
      await client.kv.put("config", '{"size":1}');
      const schema = (pair: KeyValue) => {
        const { size } = pair.json() as { size: unknown };
        if (typeof size !== "number") throw new TypeError("size: a number");
        return { size };
      };
      await using live = await client.live("config", schema);
      const changes = live[Symbol.asyncIterator]();
      expect((await changes.next()).value).toMatchObject({ value: { size: 1 }, source: "store" });
      await live.atLeast((await client.kv.put("config", '{"size":"x"}')).revision);
      expect(live.value).toEqual({ size: 1 });
      expect(live.error).toMatchObject({ code: "INVALID_VALUE" });
      const { revision } = await client.kv.put("config", '{"size":2}');
      await live.atLeast(revision);
      expect(live.current).toEqual({ value: { size: 2 }, revision, source: "store" });
      expect(live.error).toBeNull();
    });
  },
  { sizes: [1] },
);

describeEachServer(
  "SDK mirrors of a store that is wiped",
  (server) => {
    const clients = clientsOf(server);

    // Failure mode 13: npm etcd3 waits for ever for a revision from the future (ms#31).
    test("the mirror is resynced to what is there then, and revisions of the old store are refused", async () => {
      const client: { mirror(prefix: string): Promise<Mirror<KeyValue>> } = await clients.connect({
        retry: { retries: 0 },
      });
      const writer = await clients.connect();
      for (let n = 0; n < 20; n += 1) await writer.kv.put("f/old", String(n));
      await using mirror = await client.mirror("f/");
      const refused = expect(
        mirror.atLeast(mirror.revision + 1_000, { timeout: "20s" }),
      ).rejects.toMatchObject({ code: "REVISION_REGRESSED" });
      const [member] = server.deployment.members;
      await member!.kill();
      await rm(join(member!.settings.dataDir, member!.name), { recursive: true });
      await member!.restart();
      await eventually(() => writer.kv.put("f/new", ""));
      await eventually(() => expect([...mirror.keys()]).toEqual(["f/new"]));
      await refused;
      await mirror.atLeast((await writer.kv.put("f/new", "again")).revision);
      expect(mirror.get("f/new")?.text).toBe("again");
    });
  },
  { sizes: [1] },
);
