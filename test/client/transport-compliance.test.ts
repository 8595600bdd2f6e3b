import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { grpcTransport } from "@conclave/client/grpc-js";
import { createRpcServer, Status, type UnaryCall } from "@conclave/rpc";
import { KV, Watch } from "@conclave/wire";
import { afterEach, describe, expect, test } from "vitest";
import { openChannel } from "../../packages/client/src/transport/h2.ts";
import type { ClosableCaller } from "../../packages/client/src/transport/transport.ts";
import { StreamProbe, unary } from "../support/caller-probe.ts";
import { CuttingProxy } from "../support/cutting-proxy.ts";
import { describeEachServer, type ServerUnderTest } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { freePorts } from "../support/free-ports.ts";

/** What every transport does, whoever wrote its HTTP/2. */
const transports = { "our transport": openChannel, "grpc-js": grpcTransport() };

const text = (value: string) => new TextEncoder().encode(value);
const REQUIRE_LEADER = { hasleader: "true" };
const MEBIBYTE = 2 ** 20;

/** Callers and proxies of one suite, closed after each test. */
function toolsOf(open: (typeof transports)[keyof typeof transports]) {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return {
    caller(...endpoints: readonly string[]): ClosableCaller {
      const caller = open(endpoints, undefined);
      closing.push(() => caller.close());
      return caller;
    },
    async proxy(target: string): Promise<CuttingProxy> {
      const proxy = await CuttingProxy.start(target);
      closing.push(() => proxy[Symbol.asyncDispose]());
      return proxy;
    },
    /** A server that answers each unary call by `answer`. @returns its endpoint */
    async server(answer: (call: UnaryCall, message: Uint8Array) => void): Promise<string> {
      const rpc = createRpcServer();
      rpc.unary(KV.Put.path, answer);
      const listener = createServer((socket) => rpc.acceptSocket(socket));
      listener.listen(0, "127.0.0.1");
      await once(listener, "listening");
      closing.push(() => {
        listener.close();
        rpc.close();
      });
      return `127.0.0.1:${(listener.address() as AddressInfo).port}`;
    },
  };
}

