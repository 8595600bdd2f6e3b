import { seededPrng, VirtualClock } from "@conclave/base";
import { describe, expect, test } from "vitest";
import { backoffMs, CONNECT_BACKOFF } from "./backoff.ts";
import type { CallOptions, CallStatus } from "./call.ts";
import { Channel, type ChannelOptions } from "./channel.ts";
import { memoryDial } from "./in-memory.ts";
import { createRpcServer, type RpcServer } from "./server.ts";
import { Status } from "./status.ts";
import { parseTarget } from "./target.ts";
import { chat } from "./testing/raw-client.ts";
import { clockTurn } from "./turn.ts";

/** A channel and the servers a, b and c, which say who they are. */
class Cluster {
  readonly clock = new VirtualClock();
  readonly up = new Map<string, RpcServer>();
  readonly channel: Channel;
  readonly dials: { readonly endpoint: string; readonly atMs: number }[] = [];

  constructor(up: readonly string[], options: Partial<ChannelOptions> = {}) {
    const atTurnEnd = clockTurn(this.clock);
    const dial = memoryDial((endpoint) => this.up.get(endpoint) ?? null, atTurnEnd);
    for (const name of up) this.start(name);
    this.channel = new Channel({
      endpoints: ["a:1", "b:1", "c:1"],
      clock: this.clock,
      atTurnEnd,
      prng: seededPrng(3),
      dial: (target, result) => {
        this.dials.push({ endpoint: target.endpoint, atMs: this.clock.nowMs() });
        return dial(target, result);
      },
      ...options,
    });
  }

  start(name: string): void {
    const server = createRpcServer({ clock: this.clock, atTurnEnd: clockTurn(this.clock) });
    server.unary("/t.S/Who", (call) => call.reply(Buffer.from(name))).stream("/t.S/Chat", chat);
    this.up.set(`${name}:1`, server);
  }

  kill(name: string): void {
    this.up.get(`${name}:1`)!.close();
    this.up.delete(`${name}:1`);
    this.clock.advance(0);
  }

  who(options: CallOptions = {}): { name: string | null; status: CallStatus | null } {
    const seen: { name: string | null; status: CallStatus | null } = { name: null, status: null };
    this.channel.unary("/t.S/Who", Buffer.alloc(0), options, (status, response) => {
      seen.status = status;
      seen.name = response === null ? null : Buffer.from(response).toString();
    });
    this.clock.advance(0);
    return seen;
  }

  names(count: number, options: CallOptions = {}): string {
    return Array.from({ length: count }, () => this.who(options).name ?? "-").join("");
  }
}

describe("balancing", () => {
  test("calls go round-robin over all that are connected", () => {
    const cluster = new Cluster(["a", "b", "c"]);
    cluster.who();
    expect([...cluster.names(6)].sort().join("")).toBe("aabbcc");
  });

  test("when one dies the others serve, and it is used again when it is back", () => {
    const cluster = new Cluster(["a", "b", "c"]);
    cluster.who();
    cluster.kill("b");
    expect([...cluster.names(6)].sort().join("")).toBe("aaaccc");
    cluster.start("b");
    cluster.clock.advance(10_000);
    expect(cluster.names(6)).toContain("b");
  });

  test("a call may be pinned to an endpoint, or avoid one", () => {
    const cluster = new Cluster(["a", "b", "c"]);
    cluster.who();
    expect(cluster.names(3, { endpoint: "b:1" })).toBe("bbb");
    expect(cluster.names(9, { avoidEndpoint: "b:1" })).not.toContain("b");
    cluster.kill("a");
    cluster.kill("c");
    expect(cluster.names(1, { avoidEndpoint: "b:1" })).toBe("b"); // rather than nobody
    expect(cluster.who({ endpoint: "a:1" }).status).toMatchObject({ code: Status.UNAVAILABLE });
    expect(cluster.who({ endpoint: "x:1" }).status?.message).toBe("no endpoint x:1");
  });

  test("callerFor pins all calls of a caller", () => {
    const cluster = new Cluster(["a", "b", "c"]);
    const caller = cluster.channel.callerFor("c:1");
    const endpoints: (string | null)[] = [];
    caller.unary("/t.S/Who", Buffer.alloc(0), {}, (status) => endpoints.push(status.endpoint));
    const stream = caller.stream("/t.S/Chat", {}, { onMessage: () => {}, onEnd: () => {} });
    cluster.clock.advance(0);
    expect([...endpoints, stream.endpoint]).toEqual(["c:1", "c:1"]);
  });

  test("setEndpoints keeps connections that stay, and lets calls on others end", () => {
    const cluster = new Cluster(["a", "b", "c"], { endpoints: ["a:1"] });
    const seen: string[] = [];
    const stream = cluster.channel.stream(
      "/t.S/Chat",
      {},
      {
        onMessage: (text) => seen.push(Buffer.from(text).toString()),
        onEnd: ({ code }) => seen.push(`end ${code}`),
      },
    );
    cluster.clock.advance(0);
    cluster.channel.setEndpoints(["b:1"]);
    cluster.clock.advance(0);
    expect(cluster.names(2)).toBe("bb");
    stream.send(Buffer.from("still here"));
    stream.halfClose();
    cluster.clock.advance(2_000);
    expect(seen).toEqual(["still here", "end 0"]);
    expect(cluster.up.get("a:1")!.connectionCount).toBe(0);
  });
});

