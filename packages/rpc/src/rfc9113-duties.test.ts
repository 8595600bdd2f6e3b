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

describe("what must be tolerated", () => {
  const cases: readonly Case[] = [
    ["4.1: unknown frame types are ignored", (c) => c.say(frame(0xee, 0xff, 7, Buffer.alloc(10)))],
    [
      "4.1: undefined flags are ignored",
      (c) => {
        c.say(frame(FrameType.PING, 0xfe, 0, Buffer.alloc(8)));
        expect(c.peer.of(FrameType.PING)).toHaveLength(1);
      },
    ],
    [
      "5.1: PRIORITY on an idle stream",
      (c) => c.say(frame(FrameType.PRIORITY, 0, 9, Buffer.alloc(5))),
    ],
    [
      "5.1: WINDOW_UPDATE and RST_STREAM on a closed stream",
      (c) => {
        expectAlive(c, 1);
        c.say(
          frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(1)),
          frame(FrameType.RST_STREAM, 0, 1, uint32(8)),
        );
      },
    ],
    [
      "5.1: DATA on a stream that we reset",
      (c) => {
        c.say(c.peer.headers(1, END_HEADERS, requestFields(ECHO, [["X", "y"]])));
        c.say(frame(FrameType.DATA, END_STREAM, 1, message("late")));
        expect(c.peer.resets(1)).toHaveLength(1);
      },
    ],
    ["6.5.2: unknown settings are ignored", (c) => c.say(settings([0x99, 1]))],
    ["6.5.2: HEADER_TABLE_SIZE of 0", (c) => c.say(settings([Setting.HEADER_TABLE_SIZE, 0]))],
    [
      "6.10: a header block in many frames",
      (c) => {
        const block = c.peer.block(requestFields(ECHO));
        c.say(
          frame(FrameType.HEADERS, 0, 1, block.subarray(0, 10)),
          frame(FrameType.CONTINUATION, 0, 1, block.subarray(10, 11)),
          frame(FrameType.CONTINUATION, END_HEADERS, 1, block.subarray(11)),
          frame(FrameType.DATA, END_STREAM, 1, message("x")),
        );
        expect(c.peer.body(1)).toEqual(message("x"));
      },
    ],
    [
      "6.1, 6.2: padding and priority are taken off",
      (c) => {
        const block = c.peer.block(requestFields(ECHO));
        const padded = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 16]), block, Buffer.alloc(3)]);
        const body = Buffer.concat([Buffer.from([2]), message("x"), Buffer.alloc(2)]);
        c.say(
          frame(FrameType.HEADERS, END_HEADERS | PADDED | Flag.PRIORITY, 1, padded),
          frame(FrameType.DATA, END_STREAM | PADDED, 1, body),
        );
        expect(c.peer.body(1)).toEqual(message("x"));
      },
    ],
    [
      "8.1: trailers end a request",
      (c) => {
        open(c, 1);
        c.say(c.peer.headers(1, END_HEADERS | END_STREAM, [["x", "y"]]));
        expect(c.peer.fieldsOf(1)).toContain("grpc-status: 0");
      },
    ],
  ];
  test.each(cases)("%s", (_why, act) => {
    const client = greetedClient();
    act(client);
    expectAlive(client, 101);
  });

  test("4.1: frames may come an octet at a time", () => {
    const client = rawClient();
    const { peer } = client;
    const bytes = Buffer.concat([
      PREFACE,
      settings(),
      peer.headers(1, END_HEADERS, requestFields(ECHO)),
      frame(FrameType.DATA, END_STREAM, 1, message("slowly")),
    ]);
    for (const octet of bytes) client.say(Buffer.from([octet]));
    expect(peer.body(1)).toEqual(message("slowly"));
  });
});

