import { type AddressInfo, createServer } from "node:net";
import { seededPrng, VirtualClock } from "@conclave/base";
import * as grpc from "@grpc/grpc-js";
import { expect, test } from "vitest";
import {
  type Caller,
  type CallStatus,
  clockTurn,
  createChannel,
  createRpcServer,
  memoryChannel,
  Status,
} from "./index.ts";

function call(c: Caller, path: string, text: string, o = {}): Promise<[CallStatus, string | null]> {
  return new Promise((r) =>
    c.unary(path, Buffer.from(text), o, (s, m) =>
      r([s, m === null ? null : Buffer.from(m).toString()]),
    ),
  );
}
test("own channel, own server, sockets", async () => {
  const server = createRpcServer();
  server.unary("/t.E/Echo", (c, m) => c.reply(m));
  const net = createServer((s) => server.acceptSocket(s));
  await new Promise<void>((r) => net.listen(0, "127.0.0.1", r));
  const port = (net.address() as AddressInfo).port;
  const ch = createChannel({ endpoints: [`127.0.0.1:${port}`] });
  const all = await Promise.all(
    Array.from({ length: 2000 }, (_, i) => call(ch, "/t.E/Echo", `m${i}`, { timeoutMs: 5000 })),
  );
  all.forEach(([s, m], i) => {
    expect(s.code).toBe(Status.OK);
    expect(m).toBe(`m${i}`);
  });
  expect((await call(ch, "/t.E/Nope", "x"))[0]).toMatchObject({
    code: 12,
    message: "unknown method Nope for service t.E",
  });
  const big = "x".repeat(1_900_000);
  expect((await call(ch, "/t.E/Echo", big))[1]!.length).toBe(big.length);
  expect((await call(ch, "/t.E/Echo", "x".repeat(3_000_000)))[0]).toMatchObject({
    code: 8,
    message: "grpc: received message larger than max (3000000 vs. 2097152)",
  });
  ch.close();
  server.close();
  net.close();
});
test("in memory", () => {
  const clock = new VirtualClock();
  const server = createRpcServer({ clock, atTurnEnd: clockTurn(clock) });
  server.unary("/t.E/Echo", (c, m) => c.reply(m));
  const ch = memoryChannel(server, clock, { prng: seededPrng(1) });
  let got = "";
  ch.unary("/t.E/Echo", Buffer.from("hi"), { timeoutMs: 100 }, (_s, m) => {
    got = Buffer.from(m!).toString();
  });
  clock.advance(1);
  expect(got).toBe("hi");
});
test("grpc-js server", async () => {
  const s = new grpc.Server();
  const raw = (b: Buffer) => b;
  s.addService(
    {
      Echo: {
        path: "/t.E/Echo",
        requestStream: false,
        responseStream: false,
        requestSerialize: raw,
        requestDeserialize: raw,
        responseSerialize: raw,
        responseDeserialize: raw,
      },
    } as grpc.ServiceDefinition,
    {
      Echo: (c: grpc.ServerUnaryCall<Buffer, Buffer>, cb: grpc.sendUnaryData<Buffer>) =>
        cb(null, c.request),
    },
  );
  const port = await new Promise<number>((r) =>
    s.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (_e, p) => r(p)),
  );
  const ch = createChannel({ endpoints: [`127.0.0.1:${port}`] });
  expect((await call(ch, "/t.E/Echo", "hello"))[1]).toBe("hello");
  expect((await call(ch, "/t.E/Zip", "hello"))[0].code).toBe(12);
  ch.close();
  s.forceShutdown();
});