describe("connecting", () => {
  test("without a server, a call fails at once and names the cause of each endpoint", () => {
    const cluster = new Cluster([]);
    const { status } = cluster.who();
    expect(status).toMatchObject({
      code: Status.UNAVAILABLE,
      message: "a:1: connection refused; b:1: connection refused; c:1: connection refused",
      mayHaveReachedServer: false,
    });
  });

  test("waitForReady waits until a server comes up, or the deadline", () => {
    const cluster = new Cluster([]);
    const [waits, expires] = [
      cluster.who({ waitForReady: true }),
      cluster.who({ waitForReady: true, timeoutMs: 500 }),
    ];
    cluster.clock.advance(2_000);
    expect(waits.status).toBeNull();
    expect(expires.status).toMatchObject({ code: Status.DEADLINE_EXCEEDED });
    cluster.start("c");
    cluster.clock.advance(10_000);
    expect(waits.name).toBe("c");
  });

  test("attempts back off, with jitter, up to the longest wait", () => {
    const cluster = new Cluster([], { endpoints: ["a:1"] });
    cluster.who();
    cluster.clock.advance(60_000);
    const gaps = cluster.dials.slice(1).map(({ atMs }, at) => atMs - cluster.dials[at]!.atMs);
    expect(gaps[0]).toBeGreaterThanOrEqual(80);
    expect(gaps[0]).toBeLessThanOrEqual(120);
    expect(gaps[3]).toBeGreaterThan(gaps[0]!);
    const last = gaps.slice(-5);
    for (const gap of last) {
      expect(gap).toBeGreaterThanOrEqual(4_000);
      expect(gap).toBeLessThanOrEqual(6_000);
    }
    expect(new Set(last).size).toBeGreaterThan(1);
  });

  test("the backoff grows by its factor and jitters to either side", () => {
    const none = { ...CONNECT_BACKOFF, jitter: 0 };
    const prng = seededPrng(1);
    expect([1, 2, 3, 50].map((n) => backoffMs(none, n, prng))).toEqual([
      100, 160, 256.00000000000006, 5_000,
    ]);
  });

  test("an attempt that hangs is given up after connectTimeoutMs", () => {
    let given = 0;
    const cluster = new Cluster([], {
      endpoints: ["a:1"],
      connectTimeoutMs: 300,
      dial: () => () => {
        given += 1;
      },
    });
    const seen = cluster.who();
    cluster.clock.advance(299);
    expect(seen.status).toBeNull();
    cluster.clock.advance(1);
    expect(seen.status?.message).toBe("a:1: not connected within 300 ms");
    expect(given).toBe(1);
  });

  test("a connection that served is replaced at once; one that died young only after a wait", () => {
    const cluster = new Cluster(["a"], { endpoints: ["a:1"] });
    cluster.who();
    cluster.clock.advance(1_000);
    cluster.kill("a");
    cluster.start("a");
    expect(cluster.dials.map(({ atMs }) => atMs)).toEqual([0, 1_000]);
    cluster.kill("a");
    cluster.clock.advance(0);
    const dialled = cluster.dials.length;
    cluster.clock.advance(10);
    expect(cluster.dials.length).toBe(dialled);
  });

  test("a server that drains: calls in progress end there, new ones go elsewhere", async () => {
    const cluster = new Cluster(["a", "b"], { endpoints: ["a:1", "b:1"] });
    const seen: string[] = [];
    const stream = cluster.channel.callerFor("a:1").stream(
      "/t.S/Chat",
      {},
      {
        onMessage: (text) => seen.push(Buffer.from(text).toString()),
        onEnd: ({ code }) => seen.push(`end ${code}`),
      },
    );
    cluster.clock.advance(0);
    const drained = cluster.up.get("a:1")!.drain();
    cluster.clock.advance(0);
    expect(cluster.names(4)).toBe("bbbb");
    stream.send(Buffer.from("last"));
    stream.halfClose();
    cluster.clock.advance(2_000);
    expect(seen).toEqual(["last", "end 0"]);
    await drained;
  });

  test("endpoints tell their state", () => {
    const cluster = new Cluster(["a"], { endpoints: ["a:1", "b:1"] });
    expect(cluster.channel.endpoints.map(({ state }) => state)).toEqual(["idle", "idle"]);
    cluster.who();
    expect(cluster.channel.endpoints).toEqual([
      { endpoint: "a:1", state: "ready", failure: null },
      { endpoint: "b:1", state: "waiting", failure: "connection refused" },
    ]);
  });
});