describe("what we must do", () => {
  test("3.4: our first frame is SETTINGS, and theirs is acknowledged (6.5.3)", () => {
    const { peer } = greetedClient();
    expect(peer.frames[0]).toMatchObject({ type: FrameType.SETTINGS, flags: 0 });
    expect(peer.of(FrameType.SETTINGS).at(-1)!.flags).toBe(Flag.ACK);
  });

  test("6.7: PING is answered with the same payload, an answer is not answered", () => {
    const client = greetedClient();
    client.say(frame(FrameType.PING, 0, 0, Buffer.from("12345678")));
    client.say(frame(FrameType.PING, Flag.ACK, 0, Buffer.from("87654321")));
    const pings = client.peer.of(FrameType.PING);
    expect(pings.map(({ flags, payload }) => [flags, payload.toString()])).toEqual([
      [Flag.ACK, "12345678"],
    ]);
  });

  test("6.9.2: INITIAL_WINDOW_SIZE moves open streams, below zero, and DATA waits for it", () => {
    const client = greetedClient();
    const { peer } = client;
    open(client, 1);
    client.say(frame(FrameType.DATA, 0, 1, message("x".repeat(995))));
    expect(peer.body(1)).toHaveLength(1_000);
    client.say(settings([Setting.INITIAL_WINDOW_SIZE, 500])); // window is now 500 - 1000 = -500
    client.say(frame(FrameType.DATA, 0, 1, message("y".repeat(5))));
    expect(peer.body(1)).toHaveLength(1_000);
    client.say(frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(504)));
    expect(peer.body(1)).toHaveLength(1_004);
    client.say(settings([Setting.INITIAL_WINDOW_SIZE, 600]));
    expect(peer.body(1)).toHaveLength(1_010);
  });

  test("6.9.1: DATA stays within the connection's window, and streams take turns", () => {
    const client = greetedClient();
    const { peer } = client;
    open(client, 1);
    open(client, 3);
    for (const id of [1, 3]) {
      client.say(
        frame(FrameType.WINDOW_UPDATE, 0, id, uint32(1_000_000)),
        ...Array.from({ length: 3 }, () =>
          frame(FrameType.DATA, 0, id, message("z".repeat(16_000))),
        ),
      );
    }
    expect(peer.body(1).length + peer.body(3).length).toBe(65_535);
    client.say(frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(1_000_000)));
    expect(peer.body(1)).toHaveLength(3 * 16_005);
    expect(peer.body(3)).toHaveLength(3 * 16_005);
  });

  test("6.5.3: HEADER_TABLE_SIZE of the peer is kept, with the size update it is owed (RFC 7541 4.2)", () => {
    const client = greetedClient();
    const { peer } = client;
    expectAlive(client, 1);
    client.say(settings([Setting.HEADER_TABLE_SIZE, 0]));
    expectAlive(client, 3);
    const block = peer.of(FrameType.HEADERS, 3)[0]!.payload;
    expect([...block.subarray(0, 2)]).toEqual([0x20, 0x20]);
    expect(peer.fieldsOf(3)).toEqual([
      ":status: 200",
      "content-type: application/grpc",
      "grpc-status: 0",
    ]);
  });

  test("6.8: a drained connection serves what is open, refuses what is new, and closes", async () => {
    const client = greetedClient();
    const { peer, server } = client;
    open(client, 1);
    const drained = server.drain();
    client.say();
    expect(peer.goAway).toMatchObject({ code: ErrorCode.NO_ERROR, lastId: 2 ** 31 - 1 });
    open(client, 3); // was on its way
    const ping = peer.of(FrameType.PING)[0]!;
    client.say(frame(FrameType.PING, Flag.ACK, 0, ping.payload));
    expect(peer.goAway).toMatchObject({ code: ErrorCode.NO_ERROR, lastId: 3 });
    open(client, 5);
    expect(peer.resets(5)).toEqual([ErrorCode.REFUSED_STREAM]);
    for (const id of [1, 3]) client.say(frame(FrameType.DATA, END_STREAM, id, EMPTY));
    expect(peer.fieldsOf(1)).toContain("grpc-status: 0");
    expect(peer.fieldsOf(3)).toContain("grpc-status: 0");
    client.clock.advance(2_000);
    expect(peer.closed).toBe(true);
    await drained;
  });
});
