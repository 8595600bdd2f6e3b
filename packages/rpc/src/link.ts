import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { PeerAddress } from "./call.ts";

/** Who reads from a {@link ByteLink}. Never called from inside a call to the link. */
export interface LinkReceiver {
  /** `chunk` belongs to the receiver, for good. */
  onBytes(chunk: Buffer): void;
  /** Nothing written is held any more: every chunk may be reused. */
  onWritten(): void;
  /** The link is gone; the last call. `cause` is null after an orderly end. */
  onClosed(cause: Error | null): void;
}

/** A byte stream to a peer: a socket, or one end of an in-memory pair. */
export interface ByteLink {
  readonly peer: PeerAddress;
  /** Whether the other end proved to speak over TLS; decides `:scheme`. */
  readonly encrypted: boolean;
  start(receiver: LinkReceiver): void;
  /**
   * Takes the chunks in order. True: they are out of our hands already. False: they are read from until `onWritten`,
   * and no further write may come before.
   */
  write(chunks: readonly Buffer[]): boolean;
  /** Stops or goes on reading: what the peer sends meanwhile waits in the kernel. */
  pause(): void;
  resume(): void;
  /** Closes our direction once everything written is out. */
  end(): void;
  /** Ends both directions now. `onClosed` follows, later. */
  destroy(): void;
}

/** A TCP, TLS or unix socket. The socket must have an 'error' listener from its first moment on: this adds one. */
export class SocketLink implements ByteLink {
  readonly peer: PeerAddress;
  readonly encrypted: boolean;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", ignore); // 'close' always follows, and brings the error along with `errored`
    this.encrypted = "encrypted" in socket && socket.encrypted === true;
    this.peer = {
      remoteAddress: socket.remoteAddress ?? "",
      remotePort: socket.remotePort ?? 0,
      certificateName: this.encrypted ? verifiedCommonName(socket as TLSSocket) : null,
    };
  }

  start(receiver: LinkReceiver): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => receiver.onBytes(chunk));
    socket.on("close", () => receiver.onClosed(socket.errored));
    this.#onWritten = () => {
      if (socket.writableLength === 0) receiver.onWritten();
    };
    if (socket.destroyed) queueMicrotask(() => receiver.onClosed(socket.errored));
  }

  #onWritten: () => void = ignore;

  write(chunks: readonly Buffer[]): boolean {
    const socket = this.#socket;
    const last = chunks.length - 1;
    if (last > 0) socket.cork();
    for (let at = 0; at < last; at += 1) socket.write(chunks[at]!);
    socket.write(chunks[last]!, this.#onWritten);
    if (last > 0) socket.uncork();
    // Mostly the kernel takes everything inside write(), and node says so by counting nothing as waiting.
    return socket.writableLength === 0;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function ignore(): void {}

function verifiedCommonName(socket: TLSSocket): string | null {
  if (!socket.authorized) return null;
  const name: unknown = socket.getPeerCertificate()?.subject?.CN;
  return typeof name === "string" ? name : null;
}
