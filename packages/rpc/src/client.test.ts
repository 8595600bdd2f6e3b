import { describe, expect, test } from "vitest";
import type { CallStatus } from "./call.ts";
import { ErrorCode } from "./error-code.ts";
import { Flag, FrameType, Setting } from "./frame.ts";
import { Status } from "./status.ts";
import { frame, message, settings, uint32 } from "./testing/raw-peer.ts";
import { HEAD, OK, RawServer } from "./testing/raw-server.ts";

const { END_HEADERS, END_STREAM } = Flag;

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
