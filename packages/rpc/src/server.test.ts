import { VirtualClock } from "@conclave/base";
import { describe, expect, test } from "vitest";
import type { ServerStream, UnaryCall } from "./call.ts";
import { ErrorCode } from "./error-code.ts";
import { Flag, FrameType, Setting } from "./frame.ts";
import { createRpcServer } from "./server.ts";
import { Status } from "./status.ts";
import { greetedClient } from "./testing/raw-client.ts";
import { frame, message, requestFields, settings, uint32 } from "./testing/raw-peer.ts";
import { clockTurn } from "./turn.ts";

const { END_HEADERS, END_STREAM } = Flag;
const ECHO = "/t.S/Echo";

describe("requests (gRPC over HTTP/2)", () => {
  const refused = (fields: readonly (readonly [string, string])[]): string[] => {
    const client = greetedClient();
    client.say(client.peer.headers(1, END_HEADERS | END_STREAM, fields));
    return client.peer.fieldsOf(1);
  };
  const replaced = (name: string, value: string): (readonly [string, string])[] =>
    requestFields(ECHO).map(([field, old]) => [field, field === name ? value : old] as const);

  test("another content-type is HTTP status 415", () => {
    expect(refused(replaced("content-type", "application/json"))[0]).toBe(":status: 415");
    expect(refused(replaced("content-type", "application/grpcx"))[0]).toBe(":status: 415");
  });

  test("application/grpc+proto and application/grpc;charset are gRPC", () => {
    for (const type of ["application/grpc+proto", "application/grpc;charset=x"]) {
      const client = greetedClient();
      client.say(
        client.peer.headers(1, END_HEADERS, replaced("content-type", type)),
        frame(FrameType.DATA, END_STREAM, 1, message("x")),
      );
      expect(client.peer.body(1)).toEqual(message("x"));
    }
  });

  test("another method than POST is HTTP status 405", () => {
    expect(refused(replaced(":method", "GET"))[0]).toBe(":status: 405");
  });

  test.each([
    ["/x.Y/Z", "unknown service x.Y"],
    ["/t.S/Nope", "unknown method Nope for service t.S"],
    ["nonsense", 'malformed method name: "nonsense"'],
  ])("%s is UNIMPLEMENTED in the words of grpc-go", (path, text) => {
    const fields = refused(requestFields(path));
    expect(fields).toContain("grpc-status: 12");
    expect(fields).toContain(`grpc-message: ${text}`);
  });

  test.each(["1", "x", "S", "123456789S", "-1S", "1 S"])(
    "grpc-timeout %j is malformed",
    (value) => {
      expect(refused(requestFields(ECHO, [["grpc-timeout", value]]))).toContain("grpc-status: 13");
    },
  );

  test("a unary call without a message is INTERNAL, and so is one that ends inside it", () => {
    expect(refused(requestFields(ECHO))).toContain("grpc-status: 13");
    const client = greetedClient();
    client.say(
      client.peer.headers(1, END_HEADERS, requestFields(ECHO)),
      frame(FrameType.DATA, END_STREAM, 1, message("whole").subarray(0, 7)),
    );
    expect(client.peer.fieldsOf(1)).toContain("grpc-status: 13");
  });

  test.each([
    ["gzip", "grpc-status: 12", 'Decompressor is not installed for grpc-encoding "gzip"'],
    ["identity", "grpc-status: 13", "compressed flag set with identity or empty encoding"],
  ])("a compressed message under grpc-encoding %s", (encoding, status, text) => {
    const client = greetedClient();
    const body = message("zipped");
    body[0] = 1;
    client.say(
      client.peer.headers(1, END_HEADERS, requestFields(ECHO, [["grpc-encoding", encoding]])),
      frame(FrameType.DATA, END_STREAM, 1, body),
    );
    const fields = client.peer.fieldsOf(1);
    expect(fields).toContain(status);
    expect(fields.join()).toContain(text);
    if (encoding === "gzip") expect(fields).toContain("grpc-accept-encoding: identity");
  });

  test("a message may come in any pieces", () => {
    const client = greetedClient();
    const body = message("in pieces");
    client.say(client.peer.headers(1, END_HEADERS, requestFields(ECHO)));
    for (let at = 0; at < body.length; at += 1) {
      client.say(frame(FrameType.DATA, 0, 1, body.subarray(at, at + 1)));
    }
    client.say(frame(FrameType.DATA, END_STREAM, 1, Buffer.alloc(0)));
    expect(client.peer.body(1)).toEqual(body);
  });

  test("several messages may come in one frame", () => {
    const client = greetedClient();
    const body = Buffer.concat([message("a"), message(""), message("b")]);
    client.say(
      client.peer.headers(1, END_HEADERS, requestFields("/t.S/Chat")),
      frame(FrameType.DATA, END_STREAM, 1, body),
    );
    expect(client.peer.body(1)).toEqual(body);
  });

  test("metadata reaches the handler, and comes back in head and trailers", () => {
    const client = greetedClient();
    let seen: unknown[] = [];
    client.server.unary("/t.S/Meta", (call) => {
      seen = [call.metadata.get("a"), call.metadata.get("b-bin"), call.metadata.get(":path")];
      call.addInitialMetadata("c", "3");
      call.addTrailingMetadata("d", "4");
      call.reply(Buffer.from("m"));
    });
    const extra = [
      ["a", "1"],
      ["b-bin", "AAE"],
      ["a", "2"],
    ] as const;
    client.say(
      client.peer.headers(1, END_HEADERS, requestFields("/t.S/Meta", extra)),
      frame(FrameType.DATA, END_STREAM, 1, message("x")),
    );
    expect(seen).toEqual(["1, 2", "AAE", undefined]);
    const [head, trailers] = client.peer.of(FrameType.HEADERS, 1);
    expect(head!.fields).toContain("c: 3");
    expect(trailers!.fields).toEqual(["grpc-status: 0", "d: 4"]);
  });

  test("an error is trailers only, its text percent-encoded", () => {
    const client = greetedClient();
    client.server.unary("/t.S/Bad", (call) => call.fail(Status.ABORTED, "50% ö\n"));
    client.say(
      client.peer.headers(1, END_HEADERS, requestFields("/t.S/Bad")),
      frame(FrameType.DATA, END_STREAM, 1, message("x")),
    );
    const [only, ...others] = client.peer.of(FrameType.HEADERS, 1);
    expect(others).toEqual([]);
    expect(only!.flags & END_STREAM).toBe(END_STREAM);
    expect(only!.fields).toContain("grpc-message: 50%25 %C3%B6%0A");
  });
});

