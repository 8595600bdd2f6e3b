import { describe, expect, test } from "vitest";
import { ErrorCode } from "./error-code.ts";
import { Flag, FrameType, PREFACE, Setting } from "./frame.ts";
import {
  LATE_PINGS_MAX,
  PING_ANSWER_LATE_MS,
  PING_ANSWER_RIDES_MS,
  PING_MEASURED_BYTES,
} from "./late-pings.ts";
import { greetedClient, type RawClient, rawClient } from "./testing/raw-client.ts";
import { frame, message, rawPeer, requestFields, settings, uint32 } from "./testing/raw-peer.ts";

const { END_HEADERS, END_STREAM } = Flag;
const NEVER = "/t.S/Never";
const CALM = ErrorCode.ENHANCE_YOUR_CALM;

function expectCut(client: RawClient, code: number, text: string): void {
  expect(client.peer.goAway).toMatchObject({ code, text });
  client.clock.advance(1_001);
  expect(client.peer.closed).toBe(true);
  expect(client.server.connectionCount).toBe(0);
}

function ask(client: RawClient, id: number, path: string, body: Buffer = message("x")): void {
  client.say(
    client.peer.headers(id, END_HEADERS, requestFields(path)),
    frame(FrameType.DATA, END_STREAM, id, body),
  );
}

describe("messageBytesMax", () => {
  test("is checked on the prefix, before the message comes", () => {
    const client = greetedClient({ limits: { messageBytesMax: 100 } });
    client.say(
      client.peer.headers(1, END_HEADERS, requestFields("/t.S/Echo")),
      frame(FrameType.DATA, 0, 1, Buffer.from([0, 0xff, 0xff, 0xff, 0xff])),
    );
    const text = "grpc-message: grpc: received message larger than max (4294967295 vs. 100)";
    expect(client.peer.fieldsOf(1)).toContain(text);
    expect(client.peer.fieldsOf(1)).toContain("grpc-status: 8");
  });

  test("allows exactly as much", () => {
    const client = greetedClient({ limits: { messageBytesMax: 100 } });
    ask(client, 1, "/t.S/Echo", message("x".repeat(100)));
    expect(client.peer.body(1)).toHaveLength(105);
  });
});

describe("headers", () => {
  test("headerListBytesMax: more is RESOURCE_EXHAUSTED, and the connection goes on", () => {
    const client = greetedClient({ limits: { headerListBytesMax: 1_000 } });
    const fields = requestFields("/t.S/Echo", [["x", "y".repeat(1_000)]]);
    client.say(client.peer.headers(1, END_HEADERS | END_STREAM, fields));
    expect(client.peer.fieldsOf(1)).toContain("grpc-status: 8");
    ask(client, 3, "/t.S/Echo");
    expect(client.peer.body(3)).toEqual(message("x"));
  });

  test("headerListBytesMax is announced (RFC 9113 6.5.2)", () => {
    const client = greetedClient({ limits: { headerListBytesMax: 1_234 } });
    const { payload } = client.peer.frames[0]!;
    const announced = Object.fromEntries(
      Array.from({ length: payload.length / 6 }, (_, at) => [
        payload.readUInt16BE(at * 6),
        payload.readUInt32BE(at * 6 + 2),
      ]),
    );
    expect(announced[Setting.MAX_HEADER_LIST_SIZE]).toBe(1_234);
    expect(announced[Setting.MAX_CONCURRENT_STREAMS]).toBe(1_000);
  });

  test("headerListPairsMax", () => {
    const client = greetedClient({ limits: { headerListPairsMax: 10 } });
    const extra = Array.from({ length: 10 }, (_, at) => [`x${at}`, "y"] as const);
    client.say(client.peer.headers(1, END_HEADERS | END_STREAM, requestFields("/t.S/Echo", extra)));
    expect(client.peer.fieldsOf(1)).toContain("grpc-status: 8");
  });

  test("continuationFramesMax: more ends the connection (CVE-2024-27316)", () => {
    const client = greetedClient({ limits: { continuationFramesMax: 4 } });
    const block = client.peer.block(requestFields("/t.S/Echo"));
    client.say(frame(FrameType.HEADERS, 0, 1, block));
    for (let count = 0; count < 4; count += 1) {
      client.say(frame(FrameType.CONTINUATION, 0, 1, Buffer.alloc(0)));
    }
    expect(client.peer.goAway).toBeNull();
    client.say(frame(FrameType.CONTINUATION, 0, 1, Buffer.alloc(0)));
    expectCut(client, CALM, "header block too large");
  });

  test("headerBlockBytesMax: more ends the connection", () => {
    const client = greetedClient({ limits: { headerBlockBytesMax: 20_000 } });
    client.say(
      frame(FrameType.HEADERS, 0, 1, Buffer.alloc(16_000, 0x82)),
      frame(FrameType.CONTINUATION, 0, 1, Buffer.alloc(4_001, 0x82)),
    );
    expectCut(client, CALM, "header block too large");
  });
});

