import type { ErrorCode } from "./error-code.ts";
import { writeUint32 } from "./frame.ts";
import { MESSAGE_PREFIX_BYTES, MessageReader, type MessageSink } from "./message-reader.ts";
import type { StatusCode } from "./status.ts";

/** A message up to here is copied to its prefix when it has to wait: that costs less than two pieces. Octets. */
const COPIED_BYTES_MAX = 2 * 1024;

/** Why a stream is over before both sides said all they had to say. */
export type StreamLoss =
  /** RST_STREAM came. `code` need not be one we know. */
  | { readonly kind: "reset"; readonly code: number }
  /** The peer broke the protocol on this stream, and we reset it. */
  | { readonly kind: "fault"; readonly code: ErrorCode; readonly message: string }
  /** GOAWAY said that the peer never looked at it. */
  | { readonly kind: "unseen"; readonly message: string }
  /** The connection is gone. */
  | { readonly kind: "disconnected"; readonly message: string };

/**
 * One HTTP/2 stream, as the connection sees it: states, windows, and what waits to be sent. A call extends it.
 * Invariant: a stream is in its connection's map from its first HEADERS until both sides are closed or it is lost.
 */
export abstract class Stream implements MessageSink {
  /** 0 while it belongs to no connection. */
  id = 0;
  /** We sent END_STREAM or RST_STREAM. */
  localClosed = false;
  /** The peer sent END_STREAM or RST_STREAM. */
  remoteClosed = false;

  /** A message of an answer was sent. */
  isAnswered = false;
  /** Which of the connection's reads brought it: no answer was seen by a peer whose reset came with the same one. */
  openedAtRead = 0;
  /** When it began, as far as the connection looks at the clock. Monotonic ms. */
  openedAtMs = 0;
  /** DATA octets the peer lets us send; negative after it shrank its initial window (RFC 9113 6.9.2). */
  sendWindow = 0;
  /** DATA octets the peer may still send. */
  receiveWindow = 0;
  /** DATA octets read and not yet given back to the peer by WINDOW_UPDATE. */
  consumedBytes = 0;
  /** No window is given back while set. */
  paused = false;
  /** DATA octets that `content-length` still promises, -1 if there was none. */
  bodyBytesLeft = -1;
  readonly reader = new MessageReader();

  /** Length-prefixed messages waiting for window, oldest first, the first of them sent up to `queueOffset`. */
  readonly queue: Buffer[] = [];
  queueOffset = 0;
  queuedBytes = 0;
  /** END_STREAM (client) or trailers (server) follow the queue. */
  endQueued = false;
  /** In the connection's list of streams with something to send. */
  listedAsSender = false;
  /** `send` said false and `onDrain` was not yet called. */
  wantsDrain = false;

  /**
   * Puts a message, with its prefix, at the end of the queue. A long one is not copied: nobody may change it any more. Of one
   * in two pieces the first is copied in any case.
   * @returns the octets added
   */
  queueMessage(message: Uint8Array, rest?: Uint8Array): number {
    const restBytes = rest?.length ?? 0;
    const length = message.length + restBytes;
    const isCopied = restBytes > 0 || length < COPIED_BYTES_MAX;
    const head = Buffer.allocUnsafe(MESSAGE_PREFIX_BYTES + (isCopied ? message.length : 0));
    head[0] = 0;
    writeUint32(head, 1, length);
    this.queue.push(head);
    if (isCopied) head.set(message, MESSAGE_PREFIX_BYTES);
    else this.queue.push(asBuffer(message));
    if (restBytes > 0) this.queue.push(asBuffer(rest!));
    this.queuedBytes += MESSAGE_PREFIX_BYTES + length;
    return MESSAGE_PREFIX_BYTES + length;
  }

  /** Makes the record fit for a new life. */
  protected resetStream(): void {
    this.id = 0;
    this.localClosed = false;
    this.remoteClosed = false;
    this.isAnswered = false;
    this.consumedBytes = 0;
    this.paused = false;
    this.bodyBytesLeft = -1;
    this.queue.length = 0;
    this.queueOffset = 0;
    this.queuedBytes = 0;
    this.endQueued = false;
    this.listedAsSender = false;
    this.wantsDrain = false;
  }

  abstract onMessage(message: Buffer, owned: boolean): void;
  abstract onBadMessage(code: StatusCode, text: string): void;
  /** The peer will send no more. Not called after `onLost`. */
  abstract onRemoteEnd(): void;
  /** The queue is empty: write what `endQueued` stands for. */
  abstract writeEnd(): void;
  /** There is room again after `send` said false. */
  abstract onSendable(): void;
  /** The stream is out of the connection's map before its time; nothing else follows. */
  abstract onLost(loss: StreamLoss): void;
  /** The stream is out of the map, both sides being closed. The last call. */
  abstract onFinished(): void;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
