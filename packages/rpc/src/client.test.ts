import { seededPrng, VirtualClock } from "@conclave/base";
import { describe, expect, test } from "vitest";
import type { CallOptions, CallStatus, ClientStream } from "./call.ts";
import { Channel, type ChannelOptions } from "./channel.ts";
import { ErrorCode } from "./error-code.ts";
import { Flag, FrameType, Setting } from "./frame.ts";
import { Status } from "./status.ts";
import { frame, message, type RawPeer, rawPeer, settings, uint32 } from "./testing/raw-peer.ts";
import { clockTurn } from "./turn.ts";

const { END_HEADERS, END_STREAM } = Flag;
const HEAD = [
  [":status", "200"],
  ["content-type", "application/grpc"],
] as const;
const OK = [["grpc-status", "0"]] as const;

interface Ended {
  status: CallStatus | null;
  response: string | null;
}

/** A channel whose server is a raw peer; each connection it makes is a new one. */
class RawServer {
  readonly clock = new VirtualClock();
  readonly peers: RawPeer[] = [];
  readonly channel: Channel;

  constructor(options: Partial<ChannelOptions> = {}, serverSettings: Buffer = settings()) {
    this.channel = new Channel({
      endpoints: ["raw:1"],
      clock: this.clock,
      atTurnEnd: clockTurn(this.clock),
      prng: seededPrng(1),
      dial: (_target, result) => {
        const timer = this.clock.setTimer(0, () => {
          const { peer, link } = rawPeer(this.clock, { isServer: true });
          this.peers.push(peer);
          result.onLink(link);
          peer.send(serverSettings);
        });
        return () => timer.cancel();
      },
      ...options,
    });
  }

  get peer(): RawPeer {
    return this.peers.at(-1)!;
  }

  call(options: CallOptions = {}, request: Buffer = Buffer.from("ask")): Ended {
    const ended: Ended = { status: null, response: null };
    this.channel.unary("/t.S/Ask", request, options, (status, response) => {
      expect(ended.status).toBeNull(); // exactly once
      ended.status = status;
      ended.response = response === null ? null : Buffer.from(response).toString();
    });
    expect(ended.status).toBeNull(); // never from inside
    this.clock.advance(0);
    return ended;
  }

  open(options: CallOptions = {}): { stream: ClientStream; seen: string[]; ended: Ended } {
    const seen: string[] = [];
    const ended: Ended = { status: null, response: null };
    const stream = this.channel.stream("/t.S/Open", options, {
      onOpen: (metadata) => seen.push(`open ${metadata.get("a") ?? ""}`),
      onMessage: (text) => seen.push(`message ${Buffer.from(text).toString()}`),
      onDrain: () => seen.push("drain"),
      onEnd: (status) => {
        expect(ended.status).toBeNull();
        ended.status = status;
      },
    });
    this.clock.advance(0);
    return { stream, seen, ended };
  }

  say(...frames: readonly Uint8Array[]): void {
    this.peer.send(...frames);
    this.clock.advance(0);
  }

  /** A good answer. */
  answer(id: number, text = "answer"): void {
    this.say(
      this.peer.headers(id, END_HEADERS, HEAD),
      frame(FrameType.DATA, 0, id, message(text)),
      this.peer.headers(id, END_HEADERS | END_STREAM, OK),
    );
  }
}