describe("streams", () => {
  test("concurrentStreamsMax: more is REFUSED_STREAM, and room comes back", () => {
    const client = greetedClient({ limits: { concurrentStreamsMax: 2 } });
    for (const id of [1, 3, 5]) ask(client, id, NEVER);
    expect(client.peer.resets(5)).toEqual([ErrorCode.REFUSED_STREAM]);
    client.say(frame(FrameType.RST_STREAM, 0, 1, uint32(ErrorCode.CANCEL)));
    ask(client, 7, "/t.S/Echo");
    expect(client.peer.body(7)).toEqual(message("x"));
  });

  test("resets: a rapid reset ends the connection after the burst (CVE-2023-44487)", () => {
    const client = greetedClient();
    for (let count = 0; count <= 200; count += 1) {
      const id = count * 2 + 1;
      client.say(
        client.peer.headers(id, END_HEADERS, requestFields(NEVER)),
        frame(FrameType.RST_STREAM, 0, id, uint32(ErrorCode.CANCEL)),
      );
      expect(client.server.callCount).toBe(0);
    }
    expectCut(client, CALM, "too many resets");
  });

  test("resets: faults that make us reset count as well (MadeYouReset, CVE-2025-8671)", () => {
    const client = greetedClient();
    for (let count = 0; count <= 200; count += 1) {
      const id = count * 2 + 1;
      client.say(
        client.peer.headers(id, END_HEADERS, requestFields(NEVER)),
        frame(FrameType.WINDOW_UPDATE, 0, id, uint32(0)),
      );
    }
    expectCut(client, CALM, "too many resets");
  });

  test("resets: 50 in a second go on for ever", () => {
    const client = greetedClient({ limits: { resets: { burst: 50, perSecond: 50 } } });
    for (let count = 0; count < 500; count += 1) {
      const id = count * 2 + 1;
      client.say(
        client.peer.headers(id, END_HEADERS, requestFields(NEVER)),
        frame(FrameType.RST_STREAM, 0, id, uint32(ErrorCode.CANCEL)),
      );
      client.clock.advance(20);
    }
    expect(client.peer.goAway).toBeNull();
  });

  test("resets: streams that were answered are given up as often as the peer likes", () => {
    const client = greetedClient();
    for (let count = 0; count < 1_000; count += 1) {
      const id = count * 2 + 1;
      client.say(
        client.peer.headers(id, END_HEADERS, requestFields("/t.S/Chat")),
        frame(FrameType.DATA, 0, id, message("x")),
      );
      expect(client.peer.body(id)).toEqual(message("x"));
      client.say(frame(FrameType.RST_STREAM, 0, id, uint32(ErrorCode.CANCEL)));
    }
    expect(client.peer.goAway).toBeNull();
    expect(client.server.callCount).toBe(0);
  });

  test("resets: a reset that came with its request did not wait for the answer, and counts", () => {
    const client = greetedClient();
    for (let count = 0; count <= 200; count += 1) {
      const id = count * 2 + 1;
      client.say(
        client.peer.headers(id, END_HEADERS, requestFields("/t.S/Chat")),
        frame(FrameType.DATA, 0, id, message("x")),
        frame(FrameType.RST_STREAM, 0, id, uint32(ErrorCode.CANCEL)),
      );
    }
    expectCut(client, CALM, "too many resets");
  });

  test("resets: a crowd of calls that gives up together is no attack", () => {
    const client = greetedClient();
    const ids = Array.from({ length: 900 }, (_, at) => at * 2 + 1);
    for (const id of ids) ask(client, id, NEVER);
    client.clock.advance(5_000);
    for (const id of ids) client.say(frame(FrameType.RST_STREAM, 0, id, uint32(ErrorCode.CANCEL)));
    expect(client.peer.goAway).toBeNull();
    expect(client.server.callCount).toBe(0);
  });
});