describe("unary calls", () => {
  test("answers of one turn leave in one write", () => {
    const client = greetedClient();
    const before = client.peer.frames.length;
    const chunksBefore = client.peer.chunks;
    const requests = [1, 3, 5].flatMap((id) => [
      client.peer.headers(id, END_HEADERS, requestFields(ECHO)),
      frame(FrameType.DATA, END_STREAM, id, message(`m${id}`)),
    ]);
    client.say(Buffer.concat(requests));
    expect(client.peer.chunks - chunksBefore).toBe(1);
    expect(client.peer.frames.slice(before).map(({ id }) => id)).toEqual([
      1, 1, 1, 3, 3, 3, 5, 5, 5,
    ]);
  });

  test("an answer before the end of the request is followed by RST_STREAM NO_ERROR (RFC 9113 8.1)", () => {
    const client = greetedClient();
    client.say(client.peer.headers(1, END_HEADERS, requestFields(ECHO)));
    client.say(frame(FrameType.DATA, 0, 1, message("x")));
    expect(client.peer.fieldsOf(1)).toContain("grpc-status: 0");
    expect(client.peer.resets(1)).toEqual([ErrorCode.NO_ERROR]);
    expect(client.server.callCount).toBe(0);
  });

  test("an end of the request in the same turn spares the reset", () => {
    const client = greetedClient();
    client.say(
      client.peer.headers(1, END_HEADERS, requestFields(ECHO)),
      frame(FrameType.DATA, 0, 1, message("x")),
      frame(FrameType.DATA, END_STREAM, 1, Buffer.alloc(0)),
    );
    expect(client.peer.resets(1)).toEqual([]);
  });

  test("a second message is INTERNAL and cancels the handler", () => {
    const client = greetedClient();
    let call: UnaryCall | null = null;
    let cancelled = 0;
    client.server.unary("/t.S/Keep", (kept) => {
      call = kept;
      kept.onCancel = () => {
        cancelled += 1;
      };
    });
    client.say(
      client.peer.headers(1, END_HEADERS, requestFields("/t.S/Keep")),
      frame(FrameType.DATA, 0, 1, Buffer.concat([message("a"), message("b")])),
    );
    expect(client.peer.fieldsOf(1)).toContain("grpc-status: 13");
    expect(cancelled).toBe(1);
    call!.reply(Buffer.from("too late"));
    client.say();
    expect(client.peer.body(1)).toHaveLength(0);
  });

  test.each(["reset", "disconnect", "deadline"])(
    "on %s the handler is told, and its answer is dropped",
    (how) => {
      const client = greetedClient();
      const calls: UnaryCall[] = [];
      let cancelled = 0;
      client.server.unary("/t.S/Keep", (call) => {
        calls.push(call);
        call.onCancel = () => {
          cancelled += 1;
        };
      });
      const start = (id: number): void =>
        client.say(
          client.peer.headers(
            id,
            END_HEADERS,
            requestFields("/t.S/Keep", [["grpc-timeout", "50m"]]),
          ),
          frame(FrameType.DATA, END_STREAM, id, message("x")),
        );
      start(1);
      expect(calls[0]!.deadlineMs).toBe(client.clock.nowMs() + 50);
      if (how === "reset") client.say(frame(FrameType.RST_STREAM, 0, 1, uint32(8)));
      if (how === "disconnect") client.peer.disconnect();
      client.clock.advance(how === "deadline" ? 60 : 0);
      expect(cancelled).toBe(1);
      expect(calls[0]!.cancelled).toBe(true);
      if (how === "deadline") expect(client.peer.fieldsOf(1)).toContain("grpc-status: 4");
      if (how !== "disconnect") {
        start(3); // the record of the first call is not free yet
        expect(calls[1]).not.toBe(calls[0]);
      }
      calls[0]!.reply(Buffer.from("late"));
      client.say();
      expect(client.peer.body(1)).toHaveLength(0);
      if (how === "disconnect") return;
      calls[1]!.reply(Buffer.from("in time"));
      client.say();
      expect(client.peer.body(3)).toEqual(message("in time"));
      start(5);
      expect(calls[0] === calls[2] || calls[1] === calls[2]).toBe(true); // now one is used again
    },
  );

  test("answering twice is a bug and throws", () => {
    const client = greetedClient();
    client.server.unary("/t.S/Twice", (call) => {
      call.fail(Status.ABORTED, "once");
      call.fail(Status.ABORTED, "twice");
    });
    client.peer.send(
      client.peer.headers(1, END_HEADERS, requestFields("/t.S/Twice")),
      frame(FrameType.DATA, 0, 1, message("x")),
    );
    expect(() => client.clock.advance(0)).toThrow("answered once");
  });

  test("a large answer waits for the window and is whole", () => {
    const client = greetedClient();
    const large = Buffer.alloc(200_000, "L");
    client.server.unary("/t.S/Large", (call) => call.reply(large));
    client.say(
      client.peer.headers(1, END_HEADERS, requestFields("/t.S/Large")),
      frame(FrameType.DATA, END_STREAM, 1, message("x")),
    );
    expect(client.peer.body(1)).toHaveLength(65_535);
    expect(client.peer.fieldsOf(1)).not.toContain("grpc-status: 0");
    client.say(
      frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(1e6)),
      settings([Setting.INITIAL_WINDOW_SIZE, 1e6]),
    );
    expect(client.peer.body(1)).toEqual(message(large));
    expect(client.peer.fieldsOf(1)).toContain("grpc-status: 0");
  });
});

