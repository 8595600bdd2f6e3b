import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { type Client, type ConnectOptions, connect } from "@conclave/client";
import { grpcTransport } from "@conclave/client/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { ALLOWED_PREFIX, AuthEtcd, PASSWORD, USER } from "../support/etcd-auth.ts";
import { eventually } from "../support/eventually.ts";
import { etcdctl, etcdServer, openssl } from "../support/tools.ts";
import { clientsOf } from "./client-support.ts";

const missing = [etcdServer, etcdctl, openssl].filter(({ present }) => !present);
const reason = missing.map(({ name }) => ` (${name}: not installed)`).join("");
const auth = { username: USER, password: PASSWORD };

function usingEtcd(...start: Parameters<typeof AuthEtcd.start>) {
  const open: Client[] = [];
  let etcd: AuthEtcd | undefined;
  beforeAll(async () => {
    etcd = await AuthEtcd.start(...start);
  }, 60_000);
  afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));
  afterAll(() => etcd?.[Symbol.asyncDispose]());
  return {
    get etcd() {
      return etcd!;
    },
    async connect(options: ConnectOptions = { auth }): Promise<Client> {
      const client = await connect(etcd!.endpoints, { namespace: ALLOWED_PREFIX, ...options });
      open.push(client);
      return client;
    },
  };
}

describe.skipIf(missing.length > 0)(`auth, against etcd with its own tokens${reason}`, () => {
  const server = usingEtcd("simple");

  test.each([
    ["our transport", {}],
    ["grpc-js", { transport: grpcTransport() }],
  ] as const)("keys, watches, locks and elections work for a user, over %s", async (_, options) => {
    const client = await server.connect({ auth, ...options });
    const { revision } = await client.kv.put("k", "v");
    const watch = client.watch("k", { from: revision });
    expect((await watch.next()).value?.key).toBeDefined();
    await client.locks.request("job", (lock) => lock.kv.put("state", "done"));
    const term = await client.election("boss").campaign();
    await term.resign();
  });

  test("a keep-alive worker keeps the lease of a user: renewals carry no token, and need none", async () => {
    const session = { ttl: "2s", keepalive: "worker" } as const;
    const client = await server.connect({ auth, session });
    const leaseId = await client.session.open();
    await sleep(3_000);
    expect(client.session.state).toBe("held");
    expect(await client.leases.timeToLive(leaseId)).not.toBeNull();
  });

  test("what the user may not do is refused, and not applied", async () => {
    const client = await server.connect({ auth, namespace: "elsewhere/" });
    await expect(client.kv.put("k", "v")).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      outcome: "not-applied",
    });
  });

  test("nobody in particular may do nothing, and is told why", async () => {
    const client = await server.connect({});
    await expect(client.kv.put("k", "v")).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      outcome: "not-applied",
      message: "KV/Put: etcdserver: user name is empty",
    });
  });

  test("a wrong password fails the connecting, and is nowhere to be read", async () => {
    const password = "wr0ng-secret";
    const error = await server.connect({ auth: { username: USER, password } }).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).toMatchObject({ code: "UNAUTHENTICATED", outcome: "not-applied" });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(password);
    const client = await server.connect();
    expect(inspect(client, { depth: 20, showHidden: true })).not.toContain(PASSWORD);
  });

  // A member keeps its simple tokens in memory.
  test("a member that forgot its tokens costs neither a session, nor a watch, nor a call", async () => {
    const client = await server.connect({ auth, session: { ttl: "10s" }, timeout: "10s" });
    const lock = await client.locks.acquire("kept");
    const { revision } = await client.kv.put("after-restart", "1");
    const watch = client.watch("after-restart", { from: revision });
    await watch.next();
    const [member] = server.etcd.deployment.members;
    await member!.kill();
    await member!.restart();
    await eventually(() => client.kv.put("after-restart", "2"));
    expect((await watch.next()).value?.text).toBe("2");
    await lock.verify();
    expect(await lock.release()).toBe("released");
  });

  test("a changed password is asked for again, and a call that met the change goes on", async () => {
    let password = PASSWORD;
    let asked = 0;
    const provide = async () => {
      asked += 1;
      return password;
    };
    const client = await server.connect({ auth: { username: USER, password: provide } });
    const fixed = await server.connect();
    password = "another-one";
    await server.etcd.changePassword(password);
    try {
      await client.kv.put("k", "v");
      expect(asked).toBe(2);
      const refused = { code: "UNAUTHENTICATED", outcome: "not-applied" };
      await expect(fixed.kv.put("k", "v")).rejects.toMatchObject(refused);
    } finally {
      await server.etcd.changePassword(PASSWORD);
    }
    await fixed.kv.put("k", "v");
  });

  test("calls that are refused together sign in once", async () => {
    let asked = 0;
    const password = () => {
      asked += 1;
      return PASSWORD;
    };
    const client = await server.connect({ auth: { username: USER, password } });
    await server.etcd.changePassword(PASSWORD);
    await Promise.all(Array.from({ length: 20 }, (_, n) => client.kv.put(`k${n}`, "v")));
    expect(asked).toBe(2);
  });

  test("a provided token that is refused is asked for again, once for a call", async () => {
    let asked = 0;
    const token = () => {
      asked += 1;
      return "no.token";
    };
    const client = await server.connect({ auth: { token } });
    const before = asked;
    await expect(client.kv.put("k", "v")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(asked - before).toBe(1);
  });

  test("credentials do no harm where nobody asks for them, and are used once somebody does", async () => {
    await server.etcd.setAuth("disable");
    const client = await server.connect();
    await client.kv.put("k", "v");
    await server.etcd.setAuth("enable");
    await client.kv.put("k", "w");
    expect((await client.kv.get("k"))?.text).toBe("w");
  });
});

describe.skipIf(missing.length > 0)(`auth, against etcd with signed tokens${reason}`, () => {
  const server = usingEtcd("jwt", { jwtTtl: "3s" });

  test("a token is replaced before it ends, so that no call meets its end", async () => {
    let asked = 0;
    const password = () => {
      asked += 1;
      return PASSWORD;
    };
    const client = await server.connect({ auth: { username: USER, password } });
    const { revision: from } = await client.kv.put("ticks/first", "t");
    const watch = client.watch("ticks/first", { from });
    const endMs = performance.now() + 7_000;
    for (let tick = 0; performance.now() < endMs; tick += 1) {
      // A watch is checked when it is created, with the token of its stream.
      const { revision } = await client.kv.put(`ticks/${tick}`, "t");
      await using other = client.watch(`ticks/${tick}`, { from: revision });
      expect((await other.next()).done).toBe(false);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect((await watch.next()).value?.keyText).toBe("ticks/first");
    // Every 2.4 s, not once a call.
    expect(asked).toBeGreaterThanOrEqual(2);
    expect(asked).toBeLessThanOrEqual(6);
  });
});

test.each([[{ username: "", password: "p" }], [{ username: "u" }], [{ token: "text" }]] as const)(
  "auth is checked at once: %o",
  async (wrong) => {
    const options = { auth: wrong as unknown as { username: string; password: string } };
    await expect(connect("127.0.0.1:1", options)).rejects.toThrow(TypeError);
  },
);

describeEachServer(
  "auth that is switched off",
  (server) => {
    const clients = clientsOf(server);

    test("is no obstacle to a client with credentials", async () => {
      const client = await clients.connect({ auth });
      await client.locks.request("job", (lock) => lock.kv.put("state", "done"));
    });
  },
  { sizes: [1] },
);
