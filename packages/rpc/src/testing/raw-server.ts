import { seededPrng, VirtualClock } from "@conclave/base";
import { expect } from "vitest";
import type { CallOptions, CallStatus, ClientStream } from "../call.ts";
import { Channel, type ChannelOptions } from "../channel.ts";
import { Flag, FrameType } from "../frame.ts";
import { clockTurn } from "../turn.ts";
import { frame, message, type RawPeer, rawPeer, settings } from "./raw-peer.ts";

const { END_HEADERS, END_STREAM } = Flag;
export const HEAD = [
  [":status", "200"],
  ["content-type", "application/grpc"],
] as const;
export const OK = [["grpc-status", "0"]] as const;

export interface Ended {
  status: CallStatus | null;
  response: string | null;
}

/** A channel whose server is a raw peer; each connection it makes is a new one. */
export class RawServer {
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
