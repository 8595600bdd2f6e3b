// Both directions against @grpc/grpc-js over real sockets. Bytes go through as they are, no protobuf involved.

import { systemClock } from "@conclave/base";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallOptions, CallStatus } from "./call.ts";
import { type Channel, createChannel } from "./channel.ts";
import { createRpcServer } from "./server.ts";
import { createPort } from "./sniff.ts";
import { Status, type StatusCode } from "./status.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "./testing/certificate.ts";
import { listenLocally } from "./testing/listener.ts";
import { chat } from "./testing/raw-client.ts";

const same = (bytes: Buffer): Buffer => bytes;
const LARGE = Buffer.alloc(1_900_000, "large "); // beyond a frame, and beyond every initial window

interface Harness {
  /** Makes a unary call and tells its end. */
  unary(path: string, request: Buffer, options?: CallOptions): Promise<Answer>;
  /** Sends all messages, half-closes, collects what comes. */
  chat(path: string, requests: readonly Buffer[], cancelAfter?: number): Promise<Conversation>;
}

interface Answer {
  readonly code: StatusCode;
  readonly message: string;
  readonly response: Buffer | null;
  readonly trailer: string | undefined;
}

interface Conversation {
  readonly code: StatusCode;
  readonly responses: Buffer[];
}

/** What every pair of client and server must do alike. */
function behaves(harness: () => Harness): void {
  test("unary, many at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, at) => harness().unary("/t.S/Echo", Buffer.from(`m${at}`))),
    );
    expect(answers.map(({ response }) => response?.toString())).toEqual(
      Array.from({ length: 1_000 }, (_, at) => `m${at}`),
    );
  });

  test("an empty message and a large one", async () => {
    expect((await harness().unary("/t.S/Echo", Buffer.alloc(0))).response).toHaveLength(0);
    expect((await harness().unary("/t.S/Echo", LARGE)).response?.equals(LARGE)).toBe(true);
  });

  test("an error with its text, whatever is in it", async () => {
    const answer = await harness().unary("/t.S/Fail", Buffer.from("10% ö \n€ etcdserver: x"));
    expect(answer).toMatchObject({ code: Status.ABORTED, message: "10% ö \n€ etcdserver: x" });
  });

  test("a method nobody serves", async () => {
    expect(await harness().unary("/t.S/Nope", Buffer.alloc(0))).toMatchObject({
      code: Status.UNIMPLEMENTED,
    });
  });

  test("metadata there and back", async () => {
    const answer = await harness().unary("/t.S/Meta", Buffer.alloc(0), { metadata: { ask: "7" } });
    expect(answer).toMatchObject({ code: Status.OK, trailer: "got 7" });
  });

  test("a deadline", async () => {
    const answer = await harness().unary("/t.S/Never", Buffer.alloc(0), { timeoutMs: 50 });
    expect(answer.code).toBe(Status.DEADLINE_EXCEEDED);
  });

  test("a stream of many messages, small and large, in both directions", async () => {
    const requests = Array.from({ length: 200 }, (_, at) =>
      Buffer.alloc(at % 50 === 0 ? 300_000 : at, `${at}`),
    );
    const { code, responses } = await harness().chat("/t.S/Chat", requests);
    expect(code).toBe(Status.OK);
    expect(Buffer.concat(responses).equals(Buffer.concat(requests))).toBe(true);
    expect(responses).toHaveLength(requests.length);
  });

  test("cancellation of a stream", async () => {
    const { code } = await harness().chat("/t.S/Open", [Buffer.from("x")], 1);
    expect(code).toBe(Status.CANCELLED);
  });
}

/** Our server, with everything that `behaves` asks of it. */
function ourServer() {
  return createRpcServer()
    .unary("/t.S/Echo", (call, message) => call.reply(message))
    .unary("/t.S/Never", () => {})
    .unary("/t.S/Fail", (call, message) =>
      call.fail(Status.ABORTED, Buffer.from(message).toString()),
    )
    .unary("/t.S/Meta", (call) => {
      call.addTrailingMetadata("answer", `got ${call.metadata.get("ask")}`);
      call.reply(Buffer.alloc(0));
    })
    .stream("/t.S/Chat", chat)
    .stream("/t.S/Open", (stream) => ({ ...chat(stream), onHalfClose: () => {} }));
}

