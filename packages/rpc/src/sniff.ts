import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import type { Clock, Timer } from "@conclave/base";
import { PREFACE } from "./frame.ts";
import { SERVER_LIMITS } from "./limits.ts";

/** Where sockets go once it is known what they speak. */
export interface ProtocolHandlers {
  /** The socket speaks HTTP/2; `firstBytes` were read from it already. Typically `server.acceptSocket`. */
  readonly onHttp2: (socket: Socket, firstBytes: Buffer) => void;
  /**
   * The socket speaks something else, HTTP/1 supposedly; what was read is back in it. Typically
   * `(socket) => httpServer.emit("connection", socket)`.
   */
  readonly onHttp1: (socket: Socket) => void;
}

export interface SniffOptions extends ProtocolHandlers {
  readonly clock: Clock;
  /** Time for the first bytes to come. Over: the socket is destroyed. ms. Default 10,000. */
  readonly handshakeTimeoutMs?: number;
}

export interface PortOptions extends SniffOptions {
  /** Serve TLS, with ALPN. Default: cleartext. */
  readonly tls?: TlsOptions;
  /** Sockets whose protocol is not known yet. Over: destroyed as they come. Count. Default 1,000. */
  readonly undecidedMax?: number;
}

/**
 * Reads as much from a socket as tells HTTP/2 with prior knowledge (RFC 9113 3.3) from HTTP/1. No HTTP/1 method begins
 * like the preface, so one octet that differs decides.
 */
export function sniff(socket: Socket, options: SniffOptions, onDecided?: () => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const timeoutMs = options.handshakeTimeoutMs ?? SERVER_LIMITS.handshakeTimeoutMs;
  const timer: Timer = options.clock.setTimer(timeoutMs, () => socket.destroy());
  const stop = (): void => {
    timer.cancel();
    socket.off("data", onData);
    socket.off("close", stop);
    onDecided?.();
  };
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, PREFACE.length);
    if (PREFACE.compare(seen, 0, length, 0, length) !== 0) {
      stop();
      socket.pause();
      socket.unshift(seen);
      options.onHttp1(socket);
      socket.resume();
    } else if (length === PREFACE.length) {
      stop();
      options.onHttp2(socket, seen);
    }
  };
  socket.on("data", onData);
  socket.on("close", stop);
}

/** A listener, not yet listening, for a port that serves HTTP/2 and HTTP/1 alike: told apart by ALPN, else by sniffing. */
export function createPort(options: PortOptions): Server {
  const undecidedMax = options.undecidedMax ?? 1_000;
  let undecided = 0;
  const decide = (socket: Socket): void => {
    if (undecided >= undecidedMax) {
      socket.destroy();
      return;
    }
    undecided += 1;
    sniff(socket, options, () => {
      undecided -= 1;
    });
  };
  if (options.tls === undefined) {
    return createServer({ noDelay: true }, (socket) => {
      socket.on("error", ignore);
      decide(socket);
    });
  }
  const handshakeTimeout = options.handshakeTimeoutMs ?? SERVER_LIMITS.handshakeTimeoutMs;
  const server = createTlsServer({
    minVersion: "TLSv1.2",
    handshakeTimeout,
    ...options.tls,
    ALPNProtocols: ["h2", "http/1.1"],
  });
  server.on("connection", (socket: Socket) => socket.on("error", ignore));
  server.on("tlsClientError", (_error: Error, socket: TLSSocket) => socket.destroy());
  server.on("secureConnection", (socket: TLSSocket) => {
    socket.on("error", ignore);
    socket.setNoDelay(true);
    if (socket.alpnProtocol === "h2") options.onHttp2(socket, Buffer.alloc(0));
    else if (socket.alpnProtocol === "http/1.1") options.onHttp1(socket);
    else decide(socket);
  });
  return server;
}

/** 'close' follows, and that is where it is dealt with. */
function ignore(): void {}