describe("a unary call", () => {
  test("is HEADERS and DATA with END_STREAM, in one write", () => {
    const server = new RawServer();
    server.call();
    const before = server.peer.chunks;
    server.call({ timeoutMs: 2_000, metadata: { token: "t" } });
    expect(server.peer.chunks - before).toBe(1);
    expect(server.peer.of(FrameType.HEADERS, 3)[0]!.fields).toEqual([
      ":method: POST",
      ":scheme: http",
      ":path: /t.S/Ask",
      ":authority: raw:1",
      "te: trailers",
      "content-type: application/grpc",
      "user-agent: conclave-rpc/0.1",
      "token: t",
      "grpc-timeout: 2000000u",
    ]);
    const [data] = server.peer.of(FrameType.DATA, 3);
    expect(data).toMatchObject({ flags: END_STREAM, payload: message("ask") });
  });

  test("ends with the response", () => {
    const server = new RawServer();
    const ended = server.call();
    server.answer(1);
    expect(ended).toMatchObject({
      status: { code: Status.OK, mayHaveReachedServer: true, endpoint: "raw:1" },
      response: "answer",
    });
  });

  test("ends with the status, decoded text and trailers of an error", () => {
    const server = new RawServer();
    const ended = server.call();
    const fields = [
      ...HEAD,
      ["grpc-status", "9"],
      ["grpc-message", "50%25 %C3%B6"],
      ["x", "y"],
    ] as const;
    server.say(server.peer.headers(1, END_HEADERS | END_STREAM, fields));
    expect(ended.status).toMatchObject({ code: Status.FAILED_PRECONDITION, message: "50% ö" });
    expect(ended.status!.trailers.get("x")).toBe("y");
    expect(ended.response).toBeNull();
  });

  const answers: readonly (readonly [string, number, (s: RawServer) => void])[] = [
    [
      "HTTP 503 without gRPC",
      Status.UNAVAILABLE,
      (s) => s.say(s.peer.headers(1, END_HEADERS | END_STREAM, [[":status", "503"]])),
    ],
    [
      "HTTP 404 without gRPC",
      Status.UNIMPLEMENTED,
      (s) =>
        s.say(
          s.peer.headers(1, END_HEADERS, [
            [":status", "404"],
            ["content-type", "text/html"],
          ]),
        ),
    ],
    [
      "no grpc-status",
      Status.INTERNAL,
      (s) => {
        s.say(s.peer.headers(1, END_HEADERS, HEAD));
        s.say(s.peer.headers(1, END_HEADERS | END_STREAM, [["x", "y"]]));
      },
    ],
    [
      "DATA that ends the stream",
      Status.INTERNAL,
      (s) => {
        s.say(s.peer.headers(1, END_HEADERS, HEAD));
        s.say(frame(FrameType.DATA, END_STREAM, 1, message("x")));
      },
    ],
    [
      "OK without a message",
      Status.INTERNAL,
      (s) => s.say(s.peer.headers(1, END_HEADERS | END_STREAM, [...HEAD, ...OK])),
    ],
    [
      "two messages",
      Status.INTERNAL,
      (s) => {
        s.say(s.peer.headers(1, END_HEADERS, HEAD));
        s.say(frame(FrameType.DATA, 0, 1, Buffer.concat([message("a"), message("b")])));
      },
    ],
    [
      "OK inside a message",
      Status.INTERNAL,
      (s) => {
        s.say(s.peer.headers(1, END_HEADERS, HEAD));
        s.say(frame(FrameType.DATA, 0, 1, message("abc").subarray(0, 6)));
        s.say(s.peer.headers(1, END_HEADERS | END_STREAM, OK));
      },
    ],
    [
      "a status nobody knows",
      Status.UNKNOWN,
      (s) => s.say(s.peer.headers(1, END_HEADERS | END_STREAM, [...HEAD, ["grpc-status", "77"]])),
    ],
    [
      "malformed headers",
      Status.INTERNAL,
      (s) =>
        s.say(
          s.peer.headers(1, END_HEADERS, [
            [":status", "200"],
            ["Upper", "x"],
          ]),
        ),
    ],
    [
      "a compressed message",
      Status.INTERNAL,
      (s) => {
        s.say(s.peer.headers(1, END_HEADERS, HEAD));
        s.say(frame(FrameType.DATA, 0, 1, Buffer.from([1, 0, 0, 0, 0])));
      },
    ],
    [
      "RST_STREAM CANCEL",
      Status.CANCELLED,
      (s) => s.say(frame(FrameType.RST_STREAM, 0, 1, uint32(ErrorCode.CANCEL))),
    ],
    [
      "RST_STREAM ENHANCE_YOUR_CALM",
      Status.RESOURCE_EXHAUSTED,
      (s) => s.say(frame(FrameType.RST_STREAM, 0, 1, uint32(ErrorCode.ENHANCE_YOUR_CALM))),
    ],
    [
      "RST_STREAM INTERNAL_ERROR",
      Status.INTERNAL,
      (s) => s.say(frame(FrameType.RST_STREAM, 0, 1, uint32(ErrorCode.INTERNAL_ERROR))),
    ],
  ];
  test.each(answers)("answered by %s", (_why, code, act) => {
    const server = new RawServer();
    const ended = server.call();
    act(server);
    expect(ended.status).toMatchObject({ code, mayHaveReachedServer: true });
    const next = server.call(); // the connection serves on
    server.answer(3);
    expect(next.response).toBe("answer");
  });

  test("informational responses are skipped (RFC 9113 8.1)", () => {
    const server = new RawServer();
    const ended = server.call();
    server.say(server.peer.headers(1, END_HEADERS, [[":status", "103"]]));
    server.answer(1);
    expect(ended.response).toBe("answer");
  });

  test("a deadline resets the stream and ends the call; the late answer is ignored", () => {
    const server = new RawServer();
    const ended = server.call({ timeoutMs: 100 });
    server.clock.advance(99);
    expect(ended.status).toBeNull();
    server.clock.advance(10);
    expect(ended.status).toMatchObject({
      code: Status.DEADLINE_EXCEEDED,
      mayHaveReachedServer: true,
    });
    expect(server.peer.resets(1)).toEqual([ErrorCode.CANCEL]);
    server.answer(1);
    const next = server.call();
    server.answer(3);
    expect(next.response).toBe("answer");
  });

  test("an AbortSignal does the same; one that aborted before sends nothing", () => {
    const server = new RawServer();
    const controller = new AbortController();
    const ended = server.call({ signal: controller.signal });
    controller.abort();
    server.clock.advance(0);
    expect(ended.status).toMatchObject({ code: Status.CANCELLED, mayHaveReachedServer: true });
    expect(server.peer.resets(1)).toEqual([ErrorCode.CANCEL]);
    const never = server.call({ signal: controller.signal });
    expect(never.status).toMatchObject({ code: Status.CANCELLED, mayHaveReachedServer: false });
    expect(server.peer.of(FrameType.HEADERS, 3)).toEqual([]);
  });

  test.each([
    ["Upper", "x"],
    ["grpc-timeout", "1S"],
    ["a b", "x"],
    ["a", "line\nfeed"],
    ["a", "ö"],
    ["a", " x"],
  ])("metadata that cannot be sent is a TypeError: %j: %j", (name, value) => {
    const server = new RawServer();
    expect(() => server.call({ metadata: { [name]: value } })).toThrow(TypeError);
  });

  test("a time limit of 0 sends nothing", () => {
    const server = new RawServer();
    const ended = server.call({ timeoutMs: 0 });
    expect(ended.status).toMatchObject({
      code: Status.DEADLINE_EXCEEDED,
      mayHaveReachedServer: false,
    });
  });

  test("a large request waits for the window", () => {
    const server = new RawServer();
    const ended = server.call({}, Buffer.alloc(100_000, "r"));
    expect(server.peer.body(1)).toHaveLength(65_535);
    server.say(
      frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(1e6)),
      frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(1e6)),
    );
    expect(server.peer.body(1)).toHaveLength(100_005);
    expect(server.peer.of(FrameType.DATA, 1).at(-1)!.flags).toBe(END_STREAM);
    server.answer(1);
    expect(ended.response).toBe("answer");
  });
});