function theirServer(): grpc.Server {
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  const codec = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  const unary = (name: string) => ({
    ...codec,
    path: `/t.S/${name}`,
    requestStream: false,
    responseStream: false,
  });
  const bidi = (name: string) => ({
    ...codec,
    path: `/t.S/${name}`,
    requestStream: true,
    responseStream: true,
  });
  type Unary = grpc.handleUnaryCall<Buffer, Buffer>;
  type Bidi = grpc.handleBidiStreamingCall<Buffer, Buffer>;
  const echo: Unary = (call, answer) => answer(null, call.request);
  const fail: Unary = (call, answer) =>
    answer({ code: grpc.status.ABORTED, details: call.request.toString() });
  const meta: Unary = (call, answer) => {
    const trailers = new grpc.Metadata();
    trailers.set("answer", `got ${call.metadata.get("ask")[0]}`);
    answer(null, Buffer.alloc(0), trailers);
  };
  const converse: Bidi = (call) => {
    call.on("data", (bytes: Buffer) => call.write(bytes));
    call.on("end", () => call.end());
  };
  const open: Bidi = (call) => {
    call.on("data", (bytes: Buffer) => call.write(bytes));
  };
  server.addService(
    {
      Echo: unary("Echo"),
      Never: unary("Never"),
      Fail: unary("Fail"),
      Meta: unary("Meta"),
      Chat: bidi("Chat"),
      Open: bidi("Open"),
    },
    { Echo: echo, Never: (() => {}) as Unary, Fail: fail, Meta: meta, Chat: converse, Open: open },
  );
  return server;
}

function ourClient(channel: Channel): Harness {
  return {
    unary: (path, request, options = {}) =>
      new Promise((resolve) => {
        channel.unary(path, request, options, (status, response) => {
          const { code, message, trailers } = status;
          const copy = response === null ? null : Buffer.from(response);
          resolve({ code, message, response: copy, trailer: trailers.get("answer") });
        });
      }),
    chat: (path, requests, cancelAfter) =>
      new Promise((resolve) => {
        const responses: Buffer[] = [];
        const waiting = [...requests];
        const push = (): void => {
          while (waiting.length > 0 && stream.writable) stream.send(waiting.shift()!);
          if (waiting.length === 0 && cancelAfter === undefined) stream.halfClose();
        };
        const stream = channel.stream(
          path,
          {},
          {
            onMessage: (bytes) => {
              responses.push(Buffer.from(bytes));
              if (responses.length === cancelAfter) stream.cancel();
            },
            onDrain: () => push(),
            onEnd: ({ code }: CallStatus) => resolve({ code, responses }),
          },
        );
        push();
      }),
  };
}

function theirClient(client: grpc.Client): Harness {
  return {
    unary: (path, request, options = {}) =>
      new Promise((resolve) => {
        const metadata = new grpc.Metadata();
        for (const [name, value] of Object.entries(options.metadata ?? {}))
          metadata.set(name, value);
        const callOptions =
          options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs };
        let answered: Buffer | null = null;
        const call = client.makeUnaryRequest(
          path,
          same,
          same,
          request,
          metadata,
          callOptions,
          (_error, response) => {
            answered = response ?? null;
          },
        );
        call.on("status", ({ code, details, metadata: trailers }) => {
          const trailer = trailers.get("answer")[0]?.toString();
          setImmediate(() =>
            resolve({ code: code as StatusCode, message: details, response: answered, trailer }),
          );
        });
      }),
    chat: (path, requests, cancelAfter) =>
      new Promise((resolve) => {
        const responses: Buffer[] = [];
        const call = client.makeBidiStreamRequest(path, same, same);
        call.on("data", (bytes: Buffer) => {
          responses.push(bytes);
          if (responses.length === cancelAfter) call.cancel();
        });
        call.on("error", () => {});
        call.on("status", ({ code }) =>
          setImmediate(() => resolve({ code: code as StatusCode, responses })),
        );
        for (const request of requests) call.write(request);
        if (cancelAfter === undefined) call.end();
      }),
  };
}

