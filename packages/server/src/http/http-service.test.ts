import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { parseEtcdVersion } from "../config/etcd-version.ts";
import { silentLogger } from "../observe/logger.ts";
import { MetricsRegistry } from "../observe/metrics.ts";
import type { AlarmName, HealthSource } from "./health.ts";
import { defaultHttpLimits, HttpService, type HttpServiceOptions } from "./http-service.ts";

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

interface Fixture {
  readonly service: HttpService;
  readonly port: number;
  get(path: string, init?: RequestInit): Promise<Answer>;
}

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

const healthy: HealthSource = {
  hasLeader: () => true,
  isLearner: () => false,
  activeAlarms: () => [],
  linearizableRead: () => Promise.resolve(),
  serializableRead: () => Promise.resolve(),
};

/** A port that, like the member's own, reads the first bytes itself and then hands the socket over. */
async function serve(options: Partial<HttpServiceOptions> = {}): Promise<Fixture> {
  const service = new HttpService({
    health: healthy,
    version: parseEtcdVersion("3.6.14", "emulateVersion"),
    isClusterVersionDecided: () => true,
    metrics: new MetricsRegistry(),
    logger: silentLogger,
    hostNames: ["etcd-1.example"],
    ...options,
  });
  const listener: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (received) => {
      socket.pause();
      service.accept(socket, received as Buffer);
      socket.resume();
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  opened.push(() => {
    listener.close();
    service.close();
  });
  const { port } = listener.address() as AddressInfo;
  const get = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  return { service, port, get };
}

/** Sends bytes as they are and reads until the server ends the connection. */
async function exchange(port: number, ...parts: string[]): Promise<string> {
  const socket: Socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk.toString("latin1");
  });
  for (const part of parts) socket.write(part);
  await once(socket, "close");
  return answer;
}

describe("/health", () => {
  test("answers etcd's exact body when all is well", async () => {
    const { get } = await serve();
    const answer = await get("/health");
    expect(answer.status).toBe(200);
    expect(answer.body).toBe('{"health":"true","reason":""}');
  });

  const failing = (parts: Partial<HealthSource>): HealthSource => ({ ...healthy, ...parts });
  const alarmed = (...names: AlarmName[]) => failing({ activeAlarms: () => names });
  const noQuorum = failing({
    linearizableRead: () => Promise.reject(new Error("etcdserver: request timed out")),
  });
  const noStore = failing({ serializableRead: () => Promise.reject(new Error("closed")) });

  test.each([
    { why: "space ran out", health: alarmed("NOSPACE"), reason: "ALARM NOSPACE" },
    { why: "data is corrupt", health: alarmed("CORRUPT"), reason: "ALARM CORRUPT" },
    { why: "nobody leads", health: failing({ hasLeader: () => false }), reason: "RAFT NO LEADER" },
    {
      why: "a read finds no quorum",
      health: noQuorum,
      reason: "RANGE ERROR:etcdserver: request timed out",
    },
  ])("is 503 with the reason when $why", async ({ health, reason }) => {
    const { get } = await serve({ health });
    const answer = await get("/health");
    expect(answer.status).toBe(503);
    expect(answer.body).toBe(`{"health":"false","reason":"${reason}"}\n`);
  });

  test("?exclude= overlooks the alarms it names, one or several", async () => {
    const { get } = await serve({ health: alarmed("NOSPACE", "CORRUPT") });
    expect((await get("/health?exclude=NOSPACE")).body).toContain("ALARM CORRUPT");
    expect((await get("/health?exclude=NOSPACE&exclude=CORRUPT")).status).toBe(200);
  });

  test("?serializable=true asks about this member alone", async () => {
    const alone = { ...noQuorum, hasLeader: () => false };
    expect((await (await serve({ health: alone })).get("/health?serializable=true")).status).toBe(
      200,
    );
    const broken = await (await serve({ health: noStore })).get("/health?serializable=true");
    expect(broken.status).toBe(503);
  });

  test("fails in time when a read never ends", async () => {
    const health = failing({ linearizableRead: () => new Promise(() => {}) });
    const limits = { ...defaultHttpLimits, answerTimeoutMs: 20 };
    const { get } = await serve({ health, limits });
    expect((await get("/health")).body).toContain("RANGE ERROR:context deadline exceeded");
  });

  test("the read is told when the client hangs up", async () => {
    const told = new Promise<void>((resolve) => {
      const health = failing({
        linearizableRead: (signal) => {
          signal.addEventListener("abort", () => resolve());
          return new Promise(() => {});
        },
      });
      void serve({ health }).then(({ port }) => {
        const socket = connect(port, "127.0.0.1");
        socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        setImmediate(() => socket.end());
      });
    });
    await told;
  });
});

