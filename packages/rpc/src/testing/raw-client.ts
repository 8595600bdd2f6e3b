import { VirtualClock } from "@conclave/base";
import type { ServerStream, ServerStreamHandler } from "../call.ts";
import { createRpcServer, type RpcServer, type RpcServerOptions } from "../server.ts";
import { Status } from "../status.ts";
import { clockTurn } from "../turn.ts";
import { type RawPeer, rawPeer } from "./raw-peer.ts";

export interface RawClient {
  readonly clock: VirtualClock;
  readonly server: RpcServer;
  readonly peer: RawPeer;
  /** Sends frames and lets both sides finish what they have to say. */
  say(...frames: readonly Uint8Array[]): void;
}

/**
 * A server with an echo (`/t.S/Echo`, unary), a call that is never answered (`/t.S/Never`, unary) and an echo of
 * messages until half-close (`/t.S/Chat`, stream); and a peer that may send it anything.
 */
export function rawClient(options: RpcServerOptions = {}): RawClient {
  const clock = new VirtualClock();
  const server = createRpcServer({ clock, atTurnEnd: clockTurn(clock), ...options })
    .unary("/t.S/Echo", (call, message) => call.reply(message))
    .unary("/t.S/Never", () => {})
    .stream("/t.S/Chat", chat);
  const { peer, link } = rawPeer(clock, { isServer: false });
  server.acceptLink(link);
  const say = (...frames: readonly Uint8Array[]): void => {
    if (frames.length > 0) peer.send(...frames);
    clock.advance(0);
  };
  return { clock, server, peer, say };
}

export function chat(stream: ServerStream): ServerStreamHandler {
  return {
    onMessage: (message) => {
      stream.send(message);
    },
    onHalfClose: () => stream.end(Status.OK),
    onCancel: () => {},
    onDrain: () => {},
  };
}

/** The same, past the preface and the SETTINGS of both sides. */
export function greetedClient(options: RpcServerOptions = {}): RawClient {
  const client = rawClient(options);
  client.peer.sendPreface();
  client.say();
  return client;
}