test.each([
  { what: "filled and half-closed", message: "hello" },
  { what: "only half-closed", message: null },
])(
  "a stream that was $what before there was a connection ends once, and in peace",
  ({ message }) => {
    const { channel, clock } = new Cluster(["a"], { endpoints: ["a:1"] });
    const seen: string[] = [];
    const stream = channel.stream(
      "/t.S/Chat",
      {},
      {
        onMessage: (bytes) => seen.push(Buffer.from(bytes).toString()),
        onEnd: ({ code }) => seen.push(`status ${code}`),
      },
    );
    if (message !== null) stream.send(Buffer.from(message));
    stream.halfClose();
    clock.advance(100);
    expect(seen.at(-1)).toBe("status 0");
    if (message !== null) expect(seen.join(" ")).toContain(message);
  },
);

describe("endpoints", () => {
  test.each([
    ["localhost:2379", { kind: "tcp", host: "localhost", port: 2379 }, null],
    ["http://h:1", { kind: "tcp", host: "h", port: 1 }, false],
    ["https://h", { kind: "tcp", host: "h", port: 443 }, true],
    ["[::1]:2379", { kind: "tcp", host: "::1", port: 2379 }, null],
    ["dns:///h:1", { kind: "tcp", host: "h", port: 1 }, null],
    ["unix:/run/x.sock", { kind: "unix", path: "/run/x.sock" }, null],
    ["unix:///run/x.sock", { kind: "unix", path: "/run/x.sock" }, null],
    ["unixs:x.sock", { kind: "unix", path: "x.sock" }, true],
  ])("%s", (endpoint, address, tls) => {
    expect(parseTarget(endpoint)).toMatchObject({ endpoint, address, tls });
  });

  test.each(["", "host", "h:1/path", "h:99999", "ftp://h:1", "http://u@h:1"])(
    "%j is none",
    (text) => {
      expect(() => parseTarget(text)).toThrow(TypeError);
    },
  );
});

test("the same seed gives the same run, to the last timer", () => {
  const run = (): string => {
    const cluster = new Cluster(["a", "b"]);
    const names = cluster.names(5);
    cluster.kill("a");
    cluster.clock.advance(7_000);
    cluster.start("c");
    cluster.clock.advance(7_000);
    return JSON.stringify([names, cluster.names(7), cluster.dials]);
  };
  expect(run()).toBe(run());
});