const clock = systemClock();
const noHttp1 = (): void => {
  throw new Error("nobody speaks HTTP/1 here");
};

describe("grpc-js calls our server", () => {
  const server = ourServer();
  const port = createPort({
    clock,
    onHttp1: noHttp1,
    onHttp2: (socket, bytes) => server.acceptSocket(socket, bytes),
  });
  let client: grpc.Client;
  beforeAll(async () => {
    const credentials = grpc.credentials.createInsecure();
    client = new grpc.Client(`127.0.0.1:${await listenLocally(port)}`, credentials);
  });
  afterAll(async () => {
    client.close();
    await server.drain();
    port.close();
  });
  behaves(() => theirClient(client));

  test("a message over the limit is RESOURCE_EXHAUSTED in the words of grpc-go, and the connection goes on", async () => {
    const answer = await theirClient(client).unary("/t.S/Echo", Buffer.alloc(3_000_000));
    expect(answer).toMatchObject({
      code: Status.RESOURCE_EXHAUSTED,
      message: "grpc: received message larger than max (3000000 vs. 2097152)",
    });
    expect(server.connectionCount).toBe(1);
  });

  test("gzip is refused with UNIMPLEMENTED", async () => {
    const options = { "grpc.default_compression_algorithm": 2 };
    const zipping = new grpc.Client(
      client.getChannel().getTarget(),
      grpc.credentials.createInsecure(),
      options,
    );
    const answer = await theirClient(zipping).unary("/t.S/Echo", Buffer.alloc(1_000));
    zipping.close();
    expect(answer).toMatchObject({ code: Status.UNIMPLEMENTED });
    expect(answer.message).toContain('Decompressor is not installed for grpc-encoding "gzip"');
  });

  test("no call is left behind", async () => {
    await expect.poll(() => server.callCount).toBe(0);
    expect(server.deadlines.size).toBe(0);
  });
});

describe("our channel calls grpc-js", () => {
  const server = theirServer();
  let channel: Channel;
  beforeAll(async () => {
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    channel = createChannel({ endpoints: [`127.0.0.1:${bound}`] });
  });
  afterAll(() => {
    channel.close();
    server.forceShutdown();
  });
  behaves(() => ourClient(channel));
});

describe("our channel calls our server over TLS", () => {
  const server = ourServer();
  const tls = { key: TEST_KEY, cert: TEST_CERTIFICATE };
  const port = createPort({
    clock,
    tls,
    onHttp1: noHttp1,
    onHttp2: (socket, bytes) => server.acceptSocket(socket, bytes),
  });
  let channel: Channel;
  beforeAll(async () => {
    const endpoint = `https://127.0.0.1:${await listenLocally(port)}`;
    channel = createChannel({ endpoints: [endpoint], tls: { ca: TEST_CERTIFICATE } });
  });
  afterAll(() => {
    channel.close();
    server.close();
    port.close();
  });
  behaves(() => ourClient(channel));

  test("a certificate that nobody vouches for is refused, by name", async () => {
    const strict = createChannel({ endpoints: channel.endpoints.map(({ endpoint }) => endpoint) });
    const answer = await ourClient(strict).unary("/t.S/Echo", Buffer.alloc(0));
    strict.close();
    expect(answer.code).toBe(Status.UNAVAILABLE);
    expect(answer.message).toContain("self-signed certificate");
  });
});

describe("grpc-js calls our server over TLS", () => {
  test("with ALPN", async () => {
    const server = ourServer();
    const tls = { key: TEST_KEY, cert: TEST_CERTIFICATE };
    const port = createPort({
      clock,
      tls,
      onHttp1: noHttp1,
      onHttp2: (socket, bytes) => server.acceptSocket(socket, bytes),
    });
    const credentials = grpc.credentials.createSsl(Buffer.from(TEST_CERTIFICATE));
    const client = new grpc.Client(`localhost:${await listenLocally(port)}`, credentials, {
      "grpc.ssl_target_name_override": "localhost",
    });
    const answer = await theirClient(client).unary("/t.S/Echo", Buffer.from("sealed"));
    client.close();
    server.close();
    port.close();
    expect(answer.response?.toString()).toBe("sealed");
  });
});