describe("/livez and /readyz", () => {
  test("answer ok, and list their checks when asked to be verbose", async () => {
    const { get } = await serve();
    expect(await get("/livez")).toMatchObject({ status: 200, body: "ok\n" });
    expect((await get("/livez?verbose")).body).toBe("[+]serializable_read ok\nok\n");
    expect((await get("/readyz?verbose")).body).toBe(
      "[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\nok\n",
    );
  });

  test("a member without a quorum is alive but not ready", async () => {
    const health = { ...healthy, linearizableRead: () => Promise.reject(new Error("no leader")) };
    const { get } = await serve({ health });
    expect((await get("/livez")).status).toBe(200);
    const ready = await get("/readyz");
    expect(ready.status).toBe(503);
    expect(ready.body).toContain("[-]linearizable_read failed: no leader\n");
    expect(ready.body).toContain("[+]serializable_read ok\n");
  });

  test("a learner, or corrupt data, is not ready; lack of space is no matter", async () => {
    const bad = { ...healthy, isLearner: () => true, activeAlarms: () => ["CORRUPT"] as const };
    const body = (await (await serve({ health: bad })).get("/readyz")).body;
    expect(body).toContain("[-]data_corruption failed: alarm activated: CORRUPT");
    expect(body).toContain("[-]non_learner failed: not supported for learner");
    const full = { ...healthy, activeAlarms: () => ["NOSPACE"] as const };
    expect((await (await serve({ health: full })).get("/readyz")).status).toBe(200);
  });

  test("?exclude= leaves a check out, and a check has a path of its own", async () => {
    const health = { ...healthy, linearizableRead: () => Promise.reject(new Error("no leader")) };
    const { get } = await serve({ health });
    expect((await get("/readyz?exclude=linearizable_read&exclude=unheard_of")).status).toBe(200);
    expect((await get("/readyz/linearizable_read")).status).toBe(503);
    expect((await get("/readyz/serializable_read")).status).toBe(200);
    expect((await get("/livez/linearizable_read")).status).toBe(404);
  });
});

describe("/version", () => {
  test("tells server, cluster and storage version in etcd's words", async () => {
    const { get } = await serve();
    const answer = await get("/version");
    expect(answer.body).toBe('{"etcdserver":"3.6.14","etcdcluster":"3.6.0","storage":"3.6.0"}');
    expect(answer.headers.get("content-type")).toBe("application/json");
  });

  test("says so while the cluster has not agreed on a version", async () => {
    const { get } = await serve({ isClusterVersionDecided: () => false });
    expect((await get("/version")).body).toBe(
      '{"etcdserver":"3.6.14","etcdcluster":"not_decided","storage":"unknown"}',
    );
  });

  test("has no storage version before 3.6", async () => {
    const { get } = await serve({ version: parseEtcdVersion("3.5.21", "emulateVersion") });
    expect((await get("/version")).body).toBe('{"etcdserver":"3.5.21","etcdcluster":"3.5.0"}');
  });
});

describe("the port", () => {
  test("/metrics renders the registry", async () => {
    const metrics = new MetricsRegistry();
    metrics.counter({ name: "seen_total", help: "Seen." }).increment(3);
    const { get } = await serve({ metrics });
    const answer = await get("/metrics");
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(answer.body).toBe("# HELP seen_total Seen.\n# TYPE seen_total counter\nseen_total 3\n");
  });

  test("only GET is answered: 405 names it, as in etcd", async () => {
    const { get } = await serve();
    for (const method of ["POST", "PUT", "DELETE", "HEAD"]) {
      const answer = await get("/health", { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe("GET");
    }
  });

  test("anything else is 404", async () => {
    const { get } = await serve();
    for (const path of ["/", "/healthz", "/health/", "/v3/kv/put", "/debug/vars", "//health"]) {
      expect((await get(path)).status).toBe(404);
    }
  });

  test("serves several requests on one connection, also pipelined ones", async () => {
    const { port } = await serve();
    const request = "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const last = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const answer = await exchange(port, request + request, last);
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
  });

  test("a request with a body is answered and its connection closed", async () => {
    const { port } = await serve();
    const answer = await exchange(
      port,
      "POST /v3/kv/put HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  });

  test("close() ends the connections that are open", async () => {
    const { port, service } = await serve();
    const socket = connect(port, "127.0.0.1");
    socket.write("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "data");
    expect(service.connectionCount).toBe(1);
    service.close();
    await once(socket, "close");
    expect(service.connectionCount).toBe(0);
  });
});

describe("limits", () => {
  test("headers that trickle in are cut off, even byte by byte", async () => {
    const limits = { ...defaultHttpLimits, headersTimeoutMs: 100, requestTimeoutMs: 200 };
    const { port } = await serve({ limits });
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET /health HTTP/1.1\r\n");
    const drip = setInterval(() => socket.write("x"), 20);
    const [chunk] = (await once(socket, "data")) as [Buffer];
    clearInterval(drip);
    socket.destroy();
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("headers beyond the limit are 431", async () => {
    const { port } = await serve();
    const answer = await exchange(
      port,
      `GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  test("connections beyond the limit are closed on arrival", async () => {
    const limits = { ...defaultHttpLimits, connectionsMax: 1 };
    const { port } = await serve({ limits });
    const first = connect(port, "127.0.0.1");
    first.write("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(first, "data");
    const second = connect(port, "127.0.0.1");
    second.on("error", () => {});
    second.write("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(second, "close");
    first.destroy();
  });
});

describe("DNS rebinding: the host name must be known (CVE-2018-1099)", () => {
  const asked = async (host: string): Promise<number> => {
    const { port } = await serve();
    const answer = await exchange(
      port,
      `GET /version HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    return Number(answer.split(" ")[1]);
  };

  test.each([
    "localhost",
    "LOCALHOST:2379",
    "localhost.",
    "127.0.0.1:2379",
    "[::1]:2379",
    "10.1.2.3",
    "etcd-1.example:2379",
  ])("%s is answered", async (host) => {
    expect(await asked(host)).toBe(200);
  });

  test.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "etcd-1.example.evil:2379",
    "[evil]",
    "",
  ])("%j is 421", async (host) => {
    expect(await asked(host)).toBe(421);
  });

  test("a star allows every name", async () => {
    const { port } = await serve({ hostNames: ["*"] });
    const request = "GET /version HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n";
    expect(await exchange(port, request)).toMatch(/^HTTP\/1\.1 200 /);
  });
});
