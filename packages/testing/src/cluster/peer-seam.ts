import { messageTypeOf } from "@conclave/raft";
import {
  type Caller,
  type ClientStream,
  type RpcServer,
  type ServerStream,
  type ServerStreamHandler,
  Status,
} from "@conclave/rpc";
import { type PeerCaller, PeerHeader, PeerPath, parseId } from "@conclave/server/simulation";
import type { IncarnationClock } from "./clock.ts";
import type { Steps } from "./steps.ts";
import type { MessageTampering } from "./tampering.ts";

/** What each call of a member to another is called among the failpoints. */
const CALLS: Readonly<Record<string, string>> = {
  [PeerPath.introduce]: "introduce",
  [PeerPath.forward]: "forward",
  [PeerPath.leaseRenew]: "lease-renew",
  [PeerPath.leaseRemaining]: "lease-remaining",
  [PeerPath.snapshot]: "snapshot-frame",
};

export interface PeerSeamParts {
  readonly self: string;
  readonly clock: IncarnationClock;
  readonly steps: Steps;
  readonly tampering: MessageTampering;
  /** This member cannot do anything for so long. */
  readonly stall: (ms: number) => void;
  /** The connections with that member break. */
  readonly breakWith: (peer: string) => void;
  /** A message made this member's process end. @returns false if it must not: then it is thrown on */
  readonly onThrown: (error: unknown) => boolean;
  /** That member has said that it remembers the start of this one. */
  readonly onWelcome: (peer: string) => void;
}

/** Where a member's messages leave it and arrive: failpoints, and messages that are tampered with. */
export class PeerSeam {
  readonly #o: PeerSeamParts;

  constructor(parts: PeerSeamParts) {
    this.#o = parts;
  }

  /** What is called through it passes the points "send …". */
  outgoing(to: string, caller: PeerCaller): PeerCaller {
    const pass = (name: string): void => {
      this.#pass(`send ${name}`, to);
    };
    const nameOf = (path: string, bytes: Uint8Array): string =>
      CALLS[path] ?? messageTypeOf(bytes) ?? "unknown";
    const stream: Caller["stream"] = (path, options, handler) => {
      const opened = caller.stream(path, options, handler);
      return new PassingStream(opened, (bytes) => pass(nameOf(path, bytes)));
    };
    return {
      stream,
      unary: (path, request, options, callback) => {
        pass(nameOf(path, request));
        caller.unary(path, request, options, (status, answer) => {
          if (path === PeerPath.introduce && status.code === Status.OK) this.#o.onWelcome(to);
          callback(status, answer === null ? null : this.#maybeCorrupted(to, answer));
        });
      },
      close: () => caller.close(),
    };
  }

  /** What arrives at the server's methods passes the points "receive …", and whoever tampers with it. */
  incoming(server: RpcServer): void {
    for (const [path, method] of server.methods) {
      if (method.kind === "stream") {
        server.methods.set(path, {
          kind: "stream",
          opener: (stream) => this.#received(path, stream, method.opener(stream)),
        });
        continue;
      }
      server.methods.set(path, {
        kind: "unary",
        handler: (call, message) => {
          const from = nameOfPeer(call.metadata.get(PeerHeader.from));
          this.#pass(`receive ${CALLS[path] ?? path}`, from);
          method.handler(call, this.#maybeCorrupted(from, message));
        },
      });
    }
  }

  #received(path: string, stream: ServerStream, handler: ServerStreamHandler): ServerStreamHandler {
    const { self, clock, tampering } = this.#o;
    const from = nameOfPeer(stream.metadata.get(PeerHeader.from));
    const deliver = (message: Uint8Array): void => {
      this.#pass(`receive ${CALLS[path] ?? messageTypeOf(message) ?? "unknown"}`, from);
      if (!clock.isAlive) return;
      try {
        handler.onMessage(message, false);
      } catch (error) {
        if (!this.#o.onThrown(error)) throw error;
      }
    };
    return {
      onMessage: (message) => {
        if (path === PeerPath.link) tampering.onMessage(from, self, message, clock, deliver);
        else deliver(this.#maybeCorrupted(from, message));
      },
      onHalfClose: () => handler.onHalfClose(),
      onCancel: () => handler.onCancel(),
      onDrain: () => handler.onDrain(),
    };
  }

  #maybeCorrupted(from: string, message: Uint8Array): Uint8Array {
    const { self, tampering } = this.#o;
    return tampering.drawsCorruption(from, self) ? tampering.corrupted(message) : message;
  }

  #pass(point: string, peer: string): void {
    const { steps } = this.#o;
    const action = steps.reach(point);
    if (action === "delay") this.#o.stall(steps.drawDelayMs());
    if (action === "error") this.#o.breakWith(peer);
  }
}

function nameOfPeer(id: string | undefined): string {
  return `m${parseId(id) ?? 0n}`;
}

/** A stream that tells of each message before it is sent. */
class PassingStream implements ClientStream {
  readonly #stream: ClientStream;
  readonly #onSend: (bytes: Uint8Array) => void;

  constructor(stream: ClientStream, onSend: (bytes: Uint8Array) => void) {
    this.#stream = stream;
    this.#onSend = onSend;
  }

  get endpoint(): string | null {
    return this.#stream.endpoint;
  }

  get writable(): boolean {
    return this.#stream.writable;
  }

  send(message: Uint8Array): boolean {
    this.#onSend(message);
    return this.#stream.send(message);
  }

  halfClose(): void {
    this.#stream.halfClose();
  }

  cancel(): void {
    this.#stream.cancel();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }
}
