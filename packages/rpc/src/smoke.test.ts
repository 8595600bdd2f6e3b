import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { createRpcServer } from "./index.ts";

test("grpc-js echo", async () => {
  const server = createRpcServer();
  server.unary("/t.E/Echo", (call, m) => call.reply(m));
  const net = createServer((s) => server.acceptSocket(s));
  await new Promise<void>((r) => net.listen(0, "127.0.0.1", r));
  const port = (net.address() as AddressInfo).port;
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  for (let i = 0; i < 5; i++) {
    const reply = await new Promise<Buffer>((resolve, reject) =>
      client.makeUnaryRequest(
        "/t.E/Echo",
        (b: Buffer) => b,
        (b: Buffer) => b,
        Buffer.from(`hello${i}`),
        { deadline: Date.now() + 2000 },
        (e, r) => (e ? reject(e) : resolve(r!)),
      ),
    );
    expect(reply.toString()).toBe(`hello${i}`);
  }
  const err = await new Promise<grpc.ServiceError>((resolve) =>
    client.makeUnaryRequest(
      "/t.E/Nope",
      (b: Buffer) => b,
      (b: Buffer) => b,
      Buffer.from("x"),
      { deadline: Date.now() + 2000 },
      (e) => resolve(e!),
    ),
  );
  expect(err.message).toBe("12 UNIMPLEMENTED: unknown method Nope for service t.E");
  client.close();
  server.close();
  net.close();
});
