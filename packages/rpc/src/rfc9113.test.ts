import { describe, expect, test } from "vitest";
import { ErrorCode } from "./error-code.ts";
import { Flag, FrameType, PREFACE, Setting } from "./frame.ts";
import { greetedClient, type RawClient, rawClient } from "./testing/raw-client.ts";
import { frame, message, requestFields, settings, uint32 } from "./testing/raw-peer.ts";

const { END_HEADERS, END_STREAM, PADDED } = Flag;
const ECHO = "/t.S/Echo";
const CHAT = "/t.S/Chat";
const EMPTY = Buffer.alloc(0);

/** Opens a stream that stays open. */
function open(client: RawClient, id: number, path = CHAT): void {
  client.say(client.peer.headers(id, END_HEADERS, requestFields(path)));
}

/** That the connection still serves. */
function expectAlive(client: RawClient, id: number): void {
  const { peer } = client;
  const body = message("alive");
  client.say(
    peer.headers(id, END_HEADERS, requestFields(ECHO)),
    frame(FrameType.DATA, END_STREAM, id, body),
  );
  expect(peer.body(id)).toEqual(body);
  expect(peer.goAway).toBeNull();
}

type Case = readonly [string, (client: RawClient) => void];

describe("a connection error ends the connection with GOAWAY (RFC 9113 5.4.1)", () => {
  const first: readonly (readonly [string, number, Buffer[]])[] = [
    [
      "3.4: no preface",
      ErrorCode.PROTOCOL_ERROR,
      [Buffer.from("GET / HTTP/1.1\r\nhost: a\r\n\r\n")],
    ],
    [
      "3.4: the preface is followed by another frame than SETTINGS",
      ErrorCode.PROTOCOL_ERROR,
      [PREFACE, frame(FrameType.PING, 0, 0, Buffer.alloc(8))],
    ],
    [
      "3.4: the first SETTINGS is an ACK",
      ErrorCode.PROTOCOL_ERROR,
      [PREFACE, frame(FrameType.SETTINGS, Flag.ACK, 0, EMPTY)],
    ],
  ];
  test.each(first)("%s", (_why, code, frames) => {
    const client = rawClient();
    client.say(...frames);
    expect(client.peer.goAway?.code).toBe(code);
    client.clock.advance(2_000);
    expect(client.peer.closed).toBe(true);
    expect(client.server.connectionCount).toBe(0);
  });

  const cases: Record<string, readonly Case[]> = {
    PROTOCOL_ERROR: [
      ["5.1: DATA on an idle stream", (c) => c.say(frame(FrameType.DATA, 0, 1, EMPTY))],
      [
        "5.1: RST_STREAM on an idle stream",
        (c) => c.say(frame(FrameType.RST_STREAM, 0, 1, uint32(8))),
      ],
      [
        "5.1: WINDOW_UPDATE on an idle stream",
        (c) => c.say(frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(1))),
      ],
      ["5.1.1: HEADERS on an even stream", (c) => open(c, 2)],
      [
        "5.1.1: HEADERS on a stream below one that was opened",
        (c) => {
          open(c, 5);
          open(c, 3);
        },
      ],
      ["6.1: DATA on stream 0", (c) => c.say(frame(FrameType.DATA, 0, 0, EMPTY))],
      [
        "6.1: DATA whose padding is longer than the frame",
        (c) => {
          open(c, 1);
          c.say(frame(FrameType.DATA, PADDED, 1, Buffer.from([5, 0, 0])));
        },
      ],
      ["6.2: HEADERS on stream 0", (c) => open(c, 0)],
      [
        "6.2: HEADERS whose padding is longer than the frame",
        (c) => c.say(frame(FrameType.HEADERS, PADDED | END_HEADERS, 1, Buffer.from([9, 0x82]))),
      ],
      ["6.3: PRIORITY on stream 0", (c) => c.say(frame(FrameType.PRIORITY, 0, 0, Buffer.alloc(5)))],
      ["6.4: RST_STREAM on stream 0", (c) => c.say(frame(FrameType.RST_STREAM, 0, 0, uint32(8)))],
      ["6.5: SETTINGS on a stream", (c) => c.say(frame(FrameType.SETTINGS, 0, 1, EMPTY))],
      ["6.5.2: ENABLE_PUSH of 2", (c) => c.say(settings([Setting.ENABLE_PUSH, 2]))],
      ["6.5.2: MAX_FRAME_SIZE of 16,383", (c) => c.say(settings([Setting.MAX_FRAME_SIZE, 16_383]))],
      ["6.5.2: MAX_FRAME_SIZE of 2^24", (c) => c.say(settings([Setting.MAX_FRAME_SIZE, 2 ** 24]))],
      [
        "6.6, 8.4: PUSH_PROMISE from a client",
        (c) => c.say(frame(FrameType.PUSH_PROMISE, END_HEADERS, 1, uint32(2))),
      ],
      ["6.7: PING on a stream", (c) => c.say(frame(FrameType.PING, 0, 1, Buffer.alloc(8)))],
      ["6.8: GOAWAY on a stream", (c) => c.say(frame(FrameType.GOAWAY, 0, 1, uint32(0, 0)))],
      [
        "6.9: WINDOW_UPDATE of 0 on the connection",
        (c) => c.say(frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(0))),
      ],
      [
        "6.10: CONTINUATION of nothing",
        (c) => c.say(frame(FrameType.CONTINUATION, END_HEADERS, 1, EMPTY)),
      ],
      [
        "4.3, 6.10: another frame inside a header block",
        (c) =>
          c.say(
            c.peer.headers(1, 0, requestFields(ECHO)),
            frame(FrameType.PING, 0, 0, Buffer.alloc(8)),
          ),
      ],
      [
        "6.10: CONTINUATION of another stream's block",
        (c) =>
          c.say(
            c.peer.headers(1, 0, requestFields(ECHO)),
            frame(FrameType.CONTINUATION, END_HEADERS, 3, EMPTY),
          ),
      ],
    ],
    FRAME_SIZE_ERROR: [
      [
        "4.2: a frame larger than SETTINGS_MAX_FRAME_SIZE",
        (c) => c.say(frame(FrameType.DATA, 0, 1, Buffer.alloc(16_385))),
      ],
      [
        "4.2, 6.2: HEADERS shorter than its priority",
        (c) => c.say(frame(FrameType.HEADERS, Flag.PRIORITY | END_HEADERS, 1, Buffer.alloc(3))),
      ],
      [
        "6.1: padded DATA without room for the length of the padding",
        (c) => {
          open(c, 1);
          c.say(frame(FrameType.DATA, PADDED, 1, EMPTY));
        },
      ],
      ["6.3: PRIORITY of 4 octets", (c) => c.say(frame(FrameType.PRIORITY, 0, 1, Buffer.alloc(4)))],
      [
        "6.4: RST_STREAM of 3 octets",
        (c) => c.say(frame(FrameType.RST_STREAM, 0, 1, Buffer.alloc(3))),
      ],
      ["6.5: SETTINGS of 5 octets", (c) => c.say(frame(FrameType.SETTINGS, 0, 0, Buffer.alloc(5)))],
      [
        "6.5: SETTINGS ACK with a payload",
        (c) => c.say(frame(FrameType.SETTINGS, Flag.ACK, 0, Buffer.alloc(6))),
      ],
      ["6.7: PING of 7 octets", (c) => c.say(frame(FrameType.PING, 0, 0, Buffer.alloc(7)))],
      ["6.8: GOAWAY of 7 octets", (c) => c.say(frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(7)))],
      [
        "6.9: WINDOW_UPDATE of 3 octets",
        (c) => c.say(frame(FrameType.WINDOW_UPDATE, 0, 0, Buffer.alloc(3))),
      ],
    ],
    FLOW_CONTROL_ERROR: [
      [
        "6.5.2: INITIAL_WINDOW_SIZE of 2^31",
        (c) => c.say(settings([Setting.INITIAL_WINDOW_SIZE, 2 ** 31])),
      ],
      [
        "6.9.1: a connection window above 2^31-1",
        (c) => c.say(frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1))),
      ],
      [
        "6.9.2: INITIAL_WINDOW_SIZE that takes a stream above 2^31-1",
        (c) => {
          open(c, 1);
          c.say(frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 70_000)));
          c.say(settings([Setting.INITIAL_WINDOW_SIZE, 200_000]));
        },
      ],
    ],
    COMPRESSION_ERROR: [
      [
        "4.3: a header block that does not decode",
        (c) => c.say(frame(FrameType.HEADERS, END_HEADERS, 1, Buffer.from([0x80]))),
      ],
      [
        "4.3: a broken header block on a stream that is closed",
        (c) => {
          expectAlive(c, 1);
          c.say(frame(FrameType.HEADERS, END_HEADERS, 1, Buffer.from([0x80])));
        },
      ],
    ],
  };
  for (const [name, list] of Object.entries(cases)) {
    test.each(list)(`${name}: %s`, (_why, act) => {
      const client = greetedClient();
      act(client);
      expect(client.peer.goAway?.code).toBe(ErrorCode[name as keyof typeof ErrorCode]);
      client.clock.advance(2_000);
      expect(client.peer.closed).toBe(true);
      expect(client.server.callCount).toBe(0);
    });
  }
});