describe("mayHaveReachedServer", () => {
  test("false: RST_STREAM REFUSED_STREAM", () => {
    const server = new RawServer();
    const ended = server.call();
    server.say(frame(FrameType.RST_STREAM, 0, 1, uint32(ErrorCode.REFUSED_STREAM)));
    expect(ended.status).toMatchObject({ code: Status.UNAVAILABLE, mayHaveReachedServer: false });
  });

  test("by GOAWAY: false beyond the last stream it names, the others go on (RFC 9113 6.8)", () => {
    const server = new RawServer();
    const first = server.call();
    const second = server.call();
    server.say(frame(FrameType.GOAWAY, 0, 0, uint32(1, 0)));
    expect(second.status).toMatchObject({ code: Status.UNAVAILABLE, mayHaveReachedServer: false });
    expect(first.status).toBeNull();
    server.peers[0]!.send(
      server.peers[0]!.headers(1, END_HEADERS, HEAD),
      frame(FrameType.DATA, 0, 1, message("served")),
      server.peers[0]!.headers(1, END_HEADERS | END_STREAM, OK),
    );
    server.clock.advance(0);
    expect(first.response).toBe("served");
  });

  test("true: the connection is lost after the request was written", () => {
    const server = new RawServer();
    const ended = server.call();
    server.peer.disconnect();
    server.clock.advance(0);
    expect(ended.status).toMatchObject({ code: Status.UNAVAILABLE, mayHaveReachedServer: true });
    expect(ended.status!.message).toContain("connection to raw:1 lost");
  });

  test("false: no connection came about", () => {
    const server = new RawServer({
      dial: (_target, result) => {
        server.clock.setTimer(0, () => result.onFailed("connect ECONNREFUSED"));
        return () => {};
      },
    });
    const ended = server.call();
    expect(ended.status).toMatchObject({
      code: Status.UNAVAILABLE,
      message: "raw:1: connect ECONNREFUSED",
      mayHaveReachedServer: false,
      endpoint: null,
    });
  });

  test("false: the deadline passes while the call waits for a connection", () => {
    const server = new RawServer({ dial: () => () => {}, connectTimeoutMs: 1e9 });
    const ended = server.call({ timeoutMs: 50, waitForReady: true });
    server.clock.advance(60);
    expect(ended.status).toMatchObject({
      code: Status.DEADLINE_EXCEEDED,
      mayHaveReachedServer: false,
    });
  });
});

