import { ConnectionFault, ErrorCode } from "./error-code.ts";
import {
  FRAME_BYTES_DEFAULT,
  FRAME_HEADER_BYTES,
  FrameType,
  WINDOW_BYTES_DEFAULT,
  WINDOW_BYTES_MAX,
  writeFrameHeader,
  writeUint32,
} from "./frame.ts";
import type { ConnectionLimits } from "./limits.ts";
import { MESSAGE_PREFIX_BYTES } from "./message-reader.ts";
import type { Output } from "./output.ts";
import type { Stream } from "./stream.ts";

const NOTHING = new Uint8Array(0);

/**
 * Decides which DATA may leave. A message goes straight into the output when both windows (RFC 9113 5.2) and the
 * socket have room; otherwise its bytes wait in its stream, and streams that wait take turns, a frame each.
 */
export class Outflow {
  /** Octets the peer lets us send on the connection. */
  window = WINDOW_BYTES_DEFAULT;
  initialStreamWindow = WINDOW_BYTES_DEFAULT;
  /** The peer's SETTINGS_MAX_FRAME_SIZE, as far as we use it. */
  frameBytesMax = FRAME_BYTES_DEFAULT;
  /** Octets waiting in streams. */
  queuedBytes = 0;
  /** Octets that have waited in streams and were written since, in all. */
  writtenLateBytes = 0;
  /** More waits than the limit allows: the connection is to be cut, once nobody is in the middle of a call. */
  overflowed = false;

  readonly #output: Output;
  readonly #limits: ConnectionLimits;
  /** Streams with something to send and window of their own, in order of turn. */
  readonly #senders: Stream[] = [];
  /** Streams that were told to stop. */
  #stopped: Stream[] = [];

  constructor(output: Output, limits: ConnectionLimits) {
    this.#output = output;
    this.#limits = limits;
  }

