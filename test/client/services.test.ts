import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Client, compare, type Endpoint, type Service } from "@conclave/client";
import { afterEach, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { clientsOf } from "./client-support.ts";

const ADDR = "10.0.0.1:80";
const addresses = (service: Service) => service.endpoints.map(({ addr }) => addr);

/** What an operator does: the keys of the service go, behind the SDK's back. */
const wipe = (client: Client) => client.kv.deleteAll("catalog/");

describeEachServer(
  "SDK services",
  (server) => {
    const clients = clientsOf(server);
    const httpServers: Server[] = [];
    afterEach(() => {
      for (const each of httpServers.splice(0)) each.close();
    });

    /** An HTTP server that answers with its name, or with `status`. */
    async function serve(name: string, status = 200): Promise<string> {
      const http = createServer((_, response) => response.writeHead(status).end(name));
      httpServers.push(http);
      await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
      return `127.0.0.1:${(http.address() as AddressInfo).port}`;
    }

    test("an instance is seen by others as it registered, until it is disposed of", async () => {
      const [client, other] = await Promise.all([clients.connect(), clients.connect()]);
      await using catalog = await other.services.use("catalog");
      expect(catalog.endpoints).toEqual([]);
      expect(() => catalog.pick()).toThrow(expect.objectContaining({ code: "NO_ENDPOINT" }));
      const instance = { addr: ADDR, weight: 2, zone: "a", meta: { version: 1 } };
      const me = await client.services.register("catalog", instance, { drain: 0 });
      expect(me.state).toBe("registered");
      await catalog.ready();
      const shown = { ...instance, status: "up", key: `catalog/${ADDR}` };
      expect(catalog.endpoints).toEqual([shown]);
      expect(catalog.pick()).toBe(catalog.endpoints[0]);
      await me.close();
      await eventually(() => expect(catalog.endpoints).toEqual([]));
      expect([me.state, await other.kv.count("catalog/")]).toEqual(["ended", 0]);
    });

    test("closing the client takes its instances out at once, without draining", async () => {
      const [client, other] = await Promise.all([clients.connect(), clients.connect()]);
      const me = await client.services.register("catalog", { addr: ADDR }, { drain: "1h" });
      await client.close();
      expect(await other.kv.count("catalog/")).toBe(0);
      expect(me.state).toBe("ended");
    });

    test("others see an instance drain before it goes, and pick another", async () => {
      const [client, other] = await Promise.all([clients.connect(), clients.connect()]);
      await using catalog = await other.services.use("catalog");
      const leaving = await client.services.register("catalog", { addr: ADDR }, { drain: 400 });
      await using _staying = await other.services.register(
        "catalog",
        { addr: "b:1" },
        { drain: 0 },
      );
      const closing = leaving.close();
      await eventually(() => {
        expect(catalog.endpoints.map(({ status }) => status)).toEqual(["draining", "up"]);
      });
      for (let n = 0; n < 10; n += 1) expect(catalog.pick().addr).toBe("b:1");
      await closing;
      await eventually(() => expect(addresses(catalog)).toEqual(["b:1"]));
    });

    test("a registration whose key was deleted is made again", async () => {
      const client = await clients.connect();
      await using me = await client.services.register("catalog", { addr: ADDR }, { drain: 0 });
      const states = me.changes();
      expect((await states.next()).value).toBe("registered");
      await wipe(client);
      await eventually(async () => expect(await client.kv.count("catalog/")).toBe(1));
      await eventually(() => expect([me.state, me.error]).toEqual(["registered", null]));
    });

    test("a registration whose session was lost moves to the next one", async () => {
      const client = await clients.connect();
      await using me = await client.services.register("catalog", { addr: ADDR }, { drain: 0 });
      const before = await client.kv.get(me.key);
      await client.leases.revoke(before!.leaseId);
      await eventually(async () => {
        const now = await client.kv.get(me.key);
        expect(now?.leaseId).toBeGreaterThan(0n);
        expect(now?.leaseId).not.toBe(before!.leaseId);
      }, 15_000);
      await eventually(() => expect(me.state).toBe("registered"));
    });

    test("a registration with a ttl has a session of its own, which goes with it", async () => {
      const client = await clients.connect();
      const options = { ttl: "5s", drain: 0 } as const;
      const me = await client.services.register("catalog", { addr: ADDR }, options);
      const { leaseId } = (await client.kv.get(me.key))!;
      expect((await client.leases.timeToLive(leaseId))?.grantedTtl).toBe(5_000);
      expect(client.session.state).toBe("idle");
      await me.close();
      expect(await client.leases.timeToLive(leaseId)).toBeNull();
    });

    test("another's registration is not overwritten: register waits for it, and says who is in the way", async () => {
      const [client, other] = await Promise.all([clients.connect(), clients.connect()]);
      const first = await other.services.register("catalog", { addr: ADDR }, { drain: 0 });
      const value = (await client.kv.get(first.key))!.text;
      const refused = client.services.register("catalog", { addr: ADDR }, { timeout: 200 });
      await expect(refused).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
      expect((await client.kv.get(first.key))!.text).toBe(value);
      const waiting = client.services.register("catalog", { addr: ADDR, weight: 7 }, { drain: 0 });
      await first.close();
      await using second = await waiting;
      expect((await client.kv.get(second.key))!.text).toContain('"weight":7');
    });

    test("with replace a predecessor that crashed is taken over at once", async () => {
      const client = await clients.connect();
      await client.kv.put(`catalog/${ADDR}`, '{"Op":0,"Addr":"10.0.0.1:80","Metadata":null}');
      const options = { replace: true, drain: 0, timeout: "2s" } as const;
      await using me = await client.services.register("catalog", { addr: ADDR }, options);
      expect(me.state).toBe("registered");
    });

    test("a key that another overwrote is left alone until it is free", async () => {
      const client = await clients.connect();
      await using me = await client.services.register("catalog", { addr: ADDR }, { drain: 0 });
      await client.kv.put(me.key, '{"Op":0,"Addr":"other"}');
      await eventually(() => expect(me.state).toBe("blocked"));
      expect(me.error).toMatchObject({ code: "ALREADY_EXISTS" });
      await client.kv.delete(me.key);
      await eventually(() => expect(me.state).toBe("registered"));
    });

    test("an update is seen when it resolves, and does not disturb the registration", async () => {
      const client = await clients.connect();
      await using catalog = await client.services.use("catalog");
      await using me = await client.services.register("catalog", { addr: ADDR }, { drain: 0 });
      for (let weight = 1; weight <= 5; weight += 1) await me.update({ weight, meta: { weight } });
      const { version, text } = (await client.kv.get(me.key))!;
      expect([version, JSON.parse(text).Metadata.weight]).toEqual([6, 5]);
      await eventually(() => expect(catalog.endpoints[0]).toMatchObject({ weight: 5 }));
      await expect(me.update({ weight: -1 })).rejects.toThrow(RangeError);
    });

    test("an unhealthy instance is removed, or marked, and comes back when it is healthy", async () => {
      const client = await clients.connect();
      let healthy = false;
      const health = () => {
        if (!healthy) throw new Error("the disk is full");
        return true;
      };
      const options = { health, healthInterval: 20, drain: 0 } as const;
      await using removed = await client.services.register("catalog", { addr: "a:1" }, options);
      const marking = { ...options, whenUnhealthy: "mark" } as const;
      await using marked = await client.services.register("catalog", { addr: "b:1" }, marking);
      await using catalog = await client.services.use("catalog", { wait: "5s" });
      const shown = () => catalog.endpoints.map(({ addr, status }) => [addr, status]);
      expect(shown()).toEqual([["b:1", "unhealthy"]]);
      expect([removed.state, marked.state]).toEqual(["unhealthy", "unhealthy"]);
      expect(removed.error).toMatchObject({ message: "the disk is full" });
      healthy = true;
      await eventually(() =>
        expect(shown()).toEqual([
          ["a:1", "up"],
          ["b:1", "up"],
        ]),
      );
      healthy = false;
      await eventually(() => expect(shown()).toEqual([["b:1", "unhealthy"]]));
    });

    test("a health check that does not answer in time counts as unhealthy", async () => {
      const client = await clients.connect();
      const health = () => new Promise<boolean>(() => {});
      const options = { health, healthTimeout: 30, healthInterval: 20, drain: 0 };
      await using me = await client.services.register("catalog", { addr: ADDR }, options);
      expect(me.state).toBe("unhealthy");
      expect(me.error).toMatchObject({ code: "TIMEOUT" });
    });

    test("an aborted signal gives the first registration up and leaves nothing behind", async () => {
      const client = await clients.connect();
      await client.kv.put(`catalog/${ADDR}`, '{"Op":0,"Addr":"other"}');
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = client.services.register("catalog", { addr: ADDR }, { signal });
      setTimeout(() => controller.abort(), 50);
      await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
      await client.kv.delete(`catalog/${ADDR}`);
      const { revision } = await client.kv.put("mark", "");
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect((await client.kv.getAll("catalog/")).items).toEqual([]);
      expect((await client.kv.get("mark"))?.modRevision).toBe(revision);
    });

    test("a registration whose answers are lost is settled by reading, and stands once", async () => {
      const { client, faults } = await clients.connectFaulty();
      faults.failNext("/etcdserverpb.KV/Txn", "drop-answer");
      const me = await client.services.register("catalog", { addr: ADDR }, { drain: 0 });
      expect(await client.kv.count("catalog/")).toBe(1);
      faults.failNext("/etcdserverpb.KV/Txn", "drop-answer");
      await me.close();
      await eventually(async () => expect(await client.kv.count("catalog/")).toBe(0));
    });

    test("entries of Go's naming package are endpoints, and junk is left out and named", async () => {
      const client = await clients.connect();
      await client.kv.put("catalog/go", '{"Op":0,"Addr":"go:1","Metadata":null}');
      await client.kv.put(
        "catalog/weighed",
        '{"Op":0,"Addr":"go:2","Metadata":{"weight":3,"x":1}}',
      );
      await client.kv.put("catalog/old", '{"Addr":"go:3","Metadata":"primary"}');
      await client.kv.put("catalog/junk", "\u0000");
      await client.kv.put("catalog/list", "[]");
      await using catalog = await client.services.use("catalog");
      expect(catalog.endpoints.map(({ addr, weight, meta }) => [addr, weight, meta])).toEqual([
        ["go:1", 1, null],
        ["go:2", 3, { weight: 3, x: 1 }],
        ["go:3", 1, "primary"],
      ]);
      expect([...catalog.invalid.keys()].sort()).toEqual(["catalog/junk", "catalog/list"]);
    });

    test("a view yields snapshots as instances come and go, and ends when it is disposed of", async () => {
      const client = await clients.connect();
      const catalog = await client.services.use("catalog");
      const seen: string[][] = [];
      const reading = (async () => {
        for await (const endpoints of catalog) seen.push(endpoints.map(({ addr }) => addr));
      })();
      const a = await client.services.register("catalog", { addr: "a:1" }, { drain: 0 });
      await eventually(() => expect(seen.at(-1)).toEqual(["a:1"]));
      await using _b = await client.services.register("catalog", { addr: "b:1" }, { drain: 0 });
      await eventually(() => expect(seen.at(-1)).toEqual(["a:1", "b:1"]));
      await a.close();
      await eventually(() => expect(seen.at(-1)).toEqual(["b:1"]));
      await catalog[Symbol.asyncDispose]();
      await reading;
      expect(addresses(catalog)).toEqual(["b:1"]);
    });

    test("waiting for a first endpoint ends with NO_ENDPOINT", async () => {
      const client = await clients.connect();
      const waiting = client.services.use("catalog", { wait: 100 });
      await expect(waiting).rejects.toMatchObject({ code: "NO_ENDPOINT" });
    });

    test("fetch goes round a dead endpoint, and round one that answers 503", async () => {
      const client = await clients.connect();
      const ill = await serve("ill", 503);
      const well = await serve("well");
      for (const addr of ["127.0.0.1:1", ill, `http://${well}`]) {
        await client.services.register("catalog", { addr }, { drain: 0 });
      }
      await using catalog = await client.services.use("catalog", { balance: "round-robin" });
      for (let n = 0; n < 6; n += 1) {
        const answer = await catalog.fetch("/v1/items", { timeout: "5s" });
        expect(await answer.text()).toBe("well");
      }
      const posted = await catalog.fetch("/v1/items", { method: "POST", body: "x" });
      expect(await posted.text()).toBe("well"); // The others are left alone for now.
      await expect(catalog.fetch("http://elsewhere/")).rejects.toThrow(TypeError);
    });

    test("a request that changes something is not sent twice: the error says that it may have been served", async () => {
      const client = await clients.connect();
      const requests: string[] = [];
      const breaking = createServer((request) => {
        requests.push(request.method!);
        request.socket.destroy();
      });
      httpServers.push(breaking);
      await new Promise<void>((resolve) => breaking.listen(0, "127.0.0.1", resolve));
      const { port } = breaking.address() as AddressInfo;
      for (const host of ["127.0.0.1", "localhost"]) {
        await client.services.register("catalog", { addr: `${host}:${port}` }, { drain: 0 });
      }
      await using catalog = await client.services.use("catalog");
      const post = catalog.fetch("/", { method: "POST" });
      await expect(post).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" });
      expect(requests).toEqual(["POST"]);
      const get = catalog.fetch("/");
      await expect(get).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "not-applied" });
      expect(requests.length).toBeGreaterThanOrEqual(3);
    });

    test("a fetch takes a time limit and a signal", async () => {
      const client = await clients.connect();
      const silent = createServer(() => {});
      httpServers.push(silent);
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      const addr = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
      await client.services.register("catalog", { addr }, { drain: 0 });
      await using catalog = await client.services.use("catalog");
      const late = catalog.fetch("/", { timeout: 100 });
      await expect(late).rejects.toMatchObject({ code: "TIMEOUT", outcome: "not-applied" });
      const cancelled = catalog.fetch("/", { method: "PUT", signal: AbortSignal.timeout(50) });
      await expect(cancelled).rejects.toMatchObject({ code: "CANCELLED", outcome: "unknown" });
      silent.closeAllConnections();
    });

    test("wrong arguments are refused at once", async () => {
      const { services } = await clients.connect();
      await expect(services.register("catalog/", { addr: ADDR })).rejects.toThrow(TypeError);
      await expect(services.register("catalog", { addr: "" })).rejects.toThrow(TypeError);
      await expect(services.register("catalog", { addr: ADDR, weight: -1 })).rejects.toThrow(
        RangeError,
      );
      const balance = "sticky" as "random";
      await expect(services.use("catalog", { balance })).rejects.toThrow(TypeError);
    });

    test("a view of a cluster that cannot be reached goes on with the last it knew", async () => {
      const client = await clients.connect({ retry: { retries: 0 } });
      await client.kv.put("catalog/go", '{"Op":0,"Addr":"go:1"}');
      await using catalog = await client.services.use("catalog");
      await eventually(() => expect(catalog.stale).toBe(false));
      const [member] = server.deployment.members;
      await member!.kill();
      await eventually(() => expect(catalog.stale).toBe(true), 15_000);
      expect(catalog.pick()).toMatchObject({ addr: "go:1" } satisfies Partial<Endpoint>);
      await member!.restart();
      await eventually(() => expect(catalog.stale).toBe(false), 15_000);
      const other = await clients.connect();
      await other.txn().if(compare("x").absent()).commit();
    });
  },
  { sizes: [1] },
);
