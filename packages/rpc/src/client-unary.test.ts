import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { keepListening } from "./abort-registry.ts";
import { ErrorCode } from "./error-code.ts";
import { Flag, FrameType } from "./frame.ts";
import { Status } from "./status.ts";
import { frame, message, uint32 } from "./testing/raw-peer.ts";
import { HEAD, OK, RawServer } from "./testing/raw-server.ts";

const { END_HEADERS, END_STREAM } = Flag;

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

  test("a signal may be shared by any number of calls, and keeps one listener at most", () => {
    const server = new RawServer();
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (...all: Parameters<typeof add>) => {
      listeners += 1;
      add(...all);
    };
    const calls = Array.from({ length: 50 }, () => server.call({ signal }));
    server.answer(1);
    expect(listeners).toBe(1);
    controller.abort();
    server.clock.advance(0);
    expect(calls.map(({ status }) => status?.code)).toEqual([
      0,
      ...Array.from({ length: 49 }, () => 1),
    ]);
  });

  test("a signal is let go with its last call, unless it is to last until it aborts", () => {
    const server = new RawServer();
    const passing = new AbortController().signal;
    const lasting = new AbortController();
    keepListening(lasting.signal);
    for (const stream of [1, 5]) {
      server.call({ signal: passing });
      server.call({ signal: lasting.signal });
      server.answer(stream);
      server.answer(stream + 2);
      expect(getEventListeners(passing, "abort")).toHaveLength(0);
      expect(getEventListeners(lasting.signal, "abort")).toHaveLength(1);
    }
    const ended = server.call({ signal: lasting.signal });
    lasting.abort();
    server.clock.advance(0);
    expect(ended.status?.code).toBe(Status.CANCELLED);
    expect(getEventListeners(lasting.signal, "abort")).toHaveLength(0);
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