describe("a stream", () => {
  test("sends what was queued before there was a connection, and reports its opening", () => {
    const server = new RawServer();
    const { stream, seen, ended } = (() => {
      const opened = server.channel;
      const calls = { seen: [] as string[], ended: null as CallStatus | null };
      const made = opened.stream(
        "/t.S/Open",
        {},
        {
          onOpen: (metadata) => calls.seen.push(`open ${metadata.get("a")}`),
          onMessage: (text) => calls.seen.push(Buffer.from(text).toString()),
          onEnd: (status) => {
            calls.ended = status;
          },
        },
      );
      made.send(Buffer.from("early"));
      return { stream: made, seen: calls.seen, ended: calls };
    })();
    expect(stream.endpoint).toBeNull();
    server.clock.advance(0);
    expect(stream.endpoint).toBe("raw:1");
    expect(server.peer.body(1)).toEqual(message("early"));
    server.say(server.peer.headers(1, END_HEADERS, [...HEAD, ["a", "b"]]));
    stream.send(Buffer.from("later"));
    stream.halfClose();
    server.clock.advance(0);
    expect(server.peer.body(1)).toEqual(Buffer.concat([message("early"), message("later")]));
    expect(server.peer.of(FrameType.DATA, 1).at(-1)!.flags).toBe(END_STREAM);
    server.say(
      frame(FrameType.DATA, 0, 1, message("re")),
      server.peer.headers(1, END_HEADERS | END_STREAM, OK),
    );
    expect(seen).toEqual(["open b", "re"]);
    expect(ended.ended!.code).toBe(Status.OK);
  });

  test("cancel resets it, and onEnd follows in a moment", () => {
    const server = new RawServer();
    const { stream, ended } = server.open();
    stream.cancel();
    expect(ended.status).toBeNull();
    server.clock.advance(0);
    expect(ended.status).toMatchObject({ code: Status.CANCELLED, mayHaveReachedServer: true });
    expect(server.peer.resets(1)).toEqual([ErrorCode.CANCEL]);
    stream.cancel();
    expect(stream.send(Buffer.from("x"))).toBe(false);
  });

  test("ended by the server while we still send: it is reset and over", () => {
    const server = new RawServer();
    const { ended } = server.open();
    server.say(server.peer.headers(1, END_HEADERS | END_STREAM, [...HEAD, ["grpc-status", "5"]]));
    expect(ended.status!.code).toBe(Status.NOT_FOUND);
    expect(server.peer.resets(1)).toEqual([ErrorCode.NO_ERROR]);
  });

  test("send says false above the high-water mark, and onDrain follows", () => {
    const server = new RawServer(
      { limits: { streamHighWaterBytes: 1_000 } },
      settings([Setting.INITIAL_WINDOW_SIZE, 0]),
    );
    const { stream, seen } = server.open();
    expect(stream.send(Buffer.alloc(900))).toBe(true);
    expect(stream.send(Buffer.alloc(900))).toBe(false);
    expect(stream.writable).toBe(false);
    server.say(frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(1_500)));
    expect(seen).toEqual(["drain"]);
    expect(stream.writable).toBe(true);
  });
});