describe("controlFrames: a flood ends the connection", () => {
  const CHAT = "/t.S/Chat";
  const floods: readonly (readonly [string, Buffer])[] = [
    ["SETTINGS (CVE-2019-9515)", settings()],
    ["SETTINGS ACK", frame(FrameType.SETTINGS, Flag.ACK, 0, Buffer.alloc(0))],
    ["empty DATA (CVE-2019-9518)", frame(FrameType.DATA, 0, 1, Buffer.alloc(0))],
    ["PRIORITY (CVE-2019-9513)", frame(FrameType.PRIORITY, 0, 1, Buffer.alloc(5))],
    ["WINDOW_UPDATE", frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(1))],
    ["unknown frames", frame(0xaa, 0, 1, Buffer.alloc(0))],
    ["RST_STREAM on streams that are closed", frame(FrameType.RST_STREAM, 0, 3, uint32(8))],
  ];
  test.each(floods)("%s", (_why, flood) => {
    const client = greetedClient();
    client.say(client.peer.headers(1, END_HEADERS, requestFields(CHAT)));
    ask(client, 3, "/t.S/Echo");
    client.say(...Array.from({ length: 1_100 }, () => flood));
    expectCut(client, CALM, "too many control frames");
  });

  test("WINDOW_UPDATEs of a client that does work are none", () => {
    const client = greetedClient();
    for (let count = 0; count < 3_000; count += 1) {
      ask(client, count * 2 + 1, "/t.S/Echo");
      client.say(frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(7)));
    }
    expect(client.peer.goAway).toBeNull();
  });
});

/** Asks for an answer that does not fit into the windows, of which a part has to be waited for. */
function askForMuch(client: RawClient, octets: number): void {
  client.say(settings([Setting.INITIAL_WINDOW_SIZE, 0]));
  client.say(client.peer.headers(1, END_HEADERS, requestFields("/t.S/Echo")));
  const body = message("x".repeat(octets));
  for (let at = 0; at < body.length; at += 16_000) {
    const end = at + 16_000 >= body.length ? END_STREAM : 0;
    client.say(frame(FrameType.DATA, end, 1, body.subarray(at, at + 16_000)));
  }
}

const widened = (octets: number) =>
  [0, 1].map((id) => frame(FrameType.WINDOW_UPDATE, 0, id, uint32(octets)));

describe("a client that reads a long answer piece by piece", () => {
  test("may say so with every piece: WINDOW_UPDATEs of its size are no flood", () => {
    const client = greetedClient({ limits: { controlFrames: { burst: 20, perSecond: 1 } } });
    askForMuch(client, 800_000);
    for (let read = 0; read < 800_000 + 5; read += 4_096) client.say(...widened(4_096));
    expect(client.peer.goAway).toBeNull();
    expect(client.peer.body(1)).toHaveLength(800_005);
  });

  test("is cut when the pieces are of an octet (CVE-2019-9511)", () => {
    const client = greetedClient();
    askForMuch(client, 10_000);
    for (let read = 0; read < 600; read += 1) client.say(...widened(1));
    expectCut(client, CALM, "too many control frames");
  });

  test("may measure the way with a PING after each piece, as grpc-go does", () => {
    const client = greetedClient();
    askForMuch(client, 800_000);
    for (let read = 0; read < 800_000 + 5; read += 65_536) {
      client.say(...widened(65_536));
      client.say(frame(FrameType.PING, 0, 0, Buffer.alloc(8)));
    }
    expect(client.peer.goAway).toBeNull();
    expect(client.peer.body(1)).toHaveLength(800_005);
  });
});