describe.each(Object.entries(transports))("%s", (_name, open) => {
  const tools = toolsOf(open);
  const put = { key: text("k"), value: text("v") };

  test("a request that nobody listened for was never sent, and the status says what happened", async () => {
    const [port] = await freePorts(1);
    const endpoint = `127.0.0.1:${port}`;
    const { status } = await unary(tools.caller(endpoint), KV.Put, put, { timeoutMs: 3_000 });
    expect(status).toMatchObject({
      code: Status.UNAVAILABLE,
      mayHaveReachedServer: false,
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test("a call whose time is over before it begins was never sent", async () => {
    const { status } = await unary(tools.caller("127.0.0.1:1"), KV.Put, put, { timeoutMs: 0 });
    expect(status).toMatchObject({ code: Status.DEADLINE_EXCEEDED, mayHaveReachedServer: false });
  });

  test("metadata arrives with the call, and that of the answer with its status", async () => {
    let token: string | undefined;
    const endpoint = await tools.server((call) => {
      token = call.metadata.get("token");
      call.addTrailingMetadata("said", "no");
      call.fail(Status.FAILED_PRECONDITION, "not now: 50 % ö");
    });
    const options = { metadata: { token: "secret" }, timeoutMs: 5_000 };
    const { status } = await unary(tools.caller(endpoint), KV.Put, put, options);
    expect(token).toBe("secret");
    expect(status).toMatchObject({ code: Status.FAILED_PRECONDITION, message: "not now: 50 % ö" });
    expect(status).toMatchObject({ mayHaveReachedServer: true, endpoint });
    expect(status.trailers.get("said")).toBe("no");
  });

  test("a call past its deadline ends, may have been applied, and the server is told to stop", async () => {
    let call: UnaryCall | undefined;
    const endpoint = await tools.server((slow) => {
      call = slow;
    });
    const answer = await unary(tools.caller(endpoint), KV.Put, put, { timeoutMs: 300 });
    expect(answer.status).toMatchObject({
      code: Status.DEADLINE_EXCEEDED,
      mayHaveReachedServer: true,
    });
    expect(answer.tookMs).toBeGreaterThanOrEqual(280);
    expect(answer.tookMs).toBeLessThan(3_000);
    await eventually(() => expect(call?.cancelled).toBe(true));
    call?.fail(Status.CANCELLED, "nobody waits");
  });

  test("a signal ends a call in the middle; before it was made, nothing is sent", async () => {
    let calls = 0;
    const endpoint = await tools.server((slow) => {
      calls += 1;
      slow.onCancel = () => slow.fail(Status.CANCELLED, "nobody waits");
    });
    const caller = tools.caller(endpoint);
    const controller = new AbortController();
    const { signal } = controller;
    const first = unary(caller, KV.Put, put, { signal });
    await eventually(() => expect(calls).toBe(1));
    controller.abort();
    const middle = await first;
    expect(middle.status).toMatchObject({ code: Status.CANCELLED, mayHaveReachedServer: true });
    const late = await unary(caller, KV.Put, put, { signal });
    expect(late.status).toMatchObject({ code: Status.CANCELLED, mayHaveReachedServer: false });
    expect(calls).toBe(1);
  });

  test("a thousand calls on one signal are one listener on it", async () => {
    const endpoint = await tools.server((call) => call.fail(Status.ABORTED, "no"));
    const caller = tools.caller(endpoint);
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      add(...args);
    };
    const calls = Array.from({ length: 1_000 }, () => unary(caller, KV.Put, put, { signal }));
    await Promise.all(calls);
    expect(listeners).toBe(1);
  });
});

describeEachServer(
  "transports",
  (server) => {
    describe.each(Object.entries(transports))("%s", (_name, open) => {
      onServer(server, toolsOf(open));
    });
  },
  { sizes: [1] },
);

function onServer(server: ServerUnderTest, tools: ReturnType<typeof toolsOf>): void {
  const put = (value = "v") => ({ key: text(server.prefix("t")), value: text(value) });
  const endpoint = () => server.deployment.endpoints[0]!;

  test("a call is answered, and its status tells where", async () => {
    const { status, response } = await unary(tools.caller(endpoint()), KV.Put, put());
    expect(status).toMatchObject({ code: Status.OK, endpoint: endpoint() });
    expect(response?.header?.revision).toBeGreaterThan(0);
  });

  test("a refusal keeps its text", async () => {
    const { status } = await unary(tools.caller(endpoint()), KV.Put, { key: new Uint8Array() });
    expect(status).toMatchObject({
      code: Status.INVALID_ARGUMENT,
      message: "etcdserver: key is not provided",
      mayHaveReachedServer: true,
    });
  });

  test("large messages pass both ways", async () => {
    const caller = tools.caller(endpoint());
    const prefix = server.prefix("large");
    for (let number = 0; number < 6; number += 1) {
      const request = { key: text(`${prefix}${number}`), value: new Uint8Array(MEBIBYTE).fill(7) };
      expect((await unary(caller, KV.Put, request)).status.code).toBe(Status.OK);
    }
    const range = { key: text(prefix), rangeEnd: text(`${prefix}~`) };
    const { response } = await unary(caller, KV.Range, range);
    const bytes = response?.kvs.reduce((sum, { value }) => sum + value.length, 0);
    expect(bytes).toBe(6 * MEBIBYTE);
  });

  test("a connection that breaks after the request was sent leaves doubt", async () => {
    const proxy = await tools.proxy(endpoint());
    const caller = tools.caller(proxy.endpoint);
    await unary(caller, KV.Put, put());
    proxy.arm({ direction: "down", afterBytes: 0, kind: "reset" });
    const request = put();
    const { status } = await unary(caller, KV.Put, request, { timeoutMs: 5_000 });
    expect(status).toMatchObject({ code: Status.UNAVAILABLE, mayHaveReachedServer: true });
    // It was applied: the doubt was real.
    const { response } = await unary(tools.caller(endpoint()), KV.Range, { key: request.key });
    expect(response?.count).toBe(1);
  });

  test("calls go on where a member answers, and again where one comes back", async () => {
    const proxy = await tools.proxy(endpoint());
    const [dead] = await freePorts(1);
    const caller = tools.caller(`127.0.0.1:${dead}`, proxy.endpoint);
    for (let turn = 0; turn < 6; turn += 1) {
      const { status } = await unary(caller, KV.Put, put(), { timeoutMs: 5_000 });
      expect(status).toMatchObject({ code: Status.OK, endpoint: proxy.endpoint });
    }
    proxy.resetAll();
    await eventually(async () => {
      const { status } = await unary(caller, KV.Put, put(), { timeoutMs: 5_000 });
      expect(status.code).toBe(Status.OK);
    });
  });

  test("a call avoids an endpoint while another is connected, and keeps to one it is bound to", async () => {
    const [one, two] = [await tools.proxy(endpoint()), await tools.proxy(endpoint())];
    const caller = tools.caller(one.endpoint, two.endpoint);
    const wentTo = async (options: { endpoint?: string; avoidEndpoint?: string }) =>
      (await unary(caller, KV.Put, put(), { timeoutMs: 5_000, ...options })).status.endpoint;
    for (const each of [one, two]) {
      expect(await wentTo({ endpoint: each.endpoint })).toBe(each.endpoint);
    }
    for (let turn = 0; turn < 4; turn += 1) {
      expect(await wentTo({ avoidEndpoint: one.endpoint })).toBe(two.endpoint);
    }
    await two[Symbol.asyncDispose]();
    await eventually(async () => {
      expect(await wentTo({ avoidEndpoint: two.endpoint })).toBe(one.endpoint);
      expect(await wentTo({ avoidEndpoint: one.endpoint })).toBe(one.endpoint);
    });
  });

  test("a stream carries messages both ways until it is cancelled, and ends once", async () => {
    const watch = new StreamProbe(tools.caller(endpoint()), Watch.Watch, {
      metadata: REQUIRE_LEADER,
    });
    const request = put();
    watch.send({ createRequest: { key: request.key } }); // before it is connected
    await eventually(() => expect(watch.messages[0]?.created).toBe(true));
    expect(watch.opened).toBe(1);
    expect(watch.stream.endpoint).toBe(endpoint());
    await unary(tools.caller(endpoint()), KV.Put, request);
    await eventually(() => expect(watch.messages[1]?.events).toHaveLength(1));
    watch.stream.cancel();
    expect(watch.ends).toEqual([]); // not from inside
    expect(await watch.ended).toMatchObject({ code: Status.CANCELLED });
    watch.stream.cancel();
    expect(watch.send({ progressRequest: {} })).toBe(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(watch.ends).toHaveLength(1);
  });

  test("a stream whose connection breaks ends with UNAVAILABLE", async () => {
    const proxy = await tools.proxy(endpoint());
    const watch = new StreamProbe(tools.caller(proxy.endpoint), Watch.Watch);
    watch.send({ createRequest: { key: text("k") } });
    await eventually(() => expect(watch.messages).toHaveLength(1));
    proxy.resetAll();
    expect(await watch.ended).toMatchObject({ code: Status.UNAVAILABLE, endpoint: proxy.endpoint });
  });

  test("a stream that nobody takes from asks its sender to stop, and to go on when there is room", async () => {
    const proxy = await tools.proxy(endpoint());
    const caller = tools.caller(proxy.endpoint);
    const watch = new StreamProbe(caller, Watch.Watch);
    watch.send({ progressRequest: {} });
    await eventually(() => expect(watch.opened).toBe(1));
    proxy.silence();
    const create = { createRequest: { key: new Uint8Array(64 * 1024).fill(1) } };
    let sent = 0;
    while (watch.send(create) && sent < 1_000) sent += 1;
    expect(sent).toBeLessThan(1_000);
    expect(watch.stream.writable).toBe(false);
    expect(watch.drains).toBe(0);
    proxy.speak();
    await eventually(() => expect(watch.drains).toBeGreaterThan(0));
    expect(watch.stream.writable).toBe(true);
  });

  test("a paused stream holds its messages back, and gives them out in order when it goes on", async () => {
    const caller = tools.caller(endpoint());
    const watch = new StreamProbe(caller, Watch.Watch);
    const request = put();
    watch.send({ createRequest: { key: request.key } });
    await eventually(() => expect(watch.messages).toHaveLength(1));
    watch.stream.pause();
    for (let turn = 0; turn < 200; turn += 1) {
      await unary(caller, KV.Put, { ...request, value: text(`${turn}`.padEnd(40_000)) });
    }
    const held = watch.messages.length;
    watch.stream.resume();
    const seen = () => watch.messages.flatMap(({ events }) => events);
    await eventually(() => expect(seen()).toHaveLength(200));
    expect(held).toBeLessThan(200);
    const revisions = seen().map(({ kv }) => kv?.modRevision ?? 0);
    expect(revisions).toEqual([...revisions].sort((one, other) => one - other));
  });

  test("close ends what is under way, and nothing of it is left", async () => {
    const proxy = await tools.proxy(endpoint());
    const caller = tools.caller(proxy.endpoint);
    await unary(caller, KV.Put, put());
    const watch = new StreamProbe(caller, Watch.Watch);
    watch.send({ createRequest: { key: text("k") } });
    await eventually(() => expect(watch.messages).toHaveLength(1));
    proxy.silence();
    const call = unary(caller, KV.Put, put());
    caller.close();
    expect((await call).status).toMatchObject({
      code: Status.UNAVAILABLE,
      mayHaveReachedServer: true,
    });
    expect(await watch.ended).toMatchObject({ code: Status.UNAVAILABLE });
    const late = await unary(caller, KV.Put, put());
    expect(late.status).toMatchObject({ code: Status.CANCELLED, mayHaveReachedServer: false });
    proxy.speak();
    await eventually(() => expect(proxy.open).toBe(0));
  });
}

describeEachServer(
  "transports",
  (server) => {
    describe.each(Object.entries(transports))("%s", (_name, open) => {
      const tools = toolsOf(open);
      const put = { key: text("cluster"), value: text("v") };

      test("calls go to the members that are left when one dies; a stream that needs a leader ends without one", async () => {
        const { members, endpoints } = server.deployment;
        const [kept, ...others] = members;
        const caller = tools.caller(...endpoints);
        const works = async () => {
          const { status } = await unary(caller, KV.Put, put, { timeoutMs: 3_000 });
          expect(status).toMatchObject({ code: Status.OK });
        };
        await eventually(works);
        await others[0]!.kill();
        await eventually(works, 15_000);
        const watch = new StreamProbe(caller, Watch.Watch, {
          metadata: REQUIRE_LEADER,
          endpoint: kept!.endpoint,
        });
        watch.send({ createRequest: { key: text("untouched") } }); // A member behind would tell of the puts.
        await eventually(() => expect(watch.messages).toHaveLength(1));
        await others[1]!.kill();
        const ended = await watch.ended;
        expect(ended).toMatchObject({
          code: Status.UNAVAILABLE,
          message: "etcdserver: no leader",
        });
        await Promise.all(others.map((member) => member.restart()));
      }, 60_000);
    });
  },
  { sizes: [3] },
);
