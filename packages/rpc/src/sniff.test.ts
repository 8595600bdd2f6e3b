import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer, get, request } from "node:http";
import { request as requestTls } from "node:https";
import { connect, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { systemClock, VirtualClock } from "@conclave/base";
import { afterEach, describe, expect, test } from "vitest";
import { type Channel, createChannel } from "./channel.ts";
import { PREFACE } from "./frame.ts";
import { createRpcServer } from "./server.ts";
import { createPort, type PortOptions } from "./sniff.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "./testing/certificate.ts";
import { listenLocally } from "./testing/listener.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A port with our server and node's HTTP/1 server behind it. */
function bothProtocols(options: Partial<PortOptions> = {}): Server {
  const rpc = createRpcServer().unary("/t.S/Echo", (call, message) => call.reply(message));
  const http = createHttpServer((asked, answer) => {
    let body = "";
    asked.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    asked.on("end", () => answer.end(`${asked.method} ${asked.url} ${body}`));
  });
  const port = createPort({
    clock: systemClock(),
    onHttp2: (socket, firstBytes) => rpc.acceptSocket(socket, firstBytes),
    onHttp1: (socket) => http.emit("connection", socket),
    ...options,
  });
  ends.push(() => {
    rpc.close();
    http.closeAllConnections();
    port.close();
  });
  return port;
}

function echo(channel: Channel, text: string): Promise<string> {
  ends.push(() => channel.close());
  return new Promise((resolve) => {
    channel.unary("/t.S/Echo", Buffer.from(text), {}, (status, response) =>
      resolve(response === null ? status.message : Buffer.from(response).toString()),
    );
  });
}

function textOf(
  ask: (onResponse: (answer: NodeJS.ReadableStream) => void) => void,
): Promise<string> {
  return new Promise((resolve) => {
    ask((answer) => {
      let body = "";
      answer.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      answer.on("end", () => resolve(body));
    });
  });
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.resume();
  });
}

describe("one port", () => {
  test("serves gRPC and HTTP/1, GET and POST, kept alive", async () => {
    const port = await listenLocally(bothProtocols());
    expect(await echo(createChannel({ endpoints: [`127.0.0.1:${port}`] }), "h2")).toBe("h2");
    expect(await textOf((seen) => get(`http://127.0.0.1:${port}/health`, seen))).toBe(
      "GET /health ",
    );
    const posted = await textOf((seen) => {
      request({ port, host: "127.0.0.1", method: "POST", path: "/v3" }, seen).end("{}");
    });
    expect(posted).toBe("POST /v3 {}");
  });

  test("tells them apart over TLS by ALPN, and without ALPN by the first bytes", async () => {
    const port = await listenLocally(
      bothProtocols({ tls: { key: TEST_KEY, cert: TEST_CERTIFICATE } }),
    );
    const tls = { ca: TEST_CERTIFICATE };
    expect(await echo(createChannel({ endpoints: [`https://localhost:${port}`], tls }), "h2")).toBe(
      "h2",
    );
    const answer = await textOf((seen) => {
      requestTls(
        { port, host: "localhost", path: "/version", ca: TEST_CERTIFICATE, agent: false },
        seen,
      ).end();
    });
    expect(answer).toBe("GET /version ");
    const silent = connectTls({ port, host: "127.0.0.1", ca: TEST_CERTIFICATE });
    const first = new Promise<Buffer>((resolve) => silent.once("data", resolve));
    silent.write(PREFACE);
    expect((await first)[3]).toBe(4); // SETTINGS
    silent.destroy();
  });

  test("a unix socket serves as well", async () => {
    const directory = mkdtempSync(join(tmpdir(), "conclave-rpc-"));
    ends.push(() => rmSync(directory, { recursive: true }));
    const path = join(directory, "s");
    const port = bothProtocols();
    await new Promise<void>((resolve) => port.listen(path, resolve));
    expect(await echo(createChannel({ endpoints: [`unix:${path}`] }), "unix")).toBe("unix");
  });

  test("the preface may come an octet at a time", async () => {
    const port = await listenLocally(bothProtocols());
    const socket = connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    const first = new Promise<Buffer>((resolve) => socket.once("data", resolve));
    for (const octet of PREFACE) {
      socket.write(Buffer.from([octet]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await first)[3]).toBe(4);
    socket.destroy();
  });

  test("handshakeTimeoutMs: a socket that says nothing is closed", async () => {
    const clock = new VirtualClock();
    const listener = bothProtocols({ clock });
    const arrived = new Promise((resolve) => listener.once("connection", resolve));
    const socket = connect(await listenLocally(listener), "127.0.0.1");
    const gone = closed(socket);
    await arrived;
    clock.advance(10_000);
    await gone;
  });

  test("undecidedMax: one more that says nothing is closed as it comes", async () => {
    const port = await listenLocally(bothProtocols({ undecidedMax: 1 }));
    const silent = connect(port, "127.0.0.1");
    await new Promise((resolve) => silent.once("connect", resolve));
    await closed(connect(port, "127.0.0.1"));
    const freed = new Promise((resolve) => silent.once("close", resolve));
    silent.end("GET /x HTTP/1.0\r\n\r\n");
    silent.resume();
    await freed; // decided and served: there is room again
    expect(await textOf((seen) => get(`http://127.0.0.1:${port}/y`, seen))).toBe("GET /y ");
  });

  test("garbage in a TLS handshake harms nobody", async () => {
    const port = await listenLocally(
      bothProtocols({ tls: { key: TEST_KEY, cert: TEST_CERTIFICATE } }),
    );
    const socket = connect(port, "127.0.0.1");
    const gone = closed(socket);
    socket.write("this is no ClientHello");
    await gone;
    const tls = { ca: TEST_CERTIFICATE };
    expect(await echo(createChannel({ endpoints: [`https://localhost:${port}`], tls }), "on")).toBe(
      "on",
    );
  });
});

test("a port that speaks no HTTP/2 at all is named as the cause", async () => {
  const { createServer } = await import("node:net");
  const other = createServer((socket) => socket.end("220 smtp ready\r\n"));
  ends.push(() => other.close());
  const endpoint = `127.0.0.1:${await listenLocally(other)}`;
  expect(await echo(createChannel({ endpoints: [endpoint] }), "x")).toContain(`${endpoint}: `);
});