describe("streams", () => {
  function streaming(): {
    client: ReturnType<typeof greetedClient>;
    stream: ServerStream;
    seen: string[];
  } {
    const client = greetedClient({
      limits: { streamHighWaterBytes: 1_000, streamWindowBytes: 1_000 },
    });
    const seen: string[] = [];
    let opened: ServerStream | null = null;
    client.server.stream("/t.S/Open", (stream) => {
      opened = stream;
      return {
        onMessage: (text) => seen.push(`message ${Buffer.from(text).toString()}`),
        onHalfClose: () => seen.push("half-close"),
        onCancel: () => seen.push("cancel"),
        onDrain: () => seen.push("drain"),
      };
    });
    client.say(client.peer.headers(1, END_HEADERS, requestFields("/t.S/Open")));
    return { client, stream: opened!, seen };
  }

  test("headers leave when the stream is accepted, before any message", () => {
    const { client } = streaming();
    expect(client.peer.of(FrameType.HEADERS, 1)).toHaveLength(1);
  });

  test("messages, half-close and end come in order; nothing comes after the end", () => {
    const { client, stream, seen } = streaming();
    client.say(
      frame(FrameType.DATA, 0, 1, message("a")),
      frame(FrameType.DATA, END_STREAM, 1, message("b")),
    );
    expect(seen).toEqual(["message a", "message b", "half-close"]);
    stream.end(Status.NOT_FOUND, "gone");
    expect(stream.send(Buffer.from("x"))).toBe(false);
    stream.end(Status.OK);
    client.say();
    expect(client.peer.fieldsOf(1)).toContain("grpc-status: 5");
    expect(client.peer.body(1)).toHaveLength(0);
    expect(seen).not.toContain("cancel");
  });

  test("send says false above the high-water mark, and onDrain follows", () => {
    const { client, stream, seen } = streaming();
    client.say(settings([Setting.INITIAL_WINDOW_SIZE, 0]));
    expect(stream.send(Buffer.alloc(900))).toBe(true);
    expect(stream.writable).toBe(true);
    expect(stream.send(Buffer.alloc(900))).toBe(false);
    expect(stream.writable).toBe(false);
    expect(seen).toEqual([]);
    client.say(frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(1_500)));
    expect(seen).toEqual(["drain"]);
    expect(stream.writable).toBe(true);
    client.say(frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(1_500)));
    expect(client.peer.body(1)).toHaveLength(1_810);
    expect(seen).toEqual(["drain"]);
  });

  test("a message in two pieces comes as one, and its first piece may be written over at once", () => {
    const { client, stream } = streaming();
    const first = Buffer.alloc(3);
    const rest = Buffer.from(" the same for all");
    const say = (text: string) => {
      first.write(text);
      stream.send(first, rest);
    };
    say("one");
    client.say(settings([Setting.INITIAL_WINDOW_SIZE, 30]));
    for (const text of ["two", "six"]) say(text);
    stream.send(Buffer.from("alone"), Buffer.alloc(0));
    client.say(frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(100)));
    const whole = ["one", "two", "six"].map((text) => message(`${text} the same for all`));
    expect(client.peer.body(1)).toEqual(Buffer.concat([...whole, message("alone")]));
  });

  test("an end waits behind what was sent", () => {
    const { client, stream } = streaming();
    client.say(settings([Setting.INITIAL_WINDOW_SIZE, 0]));
    stream.send(Buffer.from("last words"));
    stream.end(Status.OK);
    client.say();
    expect(client.peer.fieldsOf(1)).not.toContain("grpc-status: 0");
    client.say(frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(100)));
    expect(client.peer.body(1)).toEqual(message("last words"));
    expect(client.peer.fieldsOf(1)).toContain("grpc-status: 0");
  });

  test("pause withholds window, resume gives it back", () => {
    const { client, stream, seen } = streaming();
    stream.pause();
    client.say(frame(FrameType.DATA, 0, 1, message("x".repeat(900))));
    expect(seen).toHaveLength(1); // what the window allows still comes
    expect(client.peer.of(FrameType.WINDOW_UPDATE, 1)).toHaveLength(0);
    stream.resume();
    client.say();
    expect(client.peer.of(FrameType.WINDOW_UPDATE, 1)).toHaveLength(1);
  });

  test.each(["reset", "disconnect", "close"])("on %s the handler is told once", (how) => {
    const { client, stream, seen } = streaming();
    if (how === "reset") client.say(frame(FrameType.RST_STREAM, 0, 1, uint32(8)));
    if (how === "disconnect") client.peer.disconnect();
    if (how === "close") client.server.close();
    client.say();
    expect(seen).toEqual(["cancel"]);
    expect(stream.send(Buffer.from("x"))).toBe(false);
    stream.end(Status.OK);
    stream.resume();
  });

  test("a deadline ends the stream with DEADLINE_EXCEEDED", () => {
    const client = greetedClient();
    client.say(
      client.peer.headers(1, END_HEADERS, requestFields("/t.S/Chat", [["grpc-timeout", "1S"]])),
    );
    client.clock.advance(900);
    expect(client.peer.fieldsOf(1)).not.toContain("grpc-status: 4");
    client.clock.advance(110);
    expect(client.peer.fieldsOf(1)).toContain("grpc-status: 4");
    expect(client.peer.fieldsOf(1)).toContain("grpc-message: context deadline exceeded");
  });
});

test("paths must be paths", () => {
  const clock = new VirtualClock();
  const server = createRpcServer({ clock, atTurnEnd: clockTurn(clock) });
  expect(() => server.unary("Echo", () => {})).toThrow(TypeError);
});

test("drain resolves at once without connections", async () => {
  const clock = new VirtualClock();
  await createRpcServer({ clock, atTurnEnd: clockTurn(clock) }).drain();
});