describe("pings", () => {
  const ping = frame(FrameType.PING, 0, 0, Buffer.alloc(8));

  test("pingIntervalMinMs: three that come too soon end the connection, as grpc-go does", () => {
    const client = greetedClient();
    for (let count = 0; count < 4; count += 1) {
      client.say(ping);
      client.clock.advance(1_000);
    }
    expectCut(client, CALM, "too_many_pings");
  });

  test("one in five seconds, or any with work in between, is welcome", () => {
    const client = greetedClient();
    for (let count = 0; count < 10; count += 1) {
      client.say(ping);
      client.clock.advance(5_000);
    }
    for (let count = 0; count < 100; count += 1) {
      client.say(ping);
      ask(client, count * 2 + 1, "/t.S/Echo");
    }
    expect(client.peer.goAway).toBeNull();
  });

  test("a PING beside answers measures the way, and is answered a little later; one into silence at once", () => {
    const client = greetedClient();
    const answered = () => client.peer.of(FrameType.PING).length;
    ask(client, 1, "/t.S/Echo");
    client.say(ping);
    expect(answered()).toBe(0);
    client.clock.advance(PING_ANSWER_LATE_MS);
    expect(answered()).toBe(1);
    client.say(ping);
    expect(answered()).toBe(2);
  });

  test("a PING that has waited a little is answered with the next answer, not by itself", () => {
    const client = greetedClient();
    const answered = () => client.peer.of(FrameType.PING).length;
    ask(client, 1, "/t.S/Echo");
    client.say(ping);
    ask(client, 3, "/t.S/Echo");
    expect(answered()).toBe(0);
    client.clock.advance(PING_ANSWER_RIDES_MS);
    expect(answered()).toBe(0);
    ask(client, 5, "/t.S/Echo");
    expect(answered()).toBe(1);
    client.clock.advance(PING_ANSWER_LATE_MS);
    expect(answered()).toBe(1);
  });

  test("a PING beside much data is answered at once: the peer's windows follow from how long that took", () => {
    const client = greetedClient();
    const answered = () => client.peer.of(FrameType.PING).length;
    const quarter = message("x".repeat(PING_MEASURED_BYTES / 4));
    for (const id of [1, 3, 5, 7]) ask(client, id, "/t.S/Echo", quarter);
    client.say(ping);
    expect(answered()).toBe(1);
    ask(client, 9, "/t.S/Echo");
    client.say(ping);
    expect(answered()).toBe(1);
    for (const id of [11, 13, 15, 17]) ask(client, id, "/t.S/Echo", quarter);
    ask(client, 19, "/t.S/Echo");
    expect(answered()).toBe(2);
  });

  test("no more than eight PINGs wait to be answered", () => {
    const client = greetedClient();
    const answered = () => client.peer.of(FrameType.PING).length;
    for (let count = 1; count < LATE_PINGS_MAX; count += 1) {
      ask(client, count * 2 + 1, "/t.S/Echo");
      client.say(ping);
    }
    expect(answered()).toBe(0);
    ask(client, 101, "/t.S/Echo");
    client.say(ping);
    expect(answered()).toBe(LATE_PINGS_MAX);
  });

  test("a connection that ends answers no PING any more", () => {
    const client = greetedClient();
    ask(client, 1, "/t.S/Echo");
    client.say(ping);
    client.say(frame(FrameType.PING, 0, 1, Buffer.alloc(8)));
    client.clock.advance(PING_ANSWER_LATE_MS);
    expect(client.peer.of(FrameType.PING)).toEqual([]);
  });

  test("keepaliveTimeMs and keepaliveTimeoutMs: a silent peer is asked, then given up", () => {
    const client = greetedClient({ limits: { keepaliveTimeMs: 1_000, keepaliveTimeoutMs: 500 } });
    client.clock.advance(1_000);
    const [probe] = client.peer.of(FrameType.PING);
    client.clock.advance(100);
    client.say(frame(FrameType.PING, Flag.ACK, 0, probe!.payload));
    client.clock.advance(900);
    expect(client.peer.closed).toBe(false);
    client.clock.advance(700);
    expect(client.peer.closed).toBe(true);
    expect(client.server.connectionCount).toBe(0);
  });
});

