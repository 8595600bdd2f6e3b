import { VirtualClock } from "@conclave/base";
import { decodeMessage, type Message } from "@conclave/raft";
import {
  clockTurn,
  createRpcServer,
  memoryChannel,
  memoryDial,
  type RpcServer,
  type ServerStream,
  Status,
} from "@conclave/rpc";
import { expect, test } from "vitest";
import { createLogger } from "../observe/logger.ts";
import { openFrame } from "./peer-frame.ts";
import { PeerLink } from "./peer-link.ts";
import { PeerPath } from "./peer-protocol.ts";

const append = (bytes: number): Message => ({
  type: "append",
  from: 1n,
  to: 2n,
  term: 1,
  previousIndex: 0,
  previousTerm: 0,
  entries: [{ term: 1, index: 1, kind: "command", data: new Uint8Array(bytes) }],
  commit: 0,
});

/** A link to a peer that can be made to refuse, to vanish or not to read. */
function linkTo(limits: { readonly streamHighWaterBytes?: number } = {}) {
  const clock = new VirtualClock();
  const atTurnEnd = clockTurn(clock);
  const peer = { server: null as RpcServer | null, refusal: "", received: 0, isReading: true };
  const streams: ServerStream[] = [];
  const listen = (): void => {
    peer.server = createRpcServer({ clock, atTurnEnd });
    peer.server.stream(PeerPath.link, (stream) => {
      streams.push(stream);
      if (peer.refusal !== "") stream.end(Status.PERMISSION_DENIED, peer.refusal);
      if (!peer.isReading) stream.pause();
      return {
        onMessage: (bytes) => {
          decodeMessage(openFrame(bytes)!);
          peer.received += 1;
        },
        onHalfClose() {},
        onCancel() {},
        onDrain() {},
      };
    });
  };
  const logged: string[] = [];
  const unreachable: bigint[] = [];
  listen();
  const caller = memoryChannel(createRpcServer({ clock, atTurnEnd }), clock, {
    dial: memoryDial(() => peer.server, atTurnEnd),
    backoff: { initialMs: 50, maxMs: 500 },
    limits,
  });
  const link = new PeerLink({
    to: 2n,
    caller,
    identity: {},
    clock,
    logger: createLogger({
      level: "warn",
      format: "json",
      write: (line) => logged.push(line),
      now: () => new Date(0),
    }),
    onUnreachable: (id) => unreachable.push(id),
    onRemoved: () => logged.push("removed"),
  });
  return { clock, peer, listen, link, logged, unreachable, streams };
}

test("a link opens, and carries messages", () => {
  const { clock, link, peer } = linkTo();
  clock.advance(50);
  expect(link.isOpen).toBe(true);
  link.send(append(10));
  clock.advance(50);
  expect(peer.received).toBe(1);
});

test("a link that ended is opened again, and the core is told to probe", () => {
  const { clock, link, peer, listen, unreachable } = linkTo();
  clock.advance(50);
  peer.server?.close();
  peer.server = null;
  clock.advance(1_000);
  expect(link.isOpen).toBe(false);
  expect(unreachable).toContain(2n);
  listen();
  clock.advance(1_000);
  expect(link.isOpen).toBe(true);
});

test("a peer that goes on refusing is one line in the log, not one for each attempt", () => {
  const { clock, peer, logged } = linkTo();
  peer.refusal = "cluster ID mismatch";
  clock.advance(5_000);
  expect(logged.filter((line) => line.includes("cluster ID mismatch"))).toHaveLength(1);
});

test("messages to a peer that does not read are dropped beyond the stream's limit, and the core is told", () => {
  const { clock, link, peer, unreachable } = linkTo({ streamHighWaterBytes: 64 * 1024 });
  peer.isReading = false;
  clock.advance(50);
  for (let sent = 0; sent < 2_000; sent += 1) {
    link.send(append(10_000));
    clock.advance(1);
  }
  // 20 MB were offered; what is held is the peer's window, its connection's buffers and the limit.
  expect(unreachable.length).toBeGreaterThan(1_000);
});

test("while the link is down an append is dropped and reported, a heartbeat only dropped", () => {
  const { clock, link, peer, unreachable } = linkTo();
  peer.server = null;
  clock.advance(50);
  unreachable.length = 0;
  link.close();
  link.send(append(10));
  expect(unreachable).toEqual([2n]);
});