describe("a stream error resets the stream and leaves the connection (RFC 9113 5.4.2)", () => {
  const headers = (fields: readonly (readonly [string, string])[]) => (c: RawClient) =>
    c.say(c.peer.headers(1, END_HEADERS | END_STREAM, fields));
  const without = (name: string) => requestFields(ECHO).filter(([field]) => field !== name);
  const cases: readonly (readonly [string, number, (client: RawClient) => void])[] = [
    [
      "6.9: WINDOW_UPDATE of 0",
      ErrorCode.PROTOCOL_ERROR,
      (c) => {
        open(c, 1);
        c.say(frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(0)));
      },
    ],
    [
      "6.9.1: a window above 2^31-1",
      ErrorCode.FLOW_CONTROL_ERROR,
      (c) => {
        open(c, 1);
        c.say(frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 1)));
      },
    ],
    [
      "5.1: DATA after END_STREAM",
      ErrorCode.STREAM_CLOSED,
      (c) => {
        c.say(c.peer.headers(1, END_HEADERS, requestFields("/t.S/Never")));
        c.say(
          frame(FrameType.DATA, END_STREAM, 1, message("x")),
          frame(FrameType.DATA, 0, 1, message("y")),
        );
      },
    ],
    [
      "5.1: HEADERS after END_STREAM",
      ErrorCode.STREAM_CLOSED,
      (c) => {
        c.say(c.peer.headers(1, END_HEADERS, requestFields("/t.S/Never")));
        c.say(frame(FrameType.DATA, END_STREAM, 1, message("x")));
        c.say(c.peer.headers(1, END_HEADERS | END_STREAM, [["x", "y"]]));
      },
    ],
    [
      "5.1: DATA on a stream that is closed",
      ErrorCode.STREAM_CLOSED,
      (c) => {
        c.say(
          c.peer.headers(1, END_HEADERS, requestFields(ECHO)),
          frame(FrameType.DATA, END_STREAM, 1, message("x")),
        );
        c.say(frame(FrameType.DATA, 0, 1, message("y")));
      },
    ],
    [
      "8.1: a second HEADERS that does not end the stream",
      ErrorCode.PROTOCOL_ERROR,
      (c) => {
        open(c, 1);
        c.say(c.peer.headers(1, END_HEADERS, [["x", "y"]]));
      },
    ],
    [
      "8.1: a pseudo-field in trailers",
      ErrorCode.PROTOCOL_ERROR,
      (c) => {
        open(c, 1);
        c.say(c.peer.headers(1, END_HEADERS | END_STREAM, [[":path", "/"]]));
      },
    ],
    [
      "8.1.1: a body longer than content-length",
      ErrorCode.PROTOCOL_ERROR,
      (c) =>
        c.say(
          c.peer.headers(1, END_HEADERS, requestFields(ECHO, [["content-length", "3"]])),
          frame(FrameType.DATA, END_STREAM, 1, message("x")),
        ),
    ],
    [
      "8.1.1: a body shorter than content-length",
      ErrorCode.PROTOCOL_ERROR,
      (c) =>
        c.say(
          c.peer.headers(1, END_HEADERS, requestFields(ECHO, [["content-length", "7"]])),
          frame(FrameType.DATA, END_STREAM, 1, message("x")),
        ),
    ],
    [
      "8.1.1: content-length that is no number",
      ErrorCode.PROTOCOL_ERROR,
      headers(requestFields(ECHO, [["content-length", "1x"]])),
    ],
    [
      "8.2.1: a name in upper case",
      ErrorCode.PROTOCOL_ERROR,
      headers(requestFields(ECHO, [["X-Y", "z"]])),
    ],
    [
      "8.2.1: a name with a space",
      ErrorCode.PROTOCOL_ERROR,
      headers(requestFields(ECHO, [["x y", "z"]])),
    ],
    ["8.2.1: an empty name", ErrorCode.PROTOCOL_ERROR, headers(requestFields(ECHO, [["", "z"]]))],
    [
      "8.2.1: a value with a line feed",
      ErrorCode.PROTOCOL_ERROR,
      headers(requestFields(ECHO, [["x", "a\nb"]])),
    ],
    [
      "8.2.1: a value with NUL",
      ErrorCode.PROTOCOL_ERROR,
      headers(requestFields(ECHO, [["x", "a\0b"]])),
    ],
    [
      "8.2.1: a value that begins with a space",
      ErrorCode.PROTOCOL_ERROR,
      headers(requestFields(ECHO, [["x", " a"]])),
    ],
    [
      "8.2.2: a field of the connection",
      ErrorCode.PROTOCOL_ERROR,
      headers(requestFields(ECHO, [["connection", "close"]])),
    ],
    [
      "8.2.2: transfer-encoding",
      ErrorCode.PROTOCOL_ERROR,
      headers(requestFields(ECHO, [["transfer-encoding", "chunked"]])),
    ],
    [
      "8.2.2: te with another value than trailers",
      ErrorCode.PROTOCOL_ERROR,
      headers(requestFields(ECHO, [["te", "gzip"]])),
    ],
    [
      "8.3: an unknown pseudo-field",
      ErrorCode.PROTOCOL_ERROR,
      headers([[":x", "y"], ...requestFields(ECHO)]),
    ],
    [
      "8.3: a pseudo-field of responses",
      ErrorCode.PROTOCOL_ERROR,
      headers([[":status", "200"], ...requestFields(ECHO)]),
    ],
    [
      "8.3: a pseudo-field after a regular one",
      ErrorCode.PROTOCOL_ERROR,
      headers([["x", "y"], ...requestFields(ECHO)]),
    ],
    ["8.3.1: no :method", ErrorCode.PROTOCOL_ERROR, headers(without(":method"))],
    ["8.3.1: no :scheme", ErrorCode.PROTOCOL_ERROR, headers(without(":scheme"))],
    ["8.3.1: no :path", ErrorCode.PROTOCOL_ERROR, headers(without(":path"))],
    [
      "8.3.1: an empty :path",
      ErrorCode.PROTOCOL_ERROR,
      headers([[":path", ""], ...without(":path")]),
    ],
    [
      "8.3.1: :path twice",
      ErrorCode.PROTOCOL_ERROR,
      headers([[":path", "/a"], ...requestFields(ECHO)]),
    ],
    [
      "8.3.1: :method twice",
      ErrorCode.PROTOCOL_ERROR,
      headers([[":method", "GET"], ...requestFields(ECHO)]),
    ],
  ];
  test.each(cases)("%s", (_why, code, act) => {
    const client = greetedClient();
    act(client);
    expect(client.peer.resets(1)).toEqual([code]);
    expectAlive(client, 101);
  });

  test("6.9: DATA beyond the stream's window", () => {
    const client = greetedClient({ limits: { streamWindowBytes: 100 } });
    client.say(client.peer.headers(1, END_HEADERS, requestFields("/t.S/Never")));
    client.say(frame(FrameType.DATA, 0, 1, Buffer.alloc(101)));
    expect(client.peer.resets(1)).toEqual([ErrorCode.FLOW_CONTROL_ERROR]);
    expectAlive(client, 3);
  });

  test("6.9: what is read counts at once, and the connection's window is given back by halves", () => {
    const client = greetedClient({ limits: { connectionWindowBytes: 65_535 } });
    const flood = Array.from({ length: 5 }, () =>
      frame(FrameType.DATA, 0, 1, message("x".repeat(16_379))),
    );
    client.say(client.peer.headers(1, END_HEADERS, requestFields(CHAT)), ...flood);
    expect(client.peer.goAway).toBeNull();
    const updates = client.peer.of(FrameType.WINDOW_UPDATE, 0);
    expect(updates.map(({ payload }) => payload.readUInt32BE(0))).toEqual([32_768, 32_768]);
  });
});