describe("the peer's limits and ours", () => {
  test("MAX_CONCURRENT_STREAMS of the peer is kept: further calls wait in order (RFC 9113 5.1.2)", () => {
    const server = new RawServer({}, settings([Setting.MAX_CONCURRENT_STREAMS, 1]));
    const [first, second] = [server.call(), server.call()];
    expect(server.peer.of(FrameType.HEADERS).map(({ id }) => id)).toEqual([1]);
    server.answer(1, "one");
    expect(server.peer.of(FrameType.HEADERS).map(({ id }) => id)).toEqual([1, 3]);
    server.answer(3, "two");
    expect([first.response, second.response]).toEqual(["one", "two"]);
  });

  test("pendingCallsMax: one more that would wait is RESOURCE_EXHAUSTED", () => {
    const server = new RawServer({ pendingCallsMax: 1, dial: () => () => {} });
    const [waits, refused] = [server.call(), server.call()];
    expect(waits.status).toBeNull();
    expect(refused.status).toMatchObject({
      code: Status.RESOURCE_EXHAUSTED,
      mayHaveReachedServer: false,
    });
  });

  test("messageBytesMax of a response", () => {
    const server = new RawServer({ limits: { messageBytesMax: 10 } });
    const ended = server.call();
    server.answer(1, "more than ten");
    expect(ended.status).toMatchObject({
      code: Status.RESOURCE_EXHAUSTED,
      message: "grpc: received message larger than max (13 vs. 10)",
    });
  });

  test("keepalive: PINGs only while calls are open, and an end without an answer", () => {
    const server = new RawServer({ limits: { keepaliveTimeMs: 1_000, keepaliveTimeoutMs: 500 } });
    const first = server.call();
    server.answer(1);
    expect(first.response).toBe("answer");
    server.clock.advance(10_000);
    expect(server.peer.of(FrameType.PING)).toEqual([]);
    const ended = server.call();
    server.clock.advance(3_000);
    expect(server.peers[0]!.of(FrameType.PING)).toHaveLength(1);
    expect(ended.status).toMatchObject({ code: Status.UNAVAILABLE, mayHaveReachedServer: true });
    expect(ended.status!.message).toContain("keepalive");
  });

  const faults: readonly (readonly [string, number, (s: RawServer) => void])[] = [
    [
      "8.4: PUSH_PROMISE",
      ErrorCode.PROTOCOL_ERROR,
      (s) => s.say(frame(FrameType.PUSH_PROMISE, END_HEADERS, 1, uint32(2))),
    ],
    [
      "5.1: DATA on an idle stream",
      ErrorCode.PROTOCOL_ERROR,
      (s) => s.say(frame(FrameType.DATA, 0, 9, Buffer.alloc(1))),
    ],
    [
      "5.1.1: HEADERS on a stream of the server's",
      ErrorCode.PROTOCOL_ERROR,
      (s) => s.say(s.peer.headers(2, END_HEADERS, HEAD)),
    ],
    [
      "4.3: a broken header block",
      ErrorCode.COMPRESSION_ERROR,
      (s) => s.say(frame(FrameType.HEADERS, END_HEADERS, 1, Buffer.from([0x80]))),
    ],
    [
      "4.2: a frame too large",
      ErrorCode.FRAME_SIZE_ERROR,
      (s) => s.say(frame(FrameType.DATA, 0, 1, Buffer.alloc(16_385))),
    ],
  ];
  test.each(faults)(
    "a server that breaks RFC 9113 %s is left, and the call fails",
    (_why, code, act) => {
      const server = new RawServer();
      const ended = server.call();
      const { peer } = server;
      act(server);
      expect(peer.goAway?.code).toBe(code);
      expect(ended.status).toMatchObject({ code: Status.UNAVAILABLE, mayHaveReachedServer: true });
    },
  );

  test("close ends everything: calls in progress, calls that wait, connections", () => {
    const server = new RawServer({}, settings([Setting.MAX_CONCURRENT_STREAMS, 1]));
    const [going, waiting] = [server.call(), server.call()];
    server.channel.close();
    expect(going.status).toBeNull(); // not from inside
    server.clock.advance(0);
    expect(going.status).toMatchObject({ code: Status.UNAVAILABLE, mayHaveReachedServer: true });
    expect(waiting.status).toMatchObject({ code: Status.CANCELLED, mayHaveReachedServer: false });
    expect(server.peer.closed).toBe(true);
    const late = server.call();
    expect(late.status).toMatchObject({ code: Status.CANCELLED, message: "channel closed" });
    server.clock.advance(60_000);
    expect(server.peers).toHaveLength(1);
  });
});