describe("output", () => {
  test("outputBytesMax: a client that never reads is cut, with bounded memory", () => {
    const client = greetedClient({
      limits: { outputBytesMax: 1_000_000, outputHighWaterBytes: 100_000 },
    });
    let cancelled = false;
    let sent = 0;
    client.server.stream("/t.S/Flood", (stream) => ({
      onMessage: () => {
        for (let count = 0; count < 100; count += 1) {
          sent += 1;
          stream.send(Buffer.alloc(50_000)); // whatever it says
        }
      },
      onHalfClose: () => {},
      onCancel: () => {
        cancelled = true;
      },
      onDrain: () => {},
    }));
    client.say(client.peer.headers(1, END_HEADERS, requestFields("/t.S/Flood")));
    client.peer.stopReading();
    client.say(frame(FrameType.DATA, 0, 1, message("go")));
    expect(sent).toBe(100);
    expect(cancelled).toBe(true);
    expect(client.server.connectionCount).toBe(0);
  });

  test("outputBytesMax: once a message was dropped, no good end follows it", () => {
    const client = greetedClient({ limits: { outputBytesMax: 300_000 } });
    client.server.stream("/t.S/Flood", (stream) => ({
      onMessage: () => {
        for (let count = 0; count < 50; count += 1) stream.send(Buffer.alloc(16_000));
        stream.end(0);
      },
      onHalfClose: () => {},
      onCancel: () => {},
      onDrain: () => {},
    }));
    client.say(settings([Setting.INITIAL_WINDOW_SIZE, 1e6]));
    client.say(frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(1e6)));
    client.say(client.peer.headers(1, END_HEADERS, requestFields("/t.S/Flood")));
    client.peer.stopReading();
    client.say(frame(FrameType.DATA, 0, 1, message("go")));
    client.peer.goOnReading();
    client.say();
    expect(client.peer.fieldsOf(1)).not.toContain("grpc-status: 0");
    expect(client.peer.closed).toBe(true);
  });

  test("outputHighWaterBytes: who does not read answers gets no more questions in", () => {
    const client = greetedClient({ limits: { outputHighWaterBytes: 100_000 } });
    let asked = 0;
    client.server.unary("/t.S/Large", (call) => {
      asked += 1;
      call.reply(Buffer.alloc(16_000));
    });
    client.say(frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(1e9)));
    client.peer.stopReading();
    for (let count = 0; count < 200; count += 1) ask(client, count * 2 + 1, "/t.S/Large");
    expect(asked).toBeLessThan(60);
    expect(client.server.connectionCount).toBe(1);
    client.clock.advance(59_000);
    expect(client.server.connectionCount).toBe(1);
    client.clock.advance(2_000); // outputStallTimeoutMs: and not for ever
    expect(client.server.connectionCount).toBe(0);
  });
});

describe("connections", () => {
  test("handshakeTimeoutMs: a preface that does not come", () => {
    const client = rawClient();
    client.clock.advance(9_999);
    client.say(PREFACE); // and no SETTINGS
    client.clock.advance(1);
    expectCut(client, ErrorCode.SETTINGS_TIMEOUT, "no SETTINGS in time");
  });

  test("connectionsMax: one more is closed as it comes, and room comes back", () => {
    const client = greetedClient({ limits: { connectionsMax: 1 } });
    const another = (): { closed: boolean } => {
      const { peer, link } = rawPeer(client.clock, { isServer: false });
      client.server.acceptLink(link);
      client.say();
      return peer;
    };
    expect(another().closed).toBe(true);
    client.peer.disconnect();
    client.say();
    expect(another().closed).toBe(false);
  });
});