  get #congested(): boolean {
    return this.#output.bufferedBytes >= this.#limits.outputHighWaterBytes;
  }

  get hasSenders(): boolean {
    return this.#senders.length > 0 && this.window > 0;
  }

  /** Whether a message of this length would leave at once, in one frame. */
  fits(stream: Stream, length: number): boolean {
    const bytes = length + MESSAGE_PREFIX_BYTES;
    return (
      stream.queuedBytes === 0 &&
      bytes <= this.frameBytesMax &&
      bytes <= this.window &&
      bytes <= stream.sendWindow &&
      !this.#congested
    );
  }

  /** Sends one message, or queues it. @returns whether the stream may go on sending. */
  send(stream: Stream, message: Uint8Array, rest: Uint8Array = NOTHING): boolean {
    if (this.fits(stream, message.length + rest.length)) {
      this.writeMessageFrame(stream, message, rest);
    } else if (this.#overLimit()) {
      this.overflowed = true;
      return false;
    } else {
      this.#enqueue(stream, message, rest);
    }
    if (this.writable(stream)) return true;
    if (!stream.wantsDrain) {
      stream.wantsDrain = true;
      this.#stopped.push(stream);
    }
    return false;
  }

  writable(stream: Stream): boolean {
    return stream.queuedBytes <= this.#limits.streamHighWaterBytes && !this.#congested;
  }

  /** Writes a whole message as one DATA frame. Requires: it fits. */
  writeMessageFrame(stream: Stream, message: Uint8Array, rest: Uint8Array): void {
    const length = message.length + rest.length;
    const bytes = length + MESSAGE_PREFIX_BYTES;
    const output = this.#output;
    let at = output.reserve(FRAME_HEADER_BYTES + bytes);
    const out = output.bytes;
    at = writeFrameHeader(out, at, bytes, FrameType.DATA, 0, stream.id);
    out[at] = 0;
    at = writeUint32(out, at + 1, length);
    out.set(message, at);
    if (rest.length > 0) out.set(rest, at + message.length);
    this.window -= bytes;
    stream.sendWindow -= bytes;
  }

  #overLimit(): boolean {
    return this.queuedBytes + this.#output.bufferedBytes > this.#limits.outputBytesMax;
  }

  /** Counts answers that went into the output directly against the limit. */
  checkLimit(): void {
    if (this.#overLimit()) this.overflowed = true;
  }

  #enqueue(stream: Stream, message: Uint8Array, rest: Uint8Array): void {
    this.queuedBytes += stream.queueMessage(message, rest);
    this.#list(stream);
    this.pump();
  }

  /** Takes over a stream that queued messages before it had a connection. */
  adopt(stream: Stream): void {
    this.queuedBytes += stream.queuedBytes;
    if (stream.wantsDrain) this.#stopped.push(stream);
    this.#list(stream);
    this.pump();
  }

  #list(stream: Stream): void {
    if (stream.listedAsSender || stream.sendWindow <= 0 || stream.queuedBytes === 0) return;
    stream.listedAsSender = true;
    this.#senders.push(stream);
  }

  /** Moves queued bytes into the output as far as windows and the socket allow. */
  pump(): void {
    while (this.#senders.length > 0 && this.window > 0 && !this.#congested) {
      const stream = this.#senders.shift()!;
      if (!stream.listedAsSender) continue; // dropped since
      stream.listedAsSender = false;
      if (stream.sendWindow > 0) this.#writeQueuedFrame(stream);
      if (stream.queuedBytes > 0) this.#list(stream);
      else if (stream.endQueued) stream.writeEnd();
    }
  }

  /** One DATA frame from the front of the queue. Messages share frames as they come. */
  #writeQueuedFrame(stream: Stream): void {
    const room = Math.min(this.window, stream.sendWindow, this.frameBytesMax, stream.queuedBytes);
    const output = this.#output;
    let at = output.reserve(FRAME_HEADER_BYTES + room);
    const out = output.bytes;
    at = writeFrameHeader(out, at, room, FrameType.DATA, 0, stream.id);
    let left = room;
    while (left > 0) {
      const first = stream.queue[0]!;
      const taken = Math.min(left, first.length - stream.queueOffset);
      first.copy(out, at, stream.queueOffset, stream.queueOffset + taken);
      at += taken;
      left -= taken;
      stream.queueOffset += taken;
      if (stream.queueOffset < first.length) continue;
      stream.queue.shift();
      stream.queueOffset = 0;
    }
    stream.queuedBytes -= room;
    this.queuedBytes -= room;
    this.writtenLateBytes += room;
    this.window -= room;
    stream.sendWindow -= room;
  }

  /** Tells streams that stopped that there is room again. Not to be called from inside a call of theirs. */
  wakeStopped(): void {
    if (this.#stopped.length === 0 || this.#congested) return;
    const stopped = this.#stopped;
    this.#stopped = [];
    for (const stream of stopped) {
      if (!stream.wantsDrain) continue; // gone since
      if (this.#congested || stream.queuedBytes > this.#limits.streamHighWaterBytes / 2) {
        this.#stopped.push(stream);
        continue;
      }
      stream.wantsDrain = false;
      stream.onSendable();
    }
  }

  /** WINDOW_UPDATE for the connection. */
  widen(increment: number): void {
    if (this.window + increment > WINDOW_BYTES_MAX) {
      throw new ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "connection window above 2^31-1");
    }
    this.window += increment;
  }

  /** WINDOW_UPDATE for a stream. @returns false if its window went out of bounds. */
  widenStream(stream: Stream, increment: number): boolean {
    if (stream.sendWindow + increment > WINDOW_BYTES_MAX) return false;
    stream.sendWindow += increment;
    this.#list(stream);
    return true;
  }

  /** The stream is gone: forgets what it had to say. */
  drop(stream: Stream): void {
    this.queuedBytes -= stream.queuedBytes;
    stream.queue.length = 0;
    stream.queuedBytes = 0;
    stream.listedAsSender = false;
    stream.wantsDrain = false;
  }
}
